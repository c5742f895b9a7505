"""Who changed what in the directory, when and why: every change as the record before and after.

Changes of guidance wait here for a second officer.
"""

from sqlalchemy import JSON, Column, DateTime, Integer, String, Text

from bot.database import Base


class Revision(Base):  # type: ignore[misc,valid-type]
    """One change of one record.

    ``kind`` and ``key`` name the record; ``before`` and ``after`` are its rows as the sheets have them, null where there was or is none.
    ``action`` says how it came about, ``approved_by`` who the second officer was, ``batch`` binds the changes of one import together.
    Names are kept as they were: an account may be gone by then.
    """

    __tablename__ = "revision"
    __table_args__ = {"sqlite_autoincrement": True}
    id = Column(Integer, primary_key=True)
    kind = Column(String(16), nullable=False)
    key = Column(String(80), nullable=False, index=True)
    action = Column(String(16), nullable=False)
    before = Column(JSON(none_as_null=True))
    after = Column(JSON(none_as_null=True))
    by = Column(String(80), nullable=False)
    approved_by = Column(String(80), nullable=False, default="")
    at = Column(DateTime(timezone=True), nullable=False, index=True)
    why = Column(Text, nullable=False, default="")
    batch = Column(String(36), nullable=False, default="", index=True)


class Proposal(Base):  # type: ignore[misc,valid-type]
    """A change that a second officer has to approve: ``state`` is waiting, approved, refused or taken back.

    ``base`` is the number of the record's last revision that the proposer saw, 0 where there was none.
    """

    __tablename__ = "proposal"
    __table_args__ = {"sqlite_autoincrement": True}
    id = Column(Integer, primary_key=True)
    kind = Column(String(16), nullable=False)
    key = Column(String(80), nullable=False, index=True)
    action = Column(String(16), nullable=False)
    base = Column(Integer, nullable=False)
    after = Column(JSON(none_as_null=True))
    by = Column(String(80), nullable=False)
    staff_id = Column(Integer)
    at = Column(DateTime(timezone=True), nullable=False)
    why = Column(Text, nullable=False, default="")
    state = Column(String(16), nullable=False, default="waiting", index=True)
    decided_by = Column(String(80), nullable=False, default="")
    decided_at = Column(DateTime(timezone=True))
    reason = Column(Text, nullable=False, default="")
