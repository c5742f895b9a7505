"""The tables of conversations. Nothing in them names a person: texts are redacted before they come here."""

from sqlalchemy import JSON, Boolean, Column, DateTime, ForeignKey, Integer, String, Text, UniqueConstraint, false

from bot.database import Base


class Conversation(Base):  # type: ignore[misc,valid-type]
    """One chat. ``rasa_id`` is its name inside Rasa; ``last_seen_at`` is when anything was last done in it.

    ``writes_to_desk`` says that the next text is a message for the desk; ``blocked`` that its visitor was abusive to staff.
    """

    __tablename__ = "conversation"
    # An id is never given out twice: what arrives late for an erased conversation must not land in a new one.
    __table_args__ = {"sqlite_autoincrement": True}
    id = Column(Integer, primary_key=True)
    rasa_id = Column(String(36), nullable=False, unique=True)
    language = Column(String(16))
    pinned = Column(String(16))
    started_at = Column(DateTime(timezone=True), nullable=False)
    last_seen_at = Column(DateTime(timezone=True), nullable=False, index=True)
    writes_to_desk = Column(Boolean, nullable=False, default=False, server_default=false())
    blocked = Column(Boolean, nullable=False, default=False, server_default=false())


class Access(Base):  # type: ignore[misc,valid-type]
    """A device on which a conversation is open: the one it was started on, and those that typed its reference code.

    ``token_hash`` is SHA-256 of the token the device holds, ``ticket_hash`` of the ticket with which the token can be changed, once;
    ``left_at`` is when its visitor left for good, ``unused_token`` whether the token was changed and nobody has used the new one yet.
    A device that came ``by_code`` shows what is written on it and what the desk says, from its number ``after_desk`` on: no words of
    another device; and it has a conversation of its own with Rasa, ``rasa_id``, which remembers nothing of the other.
    """

    __tablename__ = "access"
    id = Column(Integer, primary_key=True)
    conversation_id = Column(Integer, ForeignKey("conversation.id", ondelete="CASCADE"), nullable=False, index=True)
    token_hash = Column(String(64), nullable=False, unique=True)
    ticket_hash = Column(String(64), unique=True)
    last_seen_at = Column(DateTime(timezone=True), nullable=False)
    left_at = Column(DateTime(timezone=True))
    unused_token = Column(Boolean, nullable=False, default=False)
    by_code = Column(Boolean, nullable=False, default=False)
    rasa_id = Column(String(36), unique=True)
    after_desk = Column(Integer, nullable=False, default=0)


class Message(Base):  # type: ignore[misc,valid-type]
    """One message of a visitor, accepted before anything else happens, and the answer once there is one.

    ``access_id`` is the device it came from; ``urgent`` the urgent need said in it; ``for_desk`` says that it is staff's to answer, not the
    bot's; ``translation`` is its English where a translator is switched on.
    """

    __tablename__ = "message"
    __table_args__ = (UniqueConstraint("conversation_id", "message_id"),)
    id = Column(Integer, primary_key=True)
    conversation_id = Column(Integer, ForeignKey("conversation.id", ondelete="CASCADE"), nullable=False, index=True)
    access_id = Column(Integer, ForeignKey("access.id", ondelete="SET NULL"), index=True)
    message_id = Column(String(64), nullable=False, index=True)
    text = Column(Text, nullable=False)
    answer = Column(JSON)
    urgent = Column(String(24))
    for_desk = Column(Boolean, nullable=False, default=False, server_default=false())
    translation = Column(Text)
    received_at = Column(DateTime(timezone=True), nullable=False)


class Feedback(Base):  # type: ignore[misc,valid-type]
    """What a visitor thought of an answer. It outlives the conversation's days without a link to it, and goes with one that is erased.

    ``about`` is the id of a service, ``language`` what the visitor wrote in; ``read_at`` and ``read_by`` say that an officer has read it.
    """

    __tablename__ = "feedback"
    id = Column(Integer, primary_key=True)
    conversation_id = Column(Integer, ForeignKey("conversation.id", ondelete="CASCADE"), index=True)
    helped = Column(Integer, nullable=False)
    about = Column(String(36))
    comment = Column(Text, nullable=False, default="")
    language = Column(String(16), nullable=False, default="", server_default="")
    given_at = Column(DateTime(timezone=True), nullable=False)
    read_at = Column(DateTime(timezone=True))
    read_by = Column(String(80), nullable=False, default="", server_default="")


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
