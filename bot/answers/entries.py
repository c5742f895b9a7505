"""A text of a catalogue with what is known of it: which English it was made from, who has read it, what its comments in a file say."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from bot.answers.wording import DRAFTED, REVIEWED, UNREVIEWED, Version

NOTE = "note:"
"""How a comment for translators begins that is no part of the English."""
ANSWERED_BY = "answers:"
"""How the comment of an English phrase begins that names its answers."""

_REVIEWED_BY = re.compile(r"reviewed by (?P<by>.+?)(?:,| on) (?P<on>\d{4}-\d\d-\d\d)\s*")


def review_comment(review: str, by: str, on: date | None) -> str:
    """Write the translator comment that says who has read a text."""
    return f"reviewed by {by} on {on.isoformat()}" if review == REVIEWED and on else review


def read_review(comments: Iterable[str]) -> tuple[str, str, date | None] | None:
    """Read from translator comments who has read a text: the state, and for a native speaker who and when; None where none says it.

    Raises ValueError where a native speaker is named in another form, or on a day that does not exist.
    """
    for comment in comments:
        if comment.startswith("reviewed by"):
            found = _REVIEWED_BY.fullmatch(comment)
            if not found:
                raise ValueError("reviewed by")
            return REVIEWED, found["by"], date.fromisoformat(found["on"])
        if comment in (DRAFTED, UNREVIEWED):
            return comment, "", None
    return None


@dataclass(frozen=True)
class Entry:
    """A text of a catalogue: what it says, the ``english`` it was made from, and who has read it (as ``bot.answers.wording`` has it).

    ``notes`` are for translators, ``comments`` by them. ``wording`` is the number of an officer's version, 0 for the catalogue's own.
    """

    key: str
    text: str
    english: str
    review: str
    reviewed_by: str = ""
    reviewed_on: date | None = None
    notes: tuple[str, ...] = ()
    comments: tuple[str, ...] = ()
    wording: int = 0


def made_from(comments: list[str], english: str) -> tuple[str, tuple[str, ...]]:
    """Take extracted comments apart: the English that a translation was made from (maybe broken into lines) and the notes.

    ``english`` is the English of now, by which such lines are known.
    """
    for count in range(1, len(comments) + 1):
        if " ".join(comments[:count]) == english:
            return english, tuple(comments[count:])
    return (comments[0], tuple(comments[1:])) if comments else ("", ())


def entry_of(version: Version) -> Entry:
    """Give an officer's version as an entry."""
    comment = review_comment(version.review, version.reviewed_by, version.reviewed_on)
    return Entry(
        version.key,
        version.text,
        version.english,
        version.review,
        version.reviewed_by,
        version.reviewed_on,
        comments=(comment,),
        wording=version.id,
    )


def with_notes(entries: tuple[Entry, ...], answers: str | None) -> Entry:
    """Give the English of a phrase with the notes of the catalogue's own and the answers that officers chose."""
    notes = entries[-1].notes
    if answers is not None:
        notes = (*(note for note in notes if not note.startswith(ANSWERED_BY)), *([f"{ANSWERED_BY} {answers}"] if answers else []))
    return replace(entries[0], notes=notes)
