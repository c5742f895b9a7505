"""Services that may be one and the same."""

from time import thread_time

import pytest

from bot.directory import duplicates
from bot.directory.duplicates import SHARED_BY_MANY, Duplicate, find_duplicates
from bot.directory.writer import Rows


def a_service(name: str, phone: str = "", address: str = "", postcode: str = "CB7 4EE") -> Rows:
    rows: Rows = {"services.csv": [{"name": name, **({"phone": phone} if phone else {})}]}
    return {**rows, "places.csv": [{"address_1": address, "postcode": postcode}]} if address else rows


THERE = {
    "foodbank": a_service("Ely Foodbank", "01353 123456", "1 Lynn Road"),
    "advice": a_service("Citizens Advice Rural Cambs", "01223 555123"),
    "samaritans": a_service("Samaritans", "116 123"),
}


@pytest.mark.parametrize(
    ("rows", "other", "reasons"),
    [
        (a_service("The Foodbank (Ely)", "+44 1353 123456"), "foodbank", ("phone",)),
        (a_service("Ely Foodbank centre", address="1 lynn road"), "foodbank", ("address",)),
        (a_service("Ely Foodbank"), "foodbank", ("name",)),
        (a_service("ely foodbank", "01353 123456", "1 Lynn Road"), "foodbank", ("address", "name", "phone")),
        (a_service("Rural Cambs Citizens Advice"), "advice", ("name",)),
    ],
)
def test_a_like_service_is_found_with_the_reasons(rows: Rows, other: str, reasons: tuple[str, ...]) -> None:
    [found] = find_duplicates({"new": rows}, THERE)
    assert (found.other, found.reasons) == (other, reasons)


@pytest.mark.parametrize(
    "rows",
    [
        a_service("March Kitchen", "01354 999888"),
        a_service("Council housing team", "01353 123456"),
        a_service("Ely Foodbank depot of March", address="1 Lynn Road", postcode="PE15 8AN"),
        a_service("Crisis line", "116 123"),
    ],
    ids=["another", "the same switchboard", "the same street elsewhere", "a short number"],
)
def test_another_service_is_not(rows: Rows) -> None:
    assert find_duplicates({"new": rows}, THERE) == []


def test_a_pair_of_new_services_is_told_once_and_none_with_itself() -> None:
    new = {"a": a_service("Oak Tree Kitchen", "01353 777888"), "b": a_service("Oak Tree Kitchen", "01353 777888")}
    assert find_duplicates(new, {**THERE, **new}) == [Duplicate("a", "Oak Tree Kitchen", "b", "Oak Tree Kitchen", ("name", "phone"))]


def test_of_very_many_only_names_of_the_same_words_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "COMPARED_AT_MOST", 0)
    assert [one.other for one in find_duplicates({"new": a_service("foodbank ELY")}, THERE)] == ["foodbank"]
    assert find_duplicates({"new": a_service("Ely Foodbanks")}, THERE) == []


@pytest.mark.parametrize(("sharing", "found"), [(SHARED_BY_MANY, ["foodbank"]), (SHARED_BY_MANY + 1, [])])
def test_a_number_that_very_many_have_tells_nothing(sharing: int, found: list[str]) -> None:
    there = {"foodbank": THERE["foodbank"], **{f"team{n}": a_service(f"Council team {n}", "01353 123456") for n in range(sharing - 1)}}
    assert [one.other for one in find_duplicates({"new": a_service("The Foodbank (Ely)", "01353 123456")}, there)] == found


def test_very_many_services_on_one_number_are_compared_in_seconds() -> None:
    many = {f"team{n}": a_service(f"Council team {n}", "01353 123456") for n in range(20_000)}
    started = thread_time()
    assert find_duplicates(many, many) == []
    assert thread_time() - started < 15


def test_very_many_services_of_one_name_are_compared_in_seconds() -> None:
    many = {f"library{n}": a_service("Library") for n in range(5_000)}
    started = thread_time()
    assert find_duplicates(many, many) == []
    assert thread_time() - started < 15
