import pytest

from bot.understanding.folding import fold


@pytest.mark.parametrize(
    ("text", "folded"), [("Café", "cafe"), ("STRASSE", "strasse"), ("Straße", "strasse"), ("Ånge", "ange"), ("北京", "北京")]
)
def test_folding_keeps_the_letters_and_drops_case_and_accents(text: str, folded: str) -> None:
    assert fold(text) == folded
