"""Accounts of staff: who may sign in at the desk, who is signed in, and who is there now."""

import hashlib
import hmac
import math
import secrets
import threading
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from limits import RateLimitItem, RateLimitItemPerMinute
from sqlalchemy import delete, func, or_, orm, select, update
from sqlalchemy.engine import Engine
from sqlalchemy.exc import IntegrityError

from bot.errors import AccountError, SignedOut, SignInRefused
from bot.handover.credentials import USERNAME, check_name, check_password, check_username
from bot.handover.models import SignIn, Staff, StaffSession
from bot.moments import seen, utc_now
from bot.sharing.limiter import Limiter
from bot.sharing.memory import NOTHING_SHARED

STAFF, OFFICER = "staff", "officer"
ROLES = (STAFF, OFFICER)
"""Library staff take chats; officers keep the directory and read none."""

SESSION_HOURS = 12
"""A session is over so many hours after its sign-in."""

IDLE_MINUTES = 60
"""A session is over so many minutes after its last request."""

PRESENT_FOR = 45
"""Who has said within so many seconds that the page is open is there."""

ACTIVE_MINUTES = 20
"""And only for so long after they last did anything in it: a page may stay open on a locked computer."""

AUDIT_DAYS = 90
"""How long a try to sign in is kept."""

WRONG_FOR_USERNAME = RateLimitItemPerMinute(5, 15)
WRONG_FROM_ADDRESS = RateLimitItemPerMinute(30, 15)
WRONG_ANYWHERE = RateLimitItemPerMinute(60, 15)
"""Wrong tries within fifteen minutes: for a username from one address, so that nobody locks a librarian out from elsewhere; from an
address, which a library shares; and for a username from everywhere."""
TELL_ONCE = RateLimitItemPerMinute(1)
"""How often a try that was not let through is written down, for each username and address: the record must not be filled from outside."""

_CSRF_LABEL = b"welcome-desk csrf"
_TOUCH = timedelta(minutes=1)


@dataclass(frozen=True)
class Member:
    """A member of staff. ``name`` is what visitors see, a first name or a role; ``role`` is ``staff`` or ``officer``."""

    id: int
    username: str
    name: str
    role: str


@dataclass(frozen=True)
class Account(Member):
    """A member's account as an officer sees it; ``disabled_at`` is None where it may be used."""

    created_at: datetime
    disabled_at: datetime | None


@dataclass(frozen=True)
class Session:
    """A signed-in browser. ``csrf`` goes into its forms; ``at_desk`` tells whether its owner takes chats.

    ``is_active`` tells whether anything was done in it within ACTIVE_MINUTES, without which its owner is not counted as there.
    """

    id: int
    member: Member
    csrf: str
    at_desk: bool
    is_active: bool = True


@dataclass(frozen=True)
class Try:
    """A try to sign in, or a sign-out: ``outcome`` is ok, wrong, throttled, disabled or signed_out, or with the council's sign-in
    council, no_role or disabled.

    ``username`` is empty where no account has what was typed.
    """

    at: datetime
    username: str
    outcome: str


def check_csrf(session: Session, given: str) -> bool:
    """Tell whether a form came from a page of this session."""
    return hmac.compare_digest(session.csrf.encode(), given.encode("utf-8", "surrogatepass"))


def new_session(staff_id: int, now: datetime) -> tuple[str, StaffSession]:
    """Make a session that is not in the database yet; give its token, which nobody had before, and the row, which holds only a digest."""
    token = secrets.token_urlsafe(32)
    row = StaffSession(staff_id=staff_id, token_hash=_digest(token), signed_in_at=now, last_seen_at=now, beat_at=now, at_desk=True)
    return token, row


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _secret(password: str) -> bytes:
    """Give a password as bytes: keyboards differ in how they compose a letter (NFC as RFC 8265, 4.2 has it)."""
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")


class _Throttle:
    """Counts wrong tries; they are forgotten with their window."""

    def __init__(self, limiter: Limiter, per_username: RateLimitItem, per_address: RateLimitItem) -> None:
        self._limiter = limiter
        self._per_username, self._per_address = per_username, per_address

    def _counts(self, typed: str, address: str) -> tuple[tuple[Any, str, str], ...]:
        # What was typed may be a password, and as long as somebody likes.
        name = _digest(typed)
        return (
            (self._per_username, "username", f"{name} {address}"),
            (self._per_address, "sign-in", address),
            (WRONG_ANYWHERE, "anywhere", name),
        )

    def wait(self, typed: str, address: str) -> int:
        """Give 0 where a try may be made, otherwise the seconds after which one certainly may."""
        waits = [0]
        for limit, *key in self._counts(typed, address):
            if not self._limiter.test(limit, *key):
                waits.append(max(1, math.ceil(self._limiter.wait(limit, *key)) + 1))
        return max(waits)

    def is_news(self, typed: str, address: str) -> bool:
        """Tell whether a try that was not let through is to be written down."""
        return self._limiter.hit(TELL_ONCE, "told", f"{_digest(typed)} {address}")

    def count(self, typed: str, address: str) -> None:
        for limit, *key in self._counts(typed, address):
            self._limiter.hit(limit, *key)


class Accounts:
    """Accounts and sessions in the database. Whatever is changed is one transaction; the clock and the hasher can be others in tests.

    The clock gives UTC. Wrong tries are counted by ``limiter``, whose clock is the machine's; without one, by this process alone.
    """

    def __init__(
        self,
        engine: Engine,
        clock: Callable[[], datetime] = utc_now,
        hasher: PasswordHasher | None = None,
        per_username: RateLimitItem = WRONG_FOR_USERNAME,
        per_address: RateLimitItem = WRONG_FROM_ADDRESS,
        limiter: Limiter | None = None,
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._hasher = hasher or PasswordHasher()
        self._dummy = self._hasher.hash(secrets.token_bytes(32))
        self._throttle = _Throttle(limiter or Limiter(NOTHING_SHARED, secrets.token_bytes(32)), per_username, per_address)
        self._turn = threading.Lock()

    def _transaction(self) -> Any:
        return orm.Session(self._engine, future=True)

    # ---- Accounts

    def add(self, username: str, name: str, role: str, password: str) -> Member:
        """Make an account. Raises AccountError saying what to do where something of it cannot be used, or ``username`` is taken."""
        check_username(username)
        name = check_name(name)
        if role not in ROLES:
            raise AccountError(f"Give a role: {' or '.join(ROLES)}.")
        check_password(username, password)
        row = Staff(username=username, name=name, role=role, password_hash=self._hasher.hash(_secret(password)), created_at=self._clock())
        with self._transaction() as transaction:
            transaction.add(row)
            try:
                transaction.flush()
            except IntegrityError as error:
                raise AccountError(f"There is an account {username} already: choose another user name.") from error
            member = _member(row)
            transaction.commit()
            return member

    def set_password(self, username: str, password: str) -> None:
        """Change the password of an account and end its sessions. Raises AccountError as ``add``, or where there is no such account."""
        check_password(username, password)
        self._change(username, ends_sessions=True, password_hash=self._hasher.hash(_secret(password)))

    def set_name(self, username: str, name: str) -> None:
        """Change the name that visitors see. Raises AccountError where it cannot be shown, or where there is no such account."""
        self._change(username, ends_sessions=False, name=check_name(name))

    def disable(self, username: str) -> None:
        """Close an account and end its sessions; what it did keeps its name. Raises AccountError where there is no such account."""
        self._change(username, ends_sessions=True, disabled_at=func.coalesce(Staff.disabled_at, self._clock()))

    def enable(self, username: str) -> None:
        """Open a closed account again, with its password. Raises AccountError where there is no such account."""
        self._change(username, ends_sessions=False, disabled_at=None)

    def _change(self, username: str, ends_sessions: bool, **values: Any) -> None:
        with self._transaction() as transaction:
            done = transaction.execute(_quietly(update(Staff).where(Staff.username == username).values(**values)))
            if not done.rowcount:
                raise AccountError(f"There is no account {username}: `python -m bot staff list` names those there are.")
            if ends_sessions:
                owner = select(Staff.id).where(Staff.username == username).scalar_subquery()
                transaction.execute(_quietly(delete(StaffSession).where(StaffSession.staff_id == owner)))
            transaction.commit()

    def members(self) -> list[Account]:
        """Give every account by user name, those that are closed too."""
        with self._transaction() as transaction:
            return [
                Account(row.id, row.username, row.name, row.role, seen(row.created_at), row.disabled_at and seen(row.disabled_at))
                for row in transaction.execute(select(Staff).order_by(Staff.username)).scalars()
            ]

    # ---- Sessions

    def sign_in(self, username: str, password: str, address: str) -> str:
        """Open a session; give its token, always a new one, of which the database holds only a digest.

        ``address`` is where the try comes from. Raises SignInRefused: an unknown user name, a wrong password and a closed account
        are told alike and take the same work.
        """
        typed = username.strip().lower()
        self._let_through(typed, address)
        # One at a time: guesses sent at once must not outrun the count, and each takes 64 MiB of memory.
        with self._turn:
            self._let_through(typed, address)
            row = self._find(typed)
            token = self._open(row, self._verify(row, password))
            if token is None:
                self._throttle.count(typed, address)
                raise SignInRefused(0)
        return token

    def _let_through(self, typed: str, address: str) -> None:
        """Raise SignInRefused where too many tries went wrong."""
        seconds = self._throttle.wait(typed, address)
        if seconds:
            if self._throttle.is_news(typed, address):
                self._note(self._find(typed), "throttled")
            raise SignInRefused(seconds)

    def _find(self, username: str) -> Any:
        if not USERNAME.fullmatch(username):
            return None
        with self._transaction() as transaction:
            return transaction.execute(select(Staff).where(Staff.username == username)).scalars().first()

    def _verify(self, row: Any, password: str) -> str | None:
        """Give the hash that is to be kept where ``password`` is right, None where it is wrong or there is no account."""
        secret = _secret(password)
        try:
            self._hasher.verify(row.password_hash if row and row.password_hash else self._dummy, secret)
        except VerifyMismatchError:
            return None
        if row is None or not row.password_hash:
            return None
        return self._hasher.hash(secret) if self._hasher.check_needs_rehash(row.password_hash) else str(row.password_hash)

    def _open(self, row: Any, fresh: str | None) -> str | None:
        """Write down the try and open a session where the password was right and nothing has changed since it was verified."""
        now, token, outcome = self._clock(), None, "wrong"
        with self._transaction() as transaction:
            unchanged = row and (Staff.id == row.id, Staff.password_hash == row.password_hash, Staff.disabled_at.is_(None))
            if fresh and transaction.execute(_quietly(update(Staff).where(*unchanged).values(password_hash=fresh))).rowcount:
                outcome = "ok"
                token, session = new_session(row.id, now)
                transaction.add(session)
            elif row and transaction.execute(select(Staff.disabled_at).where(Staff.id == row.id)).scalar():
                outcome = "disabled"
            transaction.add(SignIn(at=now, username=row.username if row else "", outcome=outcome))
            transaction.commit()
        return token

    def _note(self, row: Any, outcome: str) -> None:
        with self._transaction() as transaction:
            transaction.add(SignIn(at=self._clock(), username=row.username if row else "", outcome=outcome))
            transaction.commit()

    def who(self, token: str, touch: bool = True) -> Session:
        """Give the session of ``token`` and note that it is used, once a minute at most (unless not ``touch``). Raises SignedOut."""
        now = self._clock()
        with self._transaction() as transaction:
            found = transaction.execute(
                select(StaffSession, Staff)
                .join(Staff, Staff.id == StaffSession.staff_id)
                .where(StaffSession.token_hash == _digest(token), *_going_on(now))
            ).first()
        if found is None:
            raise SignedOut()
        row, owner = found
        if touch and seen(row.last_seen_at) <= now - _TOUCH and not self._update(row.id, last_seen_at=now):
            raise SignedOut()
        is_active = touch or seen(row.last_seen_at) > now - timedelta(minutes=ACTIVE_MINUTES)
        return Session(row.id, _member(owner), _csrf(token), row.at_desk, is_active)

    def beat(self, session_id: int) -> None:
        """Note that the page of a session is open. A session that is over stays so."""
        self._update(session_id, beat_at=self._clock())

    def set_at_desk(self, session_id: int, at_desk: bool) -> None:
        """Note whether the owner of a session takes chats. A session that is over stays so."""
        self._update(session_id, at_desk=at_desk)

    def _update(self, session_id: int, **values: Any) -> bool:
        """Change a session that goes on; give whether it does."""
        with self._transaction() as transaction:
            change = update(StaffSession).where(StaffSession.id == session_id, *_going_on(self._clock())).values(**values)
            done = transaction.execute(_quietly(change))
            transaction.commit()
            return bool(done.rowcount)

    def sign_out(self, token: str) -> None:
        """End the session of ``token``; where there is none, nothing happens."""
        with self._transaction() as transaction:
            owned = select(Staff).join(StaffSession, Staff.id == StaffSession.staff_id).where(StaffSession.token_hash == _digest(token))
            owner = transaction.execute(owned).scalars().first()
        with self._transaction() as transaction:
            done = transaction.execute(_quietly(delete(StaffSession).where(StaffSession.token_hash == _digest(token))))
            if done.rowcount and owner:
                transaction.add(SignIn(at=self._clock(), username=owner.username, outcome="signed_out"))
            transaction.commit()

    # ---- Who is there

    def present(self, within_seconds: float = PRESENT_FOR) -> list[Member]:
        """Give each member once, by name, who takes chats in a session whose page was open within ``within_seconds``."""
        with self._transaction() as transaction:
            there = self._there(self._clock() - timedelta(seconds=within_seconds))
            rows = transaction.execute(select(Staff).where(Staff.id.in_(there)).order_by(Staff.name, Staff.id)).scalars()
            return [_member(row) for row in rows]

    def _there(self, since: datetime) -> Any:
        going_on = _going_on(self._clock())
        active = StaffSession.last_seen_at > self._clock() - timedelta(minutes=ACTIVE_MINUTES)
        sessions = select(StaffSession.staff_id).join(Staff, Staff.id == StaffSession.staff_id).where(active, *going_on)
        return sessions.where(Staff.role == STAFF, StaffSession.at_desk.is_(True), StaffSession.beat_at >= since)

    def last_here(self, staff_id: int) -> datetime | None:
        """Give when a member was last there, with an open page and not idle for too long, in a session that goes on; None where never."""
        with self._transaction() as transaction:
            asked = select(StaffSession.beat_at, StaffSession.last_seen_at).where(
                StaffSession.staff_id == staff_id, *_going_on(self._clock())
            )
            rows = transaction.execute(asked).all()
        idle_from = timedelta(minutes=ACTIVE_MINUTES)
        return max((min(seen(beat), seen(used) + idle_from) for beat, used in rows), default=None)

    # ---- The record

    def audit(self, limit: int) -> list[Try]:
        """Give the last ``limit`` tries to sign in and sign-outs, newest first."""
        with self._transaction() as transaction:
            rows = transaction.execute(select(SignIn).order_by(SignIn.at.desc(), SignIn.id.desc()).limit(limit)).scalars()
            return [Try(seen(row.at), row.username, row.outcome) for row in rows]

    def tidy(self) -> None:
        """Delete sessions that are over and what was recorded of sign-ins more than ``AUDIT_DAYS`` days ago."""
        now = self._clock()
        signed_in, used = _limits(now)
        over = or_(StaffSession.signed_in_at <= signed_in, StaffSession.last_seen_at <= used)
        with self._transaction() as transaction:
            transaction.execute(_quietly(delete(StaffSession).where(over)))
            transaction.execute(_quietly(delete(SignIn).where(SignIn.at < now - timedelta(days=AUDIT_DAYS))))
            transaction.commit()


def _quietly(statement: Any) -> Any:
    """No object in memory has to follow what ``statement`` changes: every transaction reads its own."""
    return statement.execution_options(synchronize_session=False)


def _limits(now: datetime) -> tuple[datetime, datetime]:
    """Give the moments at which a session that is over just now was signed in, or last used."""
    return now - timedelta(hours=SESSION_HOURS), now - timedelta(minutes=IDLE_MINUTES)


def _going_on(now: datetime) -> tuple[Any, ...]:
    """Give the conditions under which a session is not over."""
    signed_in, used = _limits(now)
    enabled = select(Staff.id).where(Staff.disabled_at.is_(None))
    return StaffSession.signed_in_at > signed_in, StaffSession.last_seen_at > used, StaffSession.staff_id.in_(enabled)


def _csrf(token: str) -> str:
    return hmac.new(token.encode(), _CSRF_LABEL, hashlib.sha256).hexdigest()[:32]


def _member(row: Any) -> Member:
    return Member(row.id, row.username, row.name, row.role)
