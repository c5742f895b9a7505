"""The tables of conversations. Nothing in them names a person: texts are redacted before they come here."""

from sqlalchemy import JSON, Boolean, Column, DateTime, ForeignKey, Integer, String, Text, UniqueConstraint, false

from bot.database import Base


class Conversation(Base):  # type: ignore[misc,valid-type]
    """One chat. ``token_hash`` is SHA-256 of the token the visitor holds; ``rasa_id`` is its name inside Rasa.

    ``ticket_hash`` is SHA-256 of the ticket with which the token can be changed, once; ``left_at`` is when the visitor left for good,
    ``unused_token`` whether the token was changed and nobody has used the new one yet.
    """

    __tablename__ = "conversation"
    # An id is never given out twice: what arrives late for an erased conversation must not land in a new one.
    __table_args__ = {"sqlite_autoincrement": True}
    id = Column(Integer, primary_key=True)
    token_hash = Column(String(64), nullable=False, unique=True)
    ticket_hash = Column(String(64), unique=True, index=True)
    rasa_id = Column(String(36), nullable=False, unique=True)
    language = Column(String(16))
    pinned = Column(String(16))
    started_at = Column(DateTime(timezone=True), nullable=False)
    last_seen_at = Column(DateTime(timezone=True), nullable=False, index=True)
    left_at = Column(DateTime(timezone=True))
    unused_token = Column(Boolean, nullable=False, default=False, server_default=false())


class Message(Base):  # type: ignore[misc,valid-type]
    """One message of a visitor, accepted before anything else happens, and the answer once there is one."""

    __tablename__ = "message"
    __table_args__ = (UniqueConstraint("conversation_id", "message_id"),)
    id = Column(Integer, primary_key=True)
    conversation_id = Column(Integer, ForeignKey("conversation.id", ondelete="CASCADE"), nullable=False, index=True)
    message_id = Column(String(64), nullable=False, index=True)
    text = Column(Text, nullable=False)
    answer = Column(JSON)
    received_at = Column(DateTime(timezone=True), nullable=False)


class Feedback(Base):  # type: ignore[misc,valid-type]
    """What a visitor thought of an answer, kept without a link to the conversation beyond its life."""

    __tablename__ = "feedback"
    id = Column(Integer, primary_key=True)
    conversation_id = Column(Integer, ForeignKey("conversation.id", ondelete="CASCADE"), nullable=False, index=True)
    helped = Column(Integer, nullable=False)
    about = Column(String(36))
    comment = Column(Text, nullable=False, default="")
    given_at = Column(DateTime(timezone=True), nullable=False)


class PendingErasure(Base):  # type: ignore[misc,valid-type]
    """A conversation erased here that Rasa still has to erase, because it was away."""

    __tablename__ = "pending_erasure"
    rasa_id = Column(String(36), primary_key=True)
    asked_at = Column(DateTime(timezone=True), nullable=False)


class SpentMessage(Base):  # type: ignore[misc,valid-type]
    """SHA-256 of the id of a message erased or left: a browser that sends its form once more must not bring the message back."""

    __tablename__ = "spent_message"
    message_hash = Column(String(64), primary_key=True)
    erased_at = Column(DateTime(timezone=True), nullable=False, index=True)
