"""Reading what a council says of somebody."""

from typing import Any

import pytest

from bot.council.claims import Person, Roles, read_person
from bot.errors import CouncilRefused

ROLES = Roles("roles", "Desk.Staff", "Desk.Officer")
TOKEN: dict[str, Any] = {
    "iss": "https://login.microsoftonline.com/833ced3d-0000-4000-8000-29e2af035ddc/v2.0",
    "sub": "dx-4lf-0loB3c3uVrULnZ2VTLuRRWYff0q7-QlIfYU4",
    "given_name": "Kyle",
    "name": "Kyle Surname",
    "preferred_username": "kyle@council.example",
    "roles": ["Desk.Staff", "Another"],
}


def test_a_token_as_entra_writes_it_is_read() -> None:
    assert read_person(TOKEN, ROLES) == Person(TOKEN["iss"], TOKEN["sub"], "Kyle", "kyle@council.example", "staff", "")


@pytest.mark.parametrize(
    ("held", "role", "refusal"),
    [
        (["Desk.Officer"], "officer", ""),
        ("Desk.Officer", "officer", ""),
        ("Desk.Staff Desk.Officer", "", "no_role"),
        (["Desk.Staff", "Desk.Officer"], "", "both_roles"),
        (["Desk.Staff", "Desk.Staff"], "staff", ""),
        ([], "", "no_role"),
        (None, "", "no_role"),
        ([{"Desk.Staff": 1}, 7], "", "no_role"),
    ],
)
def test_a_role_is_one_of_two(held: object, role: str, refusal: str) -> None:
    person = read_person({**TOKEN, "roles": held}, ROLES)
    assert (person.role, person.refusal) == (role, refusal)


def test_a_role_that_the_operator_has_not_named_makes_nobody_anything() -> None:
    assert read_person({**TOKEN, "roles": ["", "Desk.Staff"]}, Roles("roles", "", "Desk.Officer")).refusal == "no_role"


def test_groups_that_were_left_out_are_not_taken_for_none() -> None:
    pointer = {name: value for name, value in TOKEN.items() if name != "roles"} | {"_claim_names": {"groups": "src1"}}
    assert read_person(pointer, Roles("groups", "id-of-staff", "")).refusal == "too_many_groups"
    assert read_person(pointer, ROLES).refusal == "no_role"
    assert read_person({**pointer, "groups": []}, Roles("groups", "id-of-staff", "")).refusal == "no_role"
    assert read_person({**pointer, "_claim_names": "groups"}, Roles("groups", "id-of-staff", "")).refusal == "no_role"


@pytest.mark.parametrize(
    "wrong", [{"sub": ""}, {"sub": None}, {"sub": 7}, {"sub": "x" * 256}, {"sub": "x\0y"}, {"sub": "жук"}, {"iss": ""}, {"iss": None}]
)
def test_a_token_that_names_nobody_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(CouncilRefused, match="unproven"):
        read_person({**TOKEN, **wrong}, ROLES)


def test_what_is_not_text_is_as_good_as_not_said() -> None:
    person = read_person({**TOKEN, "given_name": ["Kyle"], "preferred_username": None}, ROLES)
    assert (person.given_name, person.login, person.role) == ("", "", "staff")
