"""What a council's sign-in says of somebody, read: who it is, and what they may be here."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.errors import CouncilRefused
from bot.handover.accounts import OFFICER, STAFF

SUBJECT_LENGTH = 255
"""The most characters of a subject, which are ASCII (OpenID Connect Core 1.0, 2)."""


@dataclass(frozen=True)
class Roles:
    """Which values of which claim make somebody staff or an officer; an empty value makes nobody one."""

    claim: str
    staff: str
    officer: str


@dataclass(frozen=True)
class Person:
    """Somebody whom the council has signed in.

    ``issuer`` and ``subject`` name them for good. ``given_name`` and ``login`` are what the council calls them, empty where it does not
    say. ``role`` is ``staff`` or ``officer``; it is empty where they may not be let in, and ``refusal`` then says why: ``no_role``,
    ``both_roles`` (visitors are told that officers read no chats) or ``too_many_groups``.
    """

    issuer: str
    subject: str
    given_name: str
    login: str
    role: str
    refusal: str


def read_person(claims: Mapping[str, Any], roles: Roles) -> Person:
    """Read the claims of an ID token that was verified. Raises CouncilRefused where they name nobody."""
    issuer, subject = _text(claims, "iss"), _text(claims, "sub")
    if not issuer or not 0 < len(subject) <= SUBJECT_LENGTH or not (subject.isascii() and subject.isprintable()):
        raise CouncilRefused("unproven")
    held = claims.get(roles.claim)
    values = {held} if isinstance(held, str) else {one for one in held if isinstance(one, str)} if isinstance(held, list) else set()
    found = [role for role, value in ((STAFF, roles.staff), (OFFICER, roles.officer)) if value and value in values]
    if len(found) == 1:
        role, refusal = found[0], ""
    else:
        role, refusal = "", "both_roles" if found else "too_many_groups" if _is_left_out(claims, roles.claim) else "no_role"
    return Person(issuer, subject, _text(claims, "given_name"), _text(claims, "preferred_username"), role, refusal)


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    return value if isinstance(value, str) else ""


def _is_left_out(claims: Mapping[str, Any], claim: str) -> bool:
    """Tell whether a token says that a claim was too long for it: Entra leaves out more than 200 groups and points elsewhere.

    See https://learn.microsoft.com/en-us/troubleshoot/entra/entra-id/app-integration/get-signed-in-users-groups-in-access-token and, for
    the pointer, OpenID Connect Core 1.0, 5.6.2.
    """
    elsewhere = claims.get("_claim_names")
    return claim not in claims and isinstance(elsewhere, dict) and claim in elsewhere
