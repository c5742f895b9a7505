"""Accounts that a council's sign-in opens: which belongs to whom, made at a first sign-in, their role as the council has it now."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import delete, orm, select, update
from sqlalchemy.engine import Engine
from sqlalchemy.exc import IntegrityError

from bot.council.claims import Person
from bot.errors import AccountError, CouncilRefused
from bot.handover.accounts import new_session
from bot.handover.credentials import USERNAME, check_name
from bot.handover.models import SignIn, Staff, StaffIdentity, StaffSession
from bot.moments import utc_now

TRIES = 5
"""How often somebody's first sign-in is begun again where another process has just made the account, or taken its user name."""
LOGIN_LENGTH = 30
"""The most characters of a user name that come from the council's; a number may follow."""


class Identities:
    """The accounts in the database that belong to somebody whom the council knows; the clock can be another in tests and gives UTC."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime] = utc_now) -> None:
        self._engine = engine
        self._clock = clock

    def _transaction(self) -> Any:
        return orm.Session(self._engine, future=True)

    def sign_in(self, person: Person, otherwise: str) -> str:
        """Open a session; give its token, always a new one.

        The account is found by issuer and subject alone, and made where there is none. Visitors see the given name, or ``otherwise`` where
        the council gave none that can be shown; what an account is called stays. Its role becomes the person's. Raises CouncilRefused:
        ``person.refusal``, which also ends the sessions of their account, or ``disabled``.
        """
        for _ in range(TRIES - 1):
            try:
                return self._sign_in(person, otherwise)
            except IntegrityError:
                continue
        return self._sign_in(person, otherwise)

    def _sign_in(self, person: Person, otherwise: str) -> str:
        now = self._clock()
        with self._transaction() as transaction:
            row = self._find(transaction, person)
            if person.refusal:
                if row:
                    _end_sessions(transaction, row.id)
                return self._refuse(transaction, row, "no_role", person.refusal)
            if row is None:
                row = _make(transaction, person, otherwise, now)
            allowed = update(Staff).where(Staff.id == row.id, Staff.disabled_at.is_(None)).values(role=person.role)
            if not transaction.execute(allowed.execution_options(synchronize_session=False)).rowcount:
                return self._refuse(transaction, row, "disabled", "disabled")
            token, session = new_session(row.id, now)
            transaction.add(session)
            transaction.add(SignIn(at=now, username=row.username, outcome="council"))
            transaction.commit()
            return token

    def _find(self, transaction: Any, person: Person) -> Any:
        known = (StaffIdentity.issuer == person.issuer, StaffIdentity.subject == person.subject)
        return transaction.execute(select(Staff).join(StaffIdentity, StaffIdentity.staff_id == Staff.id).where(*known)).scalars().first()

    def _refuse(self, transaction: Any, row: Any, outcome: str, reason: str) -> str:
        transaction.add(SignIn(at=self._clock(), username=row.username if row else "", outcome=outcome))
        transaction.commit()
        raise CouncilRefused(reason)

    def is_linked(self, staff_id: int) -> bool:
        """Tell whether the council's sign-in opens an account."""
        with self._transaction() as transaction:
            found = transaction.execute(select(StaffIdentity.staff_id).where(StaffIdentity.staff_id == staff_id))
            return found.first() is not None

    def linked(self) -> frozenset[int]:
        """Give the ids of all accounts that the council's sign-in opens."""
        with self._transaction() as transaction:
            return frozenset(transaction.execute(select(StaffIdentity.staff_id)).scalars())

    def link(self, made: str, kept: str) -> None:
        """Let whoever got the account ``made`` at the council's sign-in have the account ``kept`` instead.

        ``made`` is disabled, since what it did keeps its name; ``kept`` can be opened with no password any more. The sessions of both end.
        Raises AccountError where there is no such account, or none that came from the council.
        """
        with self._transaction() as transaction:
            rows = {row.username: row for row in transaction.execute(select(Staff).where(Staff.username.in_((made, kept)))).scalars()}
            for username in (made, kept):
                if username not in rows:
                    raise AccountError(f"There is no account {username}: `python -m bot staff list` names those there are.")
            if made == kept:
                raise AccountError("Give two accounts: the one made at the council's sign-in, and the one to keep.")
            moved = update(StaffIdentity).where(StaffIdentity.staff_id == rows[made].id).values(staff_id=rows[kept].id)
            if not transaction.execute(moved.execution_options(synchronize_session=False)).rowcount:
                raise AccountError(f"{made} was not made at the council's sign-in: sign in there once, and give the account it makes.")
            for row in rows.values():
                _end_sessions(transaction, row.id)
            rows[kept].password_hash = ""
            rows[made].disabled_at = rows[made].disabled_at or self._clock()
            transaction.commit()


def _end_sessions(transaction: Any, staff_id: int) -> None:
    ended = delete(StaffSession).where(StaffSession.staff_id == staff_id)
    transaction.execute(ended.execution_options(synchronize_session=False))


def _make(transaction: Any, person: Person, otherwise: str, now: datetime) -> Any:
    """Make the account of somebody new. Raises IntegrityError where somebody else was quicker."""
    try:
        name = check_name(person.given_name)
    except AccountError:
        name = check_name(otherwise)
    taken = frozenset(transaction.execute(select(Staff.username)).scalars())
    row = Staff(username=free_username(person.login, taken), name=name, role=person.role, password_hash="", created_at=now)
    transaction.add(row)
    transaction.flush()
    transaction.add(StaffIdentity(issuer=person.issuer, subject=person.subject, staff_id=row.id))
    transaction.flush()
    return row


def free_username(login: str, taken: frozenset[str]) -> str:
    """Give a user name that nobody has, as like as can be to what stands before the @ of ``login``."""
    plain = re.sub(r"[^a-z0-9.]+", "-", login.partition("@")[0].lower()).strip(".-")[:LOGIN_LENGTH]
    base = plain if USERNAME.fullmatch(plain) else "council"
    numbered = (f"{base}-{number}" for number in range(2, len(taken) + 3))
    return base if base not in taken else next(name for name in numbered if name not in taken)
