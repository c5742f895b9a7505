"""The tables of the desk: who works there, who has which chat, what was said and done.

Whatever belongs to a chat goes with its conversation, at the end of the retention period or when the visitor erases it; accounts, the
record of sign-ins, of escalations and of records reported wrong have lives of their own. Visitors' words and staff's notes are redacted
before they come here.
"""

from sqlalchemy import JSON, Boolean, Column, DateTime, ForeignKey, Integer, LargeBinary, String, Text, UniqueConstraint, false

from bot.database import Base


class Staff(Base):  # type: ignore[misc,valid-type]
    """An account. ``name`` is what visitors see: a first name or a role. ``role`` is ``staff`` or ``officer``.

    ``password_hash`` is Argon2's, or empty where no password opens the account; an account that is disabled stays, so that what it did
    still has a name.
    """

    __tablename__ = "staff"
    id = Column(Integer, primary_key=True)
    username = Column(String(40), nullable=False, unique=True)
    name = Column(String(40), nullable=False)
    role = Column(String(10), nullable=False)
    password_hash = Column(Text, nullable=False)
    created_at = Column(DateTime(timezone=True), nullable=False)
    disabled_at = Column(DateTime(timezone=True))


class StaffIdentity(Base):  # type: ignore[misc,valid-type]
    """Whom a council's sign-in knows by ``subject`` has this account: nothing else that it says of somebody stays the same for good.

    OpenID Connect Core 1.0, 5.7: of all claims, only issuer and subject together name a person. A subject has at most 255 characters.
    """

    __tablename__ = "staff_identity"
    issuer = Column(String(255), primary_key=True)
    subject = Column(String(255), primary_key=True)
    staff_id = Column(Integer, ForeignKey("staff.id", ondelete="CASCADE"), nullable=False, index=True)


class StaffSession(Base):  # type: ignore[misc,valid-type]
    """A signed-in browser. ``beat_at`` is when its page last said that it is open, ``at_desk`` whether its owner takes chats."""

    __tablename__ = "staff_session"
    id = Column(Integer, primary_key=True)
    staff_id = Column(Integer, ForeignKey("staff.id", ondelete="CASCADE"), nullable=False, index=True)
    token_hash = Column(String(64), nullable=False, unique=True)
    signed_in_at = Column(DateTime(timezone=True), nullable=False)
    last_seen_at = Column(DateTime(timezone=True), nullable=False)
    beat_at = Column(DateTime(timezone=True), nullable=False, index=True)
    at_desk = Column(Boolean, nullable=False, default=True)


class SignIn(Base):  # type: ignore[misc,valid-type]
    """One try to sign in, or a sign-out. What was typed as a user name is kept only where an account has it: it may be a password."""

    __tablename__ = "sign_in"
    id = Column(Integer, primary_key=True)
    at = Column(DateTime(timezone=True), nullable=False, index=True)
    username = Column(String(40), nullable=False, default="")
    outcome = Column(String(20), nullable=False)


class Handover(Base):  # type: ignore[misc,valid-type]
    """A chat that was passed to the desk; ``bot.handover.desk`` names its states and who may change them.

    ``reference`` is the code that finds it again, ``reason`` why it was passed on, ``staff_id`` who has it; ``urgent`` is the last urgent
    need said in it and ``urgent_at`` when; ``topic`` is what it was about, ``outcome`` how staff ended it, ``seen`` the number of the last
    desk message that reached the visitor. A ``practice`` chat has a made-up visitor and is never counted; ``scenario`` names its script.
    """

    __tablename__ = "handover"
    # A chat's number is never given out twice: an old page of staff's must not lead into another chat.
    __table_args__ = {"sqlite_autoincrement": True}
    id = Column(Integer, primary_key=True)
    conversation_id = Column(Integer, ForeignKey("conversation.id", ondelete="CASCADE"), nullable=False, unique=True)
    state = Column(String(16), nullable=False, index=True)
    reference = Column(String(16), nullable=False, unique=True)
    reason = Column(String(24), nullable=False)
    urgent = Column(String(24))
    urgent_at = Column(DateTime(timezone=True))
    topic = Column(String(24))
    staff_id = Column(Integer, ForeignKey("staff.id"))
    asked_at = Column(DateTime(timezone=True), nullable=False)
    claimed_at = Column(DateTime(timezone=True))
    outcome = Column(String(24))
    seen = Column(Integer, nullable=False, default=0)
    practice = Column(Boolean, nullable=False, default=False, server_default=false())
    scenario = Column(String(40), nullable=False, default="", server_default="")


class Transition(Base):  # type: ignore[misc,valid-type]
    """A change of state: when, from what to what, by whom (``visitor``, ``staff`` with ``staff_id``, or ``system``), and why."""

    __tablename__ = "handover_transition"
    id = Column(Integer, primary_key=True)
    handover_id = Column(Integer, ForeignKey("handover.id", ondelete="CASCADE"), nullable=False, index=True)
    at = Column(DateTime(timezone=True), nullable=False)
    from_state = Column(String(16), nullable=False)
    to_state = Column(String(16), nullable=False)
    actor = Column(String(10), nullable=False)
    staff_id = Column(Integer, ForeignKey("staff.id"))
    reason = Column(String(40), nullable=False)


class DeskMessage(Base):  # type: ignore[misc,valid-type]
    """What the desk said to a visitor. ``number`` counts from 1 within a conversation, without gaps.

    ``kind`` is ``text``, ``phrase``, ``service``, or ``joined``, ``returned``, ``closed`` and the like; ``message_id`` is the sender's, so
    that the same one sent twice is kept once. ``body`` has what the kind needs (the text, the key of the phrase and what is put into it,
    the service's id), ``translation`` the text in the visitor's language where a translator is switched on.
    """

    __tablename__ = "desk_message"
    __table_args__ = (UniqueConstraint("conversation_id", "number"), UniqueConstraint("conversation_id", "message_id"))
    id = Column(Integer, primary_key=True)
    conversation_id = Column(Integer, ForeignKey("conversation.id", ondelete="CASCADE"), nullable=False)
    number = Column(Integer, nullable=False)
    message_id = Column(String(64), nullable=False)
    kind = Column(String(16), nullable=False)
    body = Column(JSON, nullable=False)
    translation = Column(Text)
    staff_id = Column(Integer, ForeignKey("staff.id"))
    sent_at = Column(DateTime(timezone=True), nullable=False)


class Note(Base):  # type: ignore[misc,valid-type]
    """What one member of staff tells the next of a chat; no visitor sees it."""

    __tablename__ = "handover_note"
    id = Column(Integer, primary_key=True)
    handover_id = Column(Integer, ForeignKey("handover.id", ondelete="CASCADE"), nullable=False, index=True)
    staff_id = Column(Integer, ForeignKey("staff.id"), nullable=False)
    text = Column(Text, nullable=False)
    written_at = Column(DateTime(timezone=True), nullable=False)


class Callback(Base):  # type: ignore[misc,valid-type]
    """A telephone number or e-mail that a visitor left to be called back: encrypted, and deleted when the chat is closed."""

    __tablename__ = "callback"
    handover_id = Column(Integer, ForeignKey("handover.id", ondelete="CASCADE"), primary_key=True)
    contact = Column(LargeBinary, nullable=False)
    left_at = Column(DateTime(timezone=True), nullable=False)


class Escalation(Base):  # type: ignore[misc,valid-type]
    """The record that a safeguarding concern was passed to the named contact. It outlives the chat and holds neither its words nor code."""

    __tablename__ = "escalation"
    id = Column(Integer, primary_key=True)
    at = Column(DateTime(timezone=True), nullable=False)
    staff_id = Column(Integer, ForeignKey("staff.id"), nullable=False)
    concern = Column(String(24), nullable=False)
    contact = Column(Text, nullable=False)
    done = Column(Text, nullable=False)


class WrongRecord(Base):  # type: ignore[misc,valid-type]
    """ "This is wrong": what staff found wrong, for the officers. ``about`` is a service's id or a statement's key."""

    __tablename__ = "wrong_record"
    id = Column(Integer, primary_key=True)
    kind = Column(String(10), nullable=False)
    about = Column(String(80), nullable=False, index=True)
    note = Column(Text, nullable=False, default="")
    staff_id = Column(Integer, ForeignKey("staff.id"), nullable=False)
    at = Column(DateTime(timezone=True), nullable=False)
    settled_at = Column(DateTime(timezone=True))
