"""The glossary: one word for one thing, in every language."""

from pathlib import Path

import pytest

from bot.answers.catalogue import LOCALES, TRANSLATED
from bot.answers.glossary import COLUMNS, Term, read_glossary, unsaid
from bot.errors import SetUpError

COUNCIL = Term("council", ("council", "councils"), "", "рада", ("рад",))
COUNTY = Term("county council", ("county council",), "", "рада графства", ("графств",))


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_language_has_a_word_for_every_term(language: str) -> None:
    terms = read_glossary(language)
    assert len(terms) > 60
    for term in terms:
        assert term.translation
        assert any(stem.casefold() in term.translation.casefold() for stem in term.stems), f"{term.term}: its stems are not in its word"
        assert term.found_as
        assert term.meaning


@pytest.mark.parametrize(
    ("english", "text", "lacking"),
    [
        ("Ask the council.", "Запитайте раду.", []),
        ("Ask the council.", "Запитайте їх.", [COUNCIL]),
        ("Ask the county council.", "Запитайте графство.", []),
        ("Ask Council House.", "Запитайте в Council House.", []),
        ("Ask the county council, not the district council.", "Запитайте графство, не район.", [COUNCIL]),
        ("A councillor may know.", "Депутат може знати.", []),
    ],
)
def test_a_term_is_looked_for_by_its_stems_and_neither_a_longer_one_nor_a_name_counts(english: str, text: str, lacking: list[Term]) -> None:
    assert unsaid([COUNCIL, COUNTY], english, text) == lacking


@pytest.fixture
def locales(tmp_path: Path) -> Path:
    for name in ("en", "uk"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "glossary.csv").write_bytes((LOCALES / name / "glossary.csv").read_bytes())
    return tmp_path


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda text: text.replace("\nrefugee,", "\nrefugees,"), "refugees"),
        (lambda text: text.replace(",".join(COLUMNS[""]), "term,word,stems,note"), "columns"),
        (lambda text: text + "one,too,many,cells,here\n", "columns"),
    ],
)
def test_a_broken_glossary_is_told(locales: Path, change: "object", told: str) -> None:
    path = locales / "uk" / "glossary.csv"
    assert callable(change)
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(SetUpError, match=told):
        read_glossary("uk", locales)


def test_a_language_without_a_glossary_is_told(locales: Path) -> None:
    with pytest.raises(SetUpError, match="cannot be read"):
        read_glossary("ru", locales)
