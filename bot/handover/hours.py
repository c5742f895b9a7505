"""When the desk is open: written as OpenStreetMap writes opening hours, on British time, closed on bank holidays."""

from datetime import datetime

from opening_hours import OpeningHours, ParserError  # type: ignore[attr-defined]

from bot.directory.hours import BRITISH_TIME, bank_holidays
from bot.errors import SettingsError


class DeskHours:
    """The desk's hours. ``text`` is such as ``Mo-Fr 10:00-16:00; Sa 10:00-13:00``; empty is never open.

    The notation is https://wiki.openstreetmap.org/wiki/Key:opening_hours. Bank holidays of England and Wales are closed, and so are
    Christmas Day, Boxing Day and New Year's Day where they fall on a weekend and another day stands in for them, unless the text names
    the date (``2026 Dec 24 10:00-12:00``). Raises SettingsError where the text cannot be read.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        closed = "".join(f"; {day:%Y %b %d} off" for day in sorted(bank_holidays())) + "; Dec 25-26,Jan 01 off" if text else ""
        named = "; ".join(rule for rule in text.split(";") if rule.strip()[:4].isdecimal())
        try:
            self._hours = OpeningHours(f"{text}{closed}; {named}".rstrip("; ") or "off", timezone=BRITISH_TIME)
        except ParserError as error:
            raise SettingsError(
                f"DESK_HOURS is {text!r}: give days and times such as Mo-Fr 10:00-16:00; Sa 10:00-13:00, or leave it empty."
            ) from error

    def is_open(self, moment: datetime) -> bool:
        """Tell whether the desk is open at ``moment`` (any time zone)."""
        return bool(self._hours.is_open(moment.astimezone(BRITISH_TIME)))

    def closes_at(self, moment: datetime) -> datetime | None:
        """Give when the desk that is open at ``moment`` closes next; None where it is closed then, or never closes."""
        return self._next_change(moment) if self.is_open(moment) else None

    def opens_at(self, moment: datetime) -> datetime | None:
        """Give when the desk that is closed at ``moment`` opens next; None where it is open then, or never opens."""
        return None if self.is_open(moment) else self._next_change(moment)

    def _next_change(self, moment: datetime) -> datetime | None:
        found: datetime | None = self._hours.next_change(moment.astimezone(BRITISH_TIME))
        return found
