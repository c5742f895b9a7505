"""What the officers' pages work with, opened once for the running application."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.requests import Request

from bot.answers.wording import Wordings
from bot.directory.changes import Changes
from bot.directory.comparing import Difference, differences
from bot.directory.hours import BRITISH_TIME
from bot.directory.ledger import Officer
from bot.directory.listing import Listing
from bot.directory.uploads import Uploads
from bot.directory.writer import Rows
from bot.handover.accounts import Session
from bot.jobs import PLACES, Jobs
from bot.moments import utc_now
from bot.web.api import pipeline_of

LEARNT_WITHIN = timedelta(minutes=15)
"""Time within which place names are learnt, even on a slow machine beside other work."""


class Learning:
    """How the learning of place names goes, in whichever process."""

    NONE, GOING, FAILED = "none", "going", "failed"

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs

    @property
    def state(self) -> str:
        """GOING while it goes, FAILED where it failed when it was last tried, otherwise NONE."""
        job = self._jobs.look(PLACES)
        if job is None:
            return self.NONE
        if job.is_going:
            # The process that did it may have died.
            return self.GOING if utc_now() - job.begun_at < LEARNT_WITHIN else self.FAILED
        return self.FAILED if job.has_failed else self.NONE

    def begin(self) -> bool:
        """Begin to learn; give False where somebody else has begun."""
        return self.state != self.GOING and self._jobs.claim(PLACES, timedelta(0))

    def ended(self, failed: bool) -> None:
        """Note that what was begun is done, or has ``failed``."""
        self._jobs.ended(PLACES, failed)


@dataclass(frozen=True)
class Office:
    """The changes of the directory, the list of its records, files on their way into it, the learning of place names, and words.

    ``alarm`` tells those who are not looking at a page (a kind of ``bot.handover.notify.WORDS``).
    """

    changes: Changes
    listing: Listing
    uploads: Uploads
    learning: Learning
    wordings: Wordings
    alarm: Callable[[str], None]


def office_of(request: Request) -> Office:
    """Give the office of the running application."""
    office: Office = request.app.state.office
    return office


def officer(who: Session) -> Officer:
    """Give who is signed in as the directory's changes know them."""
    return Officer(who.member.id, who.member.name)


def moment(at: datetime) -> str:
    """Write a moment as officers read it, by the clock on a British wall."""
    return at.astimezone(BRITISH_TIME).strftime("%d %B %Y, %H:%M")


def became_of(request: Request) -> dict[str, str]:
    """Give what the address says became of a change: the number of its revision (0 where nothing changed), or of its proposal."""
    given = {name: request.query_params.get(name, "")[:12] for name in ("saved", "proposed")}
    return {name: number if number.isdecimal() else "" for name, number in given.items()}


Say = Callable[..., str]
Knows = Callable[[str], bool]


def in_english(request: Request) -> tuple[Say, Knows]:
    """Give what says the words of a key in English, and what tells whether there are any."""
    catalogues = pipeline_of(request).catalogues

    def say(key: str, **put: object) -> str:
        return catalogues.say("en", key, **put)

    def knows(key: str) -> bool:
        return catalogues.knows("en", key)

    return say, knows


def label(say: Say, knows: Knows, sheet: str, column: str) -> str:
    """Give the label of a field: its own in this sheet, or that of its name."""
    own = f"officer.field.{sheet.removesuffix('.csv')}.{column}"
    return say(own if knows(own) else f"officer.field.{column}")


def option(say: Say, knows: Knows, column: str, value: str) -> str:
    """Give the words of an option of a field; what is no option stays as it is."""
    if value == "":
        return "–"
    prefix = {"service_types": "topic.", "eligibility": "circumstance.", "audience": "circumstance."}.get(column, "officer.option.")
    keys = (f"officer.option.{column}.{value}", f"{prefix}{value}", f"topic.{value}" if column == "topic" else "")
    return next((say(key) for key in keys if key and knows(key)), value)


def described(say: Say, knows: Knows, one: Difference) -> dict[str, str]:
    """Give a difference in words: where it is, and both values."""
    where = label(say, knows, one.sheet, one.column)
    if one.row:
        where = say("officer.in_row", part=say(f"officer.part.{one.sheet.removesuffix('.csv')}"), row=one.row, field=where)

    def words(cell: str) -> str:
        return ", ".join(option(say, knows, one.column, part) for part in cell.split(";")) if cell else ""

    return {"where": where, "before": words(one.before), "after": words(one.after)}


def described_all(request: Request, before: Rows | None, after: Rows | None) -> list[dict[str, str]]:
    """Give what differs between two states of a record, in words; whose a row is goes without saying."""
    say, knows = in_english(request)
    return [described(say, knows, one) for one in differences(before, after) if not (one.row and one.column == "service")]
