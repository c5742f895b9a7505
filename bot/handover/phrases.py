"""The checked phrases that staff send: which there are, in which groups, what is put into them and how they can be answered."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from bot.answers.catalogue import Catalogues
from bot.answers.entries import ANSWERED_BY, Entry
from bot.answers.proofreading import placeholders
from bot.answers.wording import ANSWERS, PHRASES, REVIEWED, Draft
from bot.errors import WordingRefused

SLOTS = ("time", "place", "service", "phone", "reference")
"""What may be put into a phrase; ``{emergency}`` is always there and needs nobody to fill it in."""
NAME_AT_MOST = 50
"""Characters of the name that is made of a new phrase's words."""


@dataclass(frozen=True)
class Phrase:
    """A phrase of the catalogue ``phrases``: its ``key``, the slots to be filled, and the answers it offers as buttons."""

    key: str
    group: str
    english: str
    slots: tuple[str, ...]
    answers: tuple[str, ...]


def _phrase(entry: Entry) -> Phrase:
    listed = [note.removeprefix(ANSWERED_BY).split() for note in entry.notes if note.startswith(ANSWERED_BY)]
    slots = tuple(dict.fromkeys(name for name in re.findall(r"\{(\w+)\}", entry.text) if name in SLOTS))
    return Phrase(entry.key, entry.key.split(".")[1], entry.text, slots, tuple(listed[0]) if listed else ())


def _phrases(entries: Iterable[Entry]) -> dict[str, Phrase]:
    return {entry.key: _phrase(entry) for entry in entries if entry.key.startswith("phrase.")}


def phrases(catalogues: Catalogues) -> dict[str, Phrase]:
    """Give every phrase that staff can send by its key, in the order of the English catalogue, the officers' own last."""
    return _phrases(catalogues.english(PHRASES).values())


def retired_phrases(catalogues: Catalogues) -> dict[str, Phrase]:
    """Give the phrases that officers took out of use."""
    return _phrases(catalogues.retired().values())


def groups(offered: dict[str, Phrase]) -> dict[str, list[Phrase]]:
    """Give phrases by group, in their order."""
    found: dict[str, list[Phrase]] = {}
    for phrase in offered.values():
        found.setdefault(phrase.group, []).append(phrase)
    return found


def answer_names(catalogues: Catalogues) -> list[str]:
    """Give the names of all the buttons that can answer a phrase."""
    return [key.removeprefix("answer.") for key in catalogues.english(PHRASES) if key.startswith("answer.")]


def group_names(catalogues: Catalogues) -> list[str]:
    """Give the groups that a phrase can be in."""
    return [key.removeprefix("phrase_group.") for key in catalogues.english(PHRASES) if key.startswith("phrase_group.")]


def _check_answers(catalogues: Catalogues, english: str, answers: tuple[str, ...]) -> None:
    """Check what a phrase is answered with: a question by buttons that there are, anything else by none."""
    if set(answers) - set(answer_names(catalogues)):
        raise WordingRefused("officer.words.error.unknown")
    if bool(answers) != ("?" in english):
        raise WordingRefused("officer.phrases.error.answers" if "?" in english else "officer.phrases.error.no_answers")


def new_phrase(catalogues: Catalogues, group: str, english: str, answers: tuple[str, ...]) -> list[Draft]:
    """Give what has to be proposed for a phrase that was not there before; its key is made of its first words.

    Raises WordingRefused where it cannot be one: a slot that nothing fills, a question without answers, words that a phrase has already.
    """
    if group not in group_names(catalogues):
        raise WordingRefused("officer.words.error.unknown")
    _check_answers(catalogues, english, answers)
    strange = placeholders(english) - {*SLOTS, "emergency"}
    if strange:
        raise WordingRefused("officer.phrases.error.slots", names=", ".join(f"{{{name}}}" for name in (*SLOTS, "emergency")))
    name = re.sub(r"[^a-z]+", "_", english.lower())[:NAME_AT_MOST].strip("_")
    key = f"phrase.{group}.own_{name}"
    if not name or catalogues.candidates("en", PHRASES, key):
        raise WordingRefused("officer.phrases.error.same")
    return [Draft(PHRASES, "en", key, english, english, REVIEWED), Draft(ANSWERS, "en", key, " ".join(answers), english, REVIEWED)]


def changed_phrase(catalogues: Catalogues, phrase: Phrase, english: str, answers: tuple[str, ...]) -> list[Draft]:
    """Give what has to be proposed so that a phrase says ``english`` and is answered with ``answers``.

    What is put into it stays: chats in which it was sent go on showing it. Raises WordingRefused as ``new_phrase``.
    """
    _check_answers(catalogues, english, answers)
    drafts = []
    if english != phrase.english:
        drafts.append(Draft(PHRASES, "en", phrase.key, english, phrase.english, REVIEWED))
    if answers != phrase.answers:
        drafts.append(Draft(ANSWERS, "en", phrase.key, " ".join(answers), phrase.english, REVIEWED))
    return drafts


def retirement(phrase: Phrase) -> Draft:
    """Give what has to be proposed so that a phrase is not offered any more."""
    return Draft(PHRASES, "en", phrase.key, "", phrase.english, REVIEWED)


def return_to_use(phrase: Phrase) -> Draft:
    """Give what has to be proposed so that a retired phrase is offered again, with the words it had."""
    return Draft(PHRASES, "en", phrase.key, phrase.english, phrase.english, REVIEWED)
