"""Words that officers have changed: on top of the catalogues in ``data/locales``, kept in the database."""

from sqlalchemy import Column, Date, DateTime, Integer, String, Text

from bot.database import Base


class Wording(Base):  # type: ignore[misc,valid-type]
    """One version of one text. Rows are only added: the last one that is in force is what people read.

    ``domain`` is a catalogue (messages, phrases, guidance), ``key`` its msgid, ``english`` the English it was made from, so that one
    that no longer fits is seen. ``review`` is machine-drafted, unreviewed or reviewed; with ``reviewed_by`` and ``reviewed_on`` for a
    native speaker.
    ``state`` is waiting (for a second officer), in_force, refused or taken_back.
    """

    __tablename__ = "wording"
    __table_args__ = {"sqlite_autoincrement": True}
    id = Column(Integer, primary_key=True)
    domain = Column(String(16), nullable=False)
    language = Column(String(16), nullable=False)
    key = Column(String(120), nullable=False, index=True)
    english = Column(Text, nullable=False)
    text = Column(Text, nullable=False)
    review = Column(String(16), nullable=False)
    reviewed_by = Column(Text, nullable=False, default="")
    reviewed_on = Column(Date)
    state = Column(String(16), nullable=False, index=True)
    by = Column(String(80), nullable=False)
    staff_id = Column(Integer)
    at = Column(DateTime(timezone=True), nullable=False)
    why = Column(Text, nullable=False, default="")
    decided_by = Column(String(80), nullable=False, default="")
    decided_at = Column(DateTime(timezone=True))
    reason = Column(Text, nullable=False, default="")
