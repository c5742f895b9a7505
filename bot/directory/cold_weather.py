"""The cold-weather switch: emergency beds that a council opens on freezing nights (SWEP, the severe weather emergency protocol)."""

from sqlalchemy import Column, DateTime, Integer, String, Text

from bot.database import Base


class ColdWeather(Base):  # type: ignore[misc,valid-type]
    """Beds open in a ``place`` (a key of the gazetteer) from ``starts_at`` until ``ends_at``; ``note`` is for officers.

    ``ended_at`` is when an officer switched it off before its end.
    """

    __tablename__ = "cold_weather"
    id = Column(Integer, primary_key=True)
    place = Column(String(80), nullable=False)
    starts_at = Column(DateTime(timezone=True), nullable=False)
    ends_at = Column(DateTime(timezone=True), nullable=False, index=True)
    note = Column(Text, nullable=False, default="")
    by = Column(String(80), nullable=False)
    at = Column(DateTime(timezone=True), nullable=False)
    ended_at = Column(DateTime(timezone=True))
    ended_by = Column(String(80), nullable=False, default="")
