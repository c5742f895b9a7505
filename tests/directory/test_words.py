"""The words of records: how they are split, who holds them, and which are spelt alike."""

from collections.abc import Sequence

import pytest

from bot.directory.words import (
    ALIKE,
    CACHED_WORDS,
    COLUMNS,
    Asked,
    Holders,
    Row,
    WordIndex,
    WordsInMemory,
    closest,
    plain,
    slips_allowed,
    vocabulary_of,
    words_of,
)

FILLING = [("chess", "", "", "", "", "draughts")] * 5


def a_row(**cells: str) -> Row:
    """A row of folded words; ``cells`` by column."""
    return tuple(plain(cells.get(column, "")) for column in COLUMNS)


class Counted(WordsInMemory):
    """Words in memory that note what they are asked."""

    def __init__(self, rows: list[Row]) -> None:
        super().__init__(rows)
        self.asked: list[list[Asked]] = []

    def holders(self, asked: Sequence[Asked]) -> list[Holders]:
        self.asked.append(list(asked))
        return super().holders(asked)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Citizens' Advice: Ely (CB7 4EE)", ["citizens", "advice", "ely", "cb7", "4ee"]),
        ('snake_case *NEAR* "quoted" col:umn -minus^2 a\0b', ["snake", "case", "near", "quoted", "col", "umn", "minus", "2", "a", "b"]),
        ("Café ﷺ ½", ["cafe", "صلي", "الله", "عليه", "وسلم", "1", "2"]),
        ("їжа, голод", ["їжа", "голод"]),
        ("أين أجد الطعام؟", ["اين", "اجد", "الطعام"]),
        ("ትግርኛ፣ ቋንቋ", ["ትግርኛ", "ቋንቋ"]),
        ("我想學英文。", ["我想學英文"]),
        ("_ \ud800 \U0001f600 …", []),
    ],
)
def test_text_of_every_script_is_split_into_folded_words(text: str, words: list[str]) -> None:
    assert words_of(text) == words
    assert plain(text) == " ".join(words)


@pytest.mark.parametrize(
    ("word", "common", "slips"),
    [
        *(("food", False, 0), ("foods", False, 1), ("foodbank", False, 2), ("x" * 41, False, 0), ("cb4", False, 0), ("cb123456", False, 0)),
        *(("foods", True, 0), ("foodbank", True, 1), ("голод", False, 0), ("голода", False, 1), ("голодування", False, 1)),
    ],
)
def test_how_many_slips_a_word_may_have_goes_by_its_length_its_letters_and_how_common_it_is(word: str, common: bool, slips: int) -> None:
    assert slips_allowed(word, {word} if common else set()) == slips


def test_the_nearest_spellings_of_the_same_first_letter_are_chosen() -> None:
    vocabulary = ["credit", "credits", "edit", "cretin", "benefits", "benefactor"]
    assert closest("credt", vocabulary, 1) == ("credit",)
    assert closest("cerdit", vocabulary, 1) == ("credit",)
    assert closest("crdits", vocabulary, 2) == ("credits",)
    assert closest("creditx", vocabulary, 1) == ("credit", "credits")
    assert closest("dredit", vocabulary, 1) == ()
    assert closest("benifitz", vocabulary, 1) == ()
    assert closest("benifitz", vocabulary, 2) == ("benefits",)


def test_the_vocabulary_is_what_may_have_been_meant() -> None:
    rows = [a_row(name="Ely Foodbank", description="Food, CB74EEX, голод голода"), a_row(topics="foodbank " + "x" * 41)]
    assert vocabulary_of(rows) == {"foodbank", "голода"}


def test_a_misspelt_word_counts_for_less_than_one_that_is_held() -> None:
    rows = [a_row(name="Credit union", description="Money."), a_row(name="Union"), *FILLING]
    index = WordIndex(WordsInMemory(rows), len(rows))
    right, _, right_named = index.match(["credit", "union"], False)
    wrong, scores, wrong_named = index.match(["credt", "union"], False)
    assert list(right[:3]) == [1, 0.5, 0]
    assert list(wrong[:3]) == [(1 + ALIKE) / 2, 0.5, 0]
    assert scores[0] > scores[1] > scores[2] == 0
    assert list(wrong_named) == list(right_named) == [True, *[False] * 6]


def test_what_was_asked_lately_is_not_asked_again_and_the_rest_is_asked_in_one_go() -> None:
    rows = [a_row(name="Oak tree"), a_row(name="Oak tree house"), *FILLING]
    words = Counted(rows)
    index = WordIndex(words, len(rows))
    first = index.match(["oak", "tree"], True)
    assert words.asked == [[("oak", False), ("tree", False), ("tree", True)]]
    again = index.match(["oak", "tree"], True)
    assert len(words.asked) == 1
    assert all((a == b).all() for a, b in zip(first, again, strict=True))
    index.match(["tree", "house"], False)
    assert words.asked[1:] == [[("house", False)]]
    for number in range(CACHED_WORDS):
        index.match([f"n{number}"], False)
    words.asked.clear()
    index.match(["oak"], False)
    assert words.asked == [[("oak", False)]], "the oldest make room"
