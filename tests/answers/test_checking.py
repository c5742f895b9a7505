"""Every language is whole; what is lacking, out of date or broken is found and named."""

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from bot.answers.catalogue import LOCALES, TRANSLATED, Catalogues, locale_folder
from bot.answers.checking import Fault, check_catalogues, needed_services
from bot.answers.standing import MISSING, STALE
from bot.answers.wording import SERVICES
from bot.directory.records import Directory

TODAY = date(2026, 11, 26)


def test_every_language_is_whole(directory: Directory, catalogues: Catalogues) -> None:
    checked = check_catalogues(catalogues, directory, TODAY)
    assert [(f.language, f.domain, f.key, f.why.key, f.why.values) for f in checked.faults] == []
    assert set(checked.counted) == set(TRANSLATED)
    assert checked.services >= 60
    for counted in checked.counted.values():
        assert sum(counted.values()) > 700
        assert counted[MISSING] == counted[STALE] == 0


def test_the_services_of_answers_are_translated_in_every_language(directory: Directory, catalogues: Catalogues) -> None:
    needed = needed_services(directory, TODAY)
    for language in TRANSLATED:
        for service in directory.services:
            for key, english in ((f"{service.key}.name", service.name), (f"{service.key}.summary", service.description)):
                if key in needed:
                    assert catalogues.quoted(language, SERVICES, key, english).lang == language, f"{language} {key}"


@pytest.fixture
def locales(tmp_path: Path) -> Path:
    return Path(shutil.copytree(LOCALES, tmp_path / "locales"))


def faults(locales: Path, directory: Directory) -> list[Fault]:
    return list(check_catalogues(Catalogues(locales), directory, TODAY, locales).faults)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda text, entry: text.replace(entry, entry.partition("msgstr")[0] + 'msgstr ""'), "officer.check.missing"),
        (lambda text, entry: text.replace(entry, "#, fuzzy\n" + entry), "officer.check.missing"),
        (lambda text, entry: text.replace(entry, entry.replace("#. ", "#. Once it was said: ", 1)), "officer.check.stale"),
        (
            lambda text, entry: text.replace(
                entry, entry.partition("msgstr")[0] + entry[entry.index("msgstr") :].replace("{limit}", "{most}")
            ),
            "officer.words.error.lacks",
        ),
        (lambda text, entry: text.replace(entry, entry.replace("error.too_long", "error.much_too_long")), "officer.check.unknown"),
    ],
)
def test_what_is_wrong_with_a_text_is_named(locales: Path, directory: Directory, change: Callable[[str, str], str], why: str) -> None:
    path = locale_folder("uk", locales) / "messages.po"
    text = path.read_text(encoding="utf-8")
    (entry,) = (block for block in text.split("\n\n") if 'msgid "error.too_long"' in block)
    path.write_text(change(text, entry), encoding="utf-8")
    found = faults(locales, directory)
    assert why in {fault.why.key for fault in found}
    assert {(fault.language, fault.domain) for fault in found} == {("uk", "messages")}
    assert {fault.key for fault in found} <= {"error.too_long", "error.much_too_long"}


def test_a_text_without_the_word_of_the_glossary_is_named(locales: Path, directory: Directory, catalogues: Catalogues) -> None:
    path = locale_folder("uk", locales) / "messages.po"
    text = path.read_text(encoding="utf-8")
    said = catalogues.say("uk", "topic.library")
    path.write_text(text.replace(f'msgid "topic.library"\nmsgstr "{said}"', 'msgid "topic.library"\nmsgstr "Книжки"'), encoding="utf-8")
    (fault,) = faults(locales, directory)
    assert (fault.key, fault.why.key, fault.why.values["term"]) == ("topic.library", "officer.check.term", "library")


def test_a_service_that_never_stands_first_may_stay_in_english(directory: Directory, catalogues: Catalogues) -> None:
    needed = needed_services(directory, TODAY)
    others = [service for service in directory.services if f"{service.key}.name" not in needed]
    assert others
    assert any(not catalogues.candidates("uk", SERVICES, f"{service.key}.name") for service in others)
    assert check_catalogues(catalogues, directory, TODAY).faults == ()
