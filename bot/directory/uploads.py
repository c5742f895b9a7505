"""Files that officers upload: kept while they are checked and previewed, and deleted once they are imported or a day old."""

from sqlalchemy import JSON, Column, DateTime, Integer, LargeBinary, String, Text

from bot.database import Base


class Upload(Base):  # type: ignore[misc,valid-type]
    """One uploaded file on its way into the directory.

    ``state`` is checking, ready, importing, imported or failed; ``done`` of ``total`` rows are through; ``report`` is what the check found;
    ``beat_at`` is when its work was last heard of, so that work that died is seen.
    """

    __tablename__ = "upload"
    id = Column(String(36), primary_key=True)
    name = Column(Text, nullable=False)
    content = Column(LargeBinary, nullable=False)
    by = Column(String(80), nullable=False)
    staff_id = Column(Integer)
    at = Column(DateTime(timezone=True), nullable=False)
    state = Column(String(16), nullable=False)
    done = Column(Integer, nullable=False, default=0)
    total = Column(Integer, nullable=False, default=0)
    report = Column(JSON(none_as_null=True))
    beat_at = Column(DateTime(timezone=True), nullable=False)
