"""The page for when no front door answers: what is on it, and that it is whole at any moment."""

from datetime import datetime, timezone
from pathlib import Path

import pytest
from markupsafe import escape

from bot.answers.composer import Composer
from bot.answers.urgent import OfficeHours
from bot.codes import NEEDS, REPLY_LANGUAGES
from bot.directory.records import Directory
from bot.directory.search import search_words
from bot.web.away_page import AWAY_PAGE, keep_away_page, make_away_page
from tests.builders import the_catalogues

NOW = datetime(2026, 11, 27, 12, tzinfo=timezone.utc)


@pytest.fixture(scope="module")
def page(directory: Directory) -> str:
    catalogues = the_catalogues()
    return make_away_page(Composer(directory, catalogues, OfficeHours("09:00", "17:00")), catalogues, NOW)


def test_the_emergency_numbers_come_first_in_every_language(page: str, directory: Directory) -> None:
    composer = Composer(directory, the_catalogues(), OfficeHours("09:00", "17:00"))
    for language in REPLY_LANGUAGES:
        reply = composer.urgent_only(None, None, language, NOW)
        assert str(escape(reply.text.split("999", 1)[1])) in page, language
    assert page.split("<details>")[0].count('href="tel:999"') == len(REPLY_LANGUAGES)


def test_the_directory_is_there_with_its_numbers(page: str, directory: Directory) -> None:
    say = the_catalogues().say
    for topic in NEEDS:
        found = search_words(directory, "", NOW.date(), topic, None, lambda word: ())
        assert (f"<summary>{escape(say('en', f'topic.{topic}'))}</summary>" in page) is bool(found), topic
        for service in found:
            assert str(escape(service.name)) in page
            assert all(phone.number in page for phone in service.phones[:1])
    assert str(escape(say("en", "services.unchecked"))) in page, "nobody has checked the records of this sheet"


def test_it_needs_no_other_file_and_asks_nobody(page: str) -> None:
    assert "<script" not in page
    assert "<link" not in page
    assert 'src="' not in page


def test_it_may_be_read_by_the_proxy_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    keep_away_page(tmp_path / "var", lambda: "one")
    (tmp_path / "var").chmod(0o700)
    keep_away_page(tmp_path / "var", lambda: "two")
    assert (tmp_path / "var").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "var" / AWAY_PAGE).read_text() == "two"
    assert (tmp_path / "var" / AWAY_PAGE).stat().st_mode & 0o777 == 0o644

    def fails() -> str:
        raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        keep_away_page(tmp_path / "var", fails)
    assert [path.name for path in (tmp_path / "var").iterdir()] == [AWAY_PAGE]
