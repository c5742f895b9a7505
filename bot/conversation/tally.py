"""How often what was asked, by week: counts without a word, a time or a name, which outlive the conversations."""

from sqlalchemy import Column, Date, Integer, String

from bot.database import Base


class Tally(Base):  # type: ignore[misc,valid-type]
    """A count of one week (``week`` is its Monday).

    ``what`` is what happened (such as ``asked`` or ``no_service``), ``topic`` a code of ``bot.codes.TOPICS``, ``place`` the key of a
    district, ``language`` BCP 47; each empty where it is not known.
    """

    __tablename__ = "tally"
    week = Column(Date, primary_key=True)
    what = Column(String(24), primary_key=True)
    topic = Column(String(40), primary_key=True)
    place = Column(String(80), primary_key=True)
    language = Column(String(16), primary_key=True)
    count = Column(Integer, nullable=False)
