"""The first words to somebody in urgent need: the right number for the place and the hour, in words they can read."""

import shutil
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from bot.answers.catalogue import LOCALES, Catalogues, locale_folder
from bot.answers.composer import Composer
from bot.answers.replies import Reply
from bot.answers.urgent import OfficeHours, urgent_reply
from bot.codes import REPLY_LANGUAGES, URGENT
from bot.directory.records import Directory
from tests.builders import Talk, british

OFFICE = OfficeHours("09:00", "17:00")
MONDAY_MORNING = british(2026, 11, 23, 11)
MONDAY_NIGHT = british(2026, 11, 23, 22)
SUNDAY_NOON = british(2026, 11, 22, 12)
CHRISTMAS_MORNING = british(2026, 12, 25, 11)

SHELTER = "0808 800 4444"
MIGRANT_HELP = "0808 8010 503"
FENLAND = "01354 654321"
SOUTH_CAMBS = "01954 713000"
SOUTH_CAMBS_AT_NIGHT = "01253 501117"

COUNCIL = "housing team of"
NIGHT_LINE = "night line of"
HELPLINE = "free help with housing"
ASYLUM_HELPLINE = "for people who have asked for asylum"

MOMENTS = [MONDAY_MORNING, MONDAY_NIGHT, SUNDAY_NOON, CHRISTMAS_MORNING]


def urgent(
    directory: Directory,
    catalogues: Catalogues,
    kind: str,
    language: str = "en",
    name: str | None = None,
    moment: datetime = MONDAY_MORNING,
) -> Reply:
    place = directory.place_named(name) if name else None
    assert bool(place) == bool(name)
    return urgent_reply(kind, language, directory, place, moment, OFFICE, catalogues)


@pytest.mark.parametrize(
    ("name", "moment", "number", "words"),
    [
        ("Wisbech", MONDAY_MORNING, FENLAND, f"{COUNCIL} Fenland District Council"),
        ("Wisbech", MONDAY_NIGHT, MIGRANT_HELP, ASYLUM_HELPLINE),
        ("Wisbech", SUNDAY_NOON, SHELTER, HELPLINE),
        ("Wisbech", CHRISTMAS_MORNING, MIGRANT_HELP, ASYLUM_HELPLINE),
        ("Cambourne", MONDAY_MORNING, SOUTH_CAMBS, f"{COUNCIL} South Cambridgeshire District Council"),
        ("Cambourne", MONDAY_NIGHT, SOUTH_CAMBS_AT_NIGHT, f"{NIGHT_LINE} South Cambridgeshire District Council"),
        ("Cambourne", SUNDAY_NOON, SOUTH_CAMBS_AT_NIGHT, f"{NIGHT_LINE} South Cambridgeshire District Council"),
        ("Cambourne", CHRISTMAS_MORNING, SOUTH_CAMBS_AT_NIGHT, f"{NIGHT_LINE} South Cambridgeshire District Council"),
        ("Fenland", MONDAY_MORNING, FENLAND, f"{COUNCIL} Fenland District Council"),
        ("Huntingdon", MONDAY_MORNING, SHELTER, HELPLINE),
        (None, MONDAY_MORNING, SHELTER, HELPLINE),
        (None, MONDAY_NIGHT, MIGRANT_HELP, ASYLUM_HELPLINE),
        (None, SUNDAY_NOON, SHELTER, HELPLINE),
    ],
)
def test_somebody_with_nowhere_to_sleep_gets_the_number_that_is_answered_there_and_then(
    directory: Directory, catalogues: Catalogues, name: str | None, moment: datetime, number: str, words: str
) -> None:
    reply = urgent(directory, catalogues, "homeless_tonight", "en", name, moment)
    assert reply.phone == number
    assert reply.text.startswith(f"{number}: ")
    assert words in reply.text


@pytest.mark.parametrize("moment", [MONDAY_MORNING, MONDAY_NIGHT])
def test_somebody_who_names_only_the_county_is_not_sent_to_one_of_its_five_districts(
    directory: Directory, catalogues: Catalogues, moment: datetime
) -> None:
    reply = urgent(directory, catalogues, "homeless_tonight", "en", "Cambridgeshire", moment)
    assert reply.phone == urgent(directory, catalogues, "homeless_tonight", "en", None, moment).phone


def test_a_number_that_is_unsure_is_not_the_one_to_call(directory: Directory, catalogues: Catalogues) -> None:
    huntingdonshire = directory.service("huntingdonshire_housing")
    assert huntingdonshire is not None
    assert "phone" in huntingdonshire.unsure
    reply = urgent(directory, catalogues, "homeless_tonight", "en", "St Ives", MONDAY_MORNING)
    assert huntingdonshire.organization not in reply.text


def test_where_nothing_is_known_to_be_open_the_number_is_999(directory: Directory, catalogues: Catalogues) -> None:
    reply = urgent(replace(directory, services=()), catalogues, "homeless_tonight", "en", "Wisbech", MONDAY_NIGHT)
    assert reply.phone == "999"
    assert "We know of no housing office" in reply.text


@pytest.mark.parametrize("language", REPLY_LANGUAGES)
@pytest.mark.parametrize("name", [None, "Wisbech", "Cambourne", "Norwich"])
@pytest.mark.parametrize("moment", MOMENTS)
def test_in_an_emergency_the_number_is_999_in_every_language_place_and_hour(
    directory: Directory, catalogues: Catalogues, language: str, name: str | None, moment: datetime
) -> None:
    reply = urgent(directory, catalogues, "emergency", language, name, moment)
    assert reply.phone == "999"
    assert reply.text.startswith("999")


@pytest.mark.parametrize("language", REPLY_LANGUAGES)
@pytest.mark.parametrize("name", [None, "Wisbech", "Cambourne"])
@pytest.mark.parametrize("moment", MOMENTS)
def test_the_number_comes_first_in_every_language(
    directory: Directory, catalogues: Catalogues, language: str, name: str | None, moment: datetime
) -> None:
    for kind in URGENT:
        reply = urgent(directory, catalogues, kind, language, name, moment)
        assert reply.text.startswith(reply.phone)
        assert reply.text[len(reply.phone)] in ":："
        assert reply.lang == language


@pytest.mark.parametrize("language", REPLY_LANGUAGES)
def test_the_number_comes_first_where_nobody_is_open_too(directory: Directory, catalogues: Catalogues, language: str) -> None:
    assert urgent(replace(directory, services=()), catalogues, "homeless_tonight", language).text.startswith("999")


@pytest.mark.parametrize("language", [code for code in REPLY_LANGUAGES if code != "en"])
@pytest.mark.parametrize("kind", URGENT)
def test_english_comes_with_a_translation_that_nobody_has_reviewed(
    directory: Directory, catalogues: Catalogues, kind: str, language: str
) -> None:
    reply = urgent(directory, catalogues, kind, language, "Wisbech")
    assert not any(letter in reply.text for letter in ("Call", "free"))
    assert reply.text_en == urgent(directory, catalogues, kind, "en", "Wisbech").text
    assert not reply.reviewed


def test_english_readers_get_no_second_english(directory: Directory, catalogues: Catalogues) -> None:
    for kind in URGENT:
        assert urgent(directory, catalogues, kind).text_en == ""
        assert urgent(directory, catalogues, kind).reviewed


def test_a_translation_that_a_native_speaker_has_reviewed_is_told_apart(directory: Directory, tmp_path: Path) -> None:
    locales = tmp_path / "locales"
    shutil.copytree(LOCALES, locales)
    path = locale_folder("uk", locales) / "messages.po"
    before, key, rest = path.read_text(encoding="utf-8").partition('msgid "urgent.emergency"')
    above, _, comment = before.rpartition("# machine-drafted\n")
    path.write_text(f"{above}# reviewed by O. K., 2026-11-20\n{comment}{key}{rest}", encoding="utf-8")
    words = Catalogues(locales)
    assert urgent(directory, words, "emergency", "uk").reviewed
    assert not urgent(directory, words, "homeless_tonight", "uk").reviewed
    assert not urgent(directory, words, "emergency", "ar").reviewed


def test_a_language_we_do_not_write_gets_english_marked_as_english(directory: Directory, catalogues: Catalogues) -> None:
    reply = urgent(directory, catalogues, "emergency", "fr")
    assert (reply.lang, reply.text_en) == ("en", "")
    assert reply.text.startswith("999: police")


@pytest.mark.parametrize("kind", [None, *URGENT])
@pytest.mark.parametrize(("language", "written"), [("uk", "uk"), ("prs", "prs"), ("yue", "zh-Hant"), ("am", "en")])
def test_while_rasa_is_away_the_same_words_are_given(
    directory: Directory, composer: Composer, catalogues: Catalogues, kind: str | None, language: str, written: str
) -> None:
    place = directory.place_named("Cambourne")
    reply = composer.urgent_only(kind, place, language, MONDAY_NIGHT)
    assert reply == urgent(directory, catalogues, kind or "emergency", written, "Cambourne", MONDAY_NIGHT)


@pytest.mark.parametrize("language", REPLY_LANGUAGES)
@pytest.mark.parametrize("kind", URGENT)
@pytest.mark.parametrize("meaning", [{"intent": "nlu_fallback", "confidence": 0.1}, {"intent": "food"}, {"intent": "smalltalk"}])
def test_the_urgent_words_stand_before_everything_else_in_an_answer(
    composer: Composer, language: str, kind: str, meaning: dict[str, Any]
) -> None:
    answer = Talk(composer, MONDAY_NIGHT, language).say(**meaning, urgent=kind)
    assert answer.replies[0].kind == "urgent"
    assert [reply.kind for reply in answer.replies].count("urgent") == 1
    assert answer.understood.urgent == kind
    assert any(reply.kind == "services" and reply.services for reply in answer.replies)


def test_somebody_outside_the_county_with_nowhere_to_sleep_is_not_given_one_of_its_councils(
    directory: Directory, composer: Composer
) -> None:
    answer = Talk(composer).say("housing", urgent="homeless_tonight", outside="Norwich")
    assert answer.replies[0].phone == SHELTER
    councils = {service.name for service in directory.services if service.key.endswith("_housing")}
    assert not councils & {card.name for reply in answer.replies for card in reply.services}
