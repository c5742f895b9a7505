"""What people say of their situation is taken as said, and nothing else is."""

from pathlib import Path

import pytest

from bot.errors import SetUpError
from bot.understanding.circumstances import CircumstanceFinder, Phrase, Told, read_phrases

FINDER = CircumstanceFinder(
    [
        Phrase("en", "asylum_seeker", "asylum seeker"),
        Phrase("fa", "asylum_seeker", "پناهجو"),
        Phrase("ar", "asylum_seeker", "طالب لجوء"),
        Phrase("en", "refugee", "refugee"),
        Phrase("en", "refugee", "refugee status"),
        Phrase("ru", "refugee", "статус беженца"),
        Phrase("ru", "refugee", "статуса беженца"),
        Phrase("ru", "not_last", "нету"),
        Phrase("en", "eu_settled", "settled status"),
        Phrase("lt", "not_last", "neturiu"),
        Phrase("en", "number", "16 sixteen"),
        Phrase("en", "number", "30 thirty"),
        Phrase("en", "age", "he is {age}"),
        Phrase("en", "for_other", "for my wife"),
        Phrase("en", "nrpf", "no recourse to public funds"),
        Phrase("en", "nrpf", "nrpf"),
        Phrase("en", "hong_kong_bno", "bn(o)"),
        Phrase("zh-Hant", "family", "我有細路"),
        Phrase("en", "age", "i am {age}"),
        Phrase("ar", "age", "{age} سنة"),
        Phrase("en", "unaccompanied_child", "alone"),
        Phrase("ar", "unaccompanied_child", "وحدي"),
        Phrase("en", "for_child", "for my son"),
        Phrase("en", "not", "not"),
        Phrase("en", "not", "no"),
        Phrase("fa", "not", "نیستم"),
        Phrase("en", "others", "my neighbour is"),
        Phrase("so", "not", "ma"),
        Phrase("ro", "refugee", "sunt refugiat"),
        Phrase("en", "family", "i have kids"),
        Phrase("uk", "asylum_seeker", "azil"),
    ]
)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("I am asylum seeker, where can I learn English?", "asylum_seeker"),
        ("im asylm seekr", "asylum_seeker"),
        ("من پناهجو هستم", "asylum_seeker"),
        ("انا وطالب لجوء", "asylum_seeker"),
        ("NRPF!", "nrpf"),
        ("we have no recourse to public funds", "nrpf"),
        ("BN(O) visa", "hong_kong_bno"),
        ("我有細路要返學", "family"),
    ],
)
def test_what_is_said_is_found(text: str, code: str) -> None:
    assert FINDER.find(text).said == (code,)


@pytest.mark.parametrize("text", ["i am not an asylum seeker", "من پناهجو نیستم"])
def test_what_is_denied_is_denied(text: str) -> None:
    assert FINDER.find(text) == Told(denied=("asylum_seeker",))


@pytest.mark.parametrize("text", ["my neighbour is asylum seeker", "the refuge is full", "where is the library", ""])
def test_what_is_not_said_of_the_writer_is_not_found(text: str) -> None:
    assert FINDER.find(text) == Told()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("I am 16 and alone here", ("unaccompanied_child",)),
        ("i am 17 no parents, alone", ("unaccompanied_child",)),
        ("عمري ١٦ سنة وحدي", ("unaccompanied_child",)),
        ("I am 30 and alone here", ()),
        ("alone in room 16", ()),
        ("i am 16", ()),
    ],
)
def test_a_child_alone_is_told_by_age_and_being_alone_together(text: str, said: tuple[str, ...]) -> None:
    assert FINDER.find(text).said == said


@pytest.mark.parametrize(
    "text", ["i am a refugee, no house", "i am a refugee no house", "No. I am a refugee", "not in hotel now but i am a refugee"]
)
def test_a_denial_is_of_what_it_stands_by(text: str) -> None:
    assert FINDER.find(text, "en").said == ("refugee",)


@pytest.mark.parametrize(
    ("text", "told"), [("i have two small kids", Told(said=("family",))), ("i have no kids", Told(denied=("family",)))]
)
def test_words_may_be_put_in_and_a_denial_among_them_denies(text: str, told: Told) -> None:
    assert FINDER.find(text, "en") == told


def test_small_words_of_other_languages_deny_nothing() -> None:
    assert FINDER.find("ma numesc Ion sunt refugiat", "ro").said == ("refugee",)
    assert FINDER.find("ma sunt refugiat", "so").denied == ("refugee",)


def test_where_the_language_is_sure_the_phrases_of_others_are_left_aside() -> None:
    assert FINDER.find("azil de batrani", "ro", sure=True) == Told()
    assert FINDER.find("azil de batrani", "ro").said == ("asylum_seeker",)
    assert FINDER.find("nrpf ce inseamna", "ro", sure=True).said == ("nrpf",)


def test_a_thing_wanted_for_a_child_is_told_apart() -> None:
    assert FINDER.find("no, for my son") == Told(for_child=True)


def test_a_thing_wanted_for_another_adult_is_told_apart() -> None:
    assert FINDER.find("no not for me, for my wife") == Told(for_other=True)
    assert FINDER.find("it is for my son he is 19") == Told(for_other=True)
    assert FINDER.find("it is for my son he is 9") == Told(for_child=True)


@pytest.mark.parametrize("text", ["i am sixteen and alone here", "i am 16 and alone here"])
def test_an_age_is_read_in_words_as_in_digits(text: str) -> None:
    assert FINDER.find(text).said == ("unaccompanied_child",)
    assert FINDER.find(text.replace("sixteen", "thirty").replace("16", "30")).said == ()


@pytest.mark.parametrize(("language", "text"), [("lt", "ne, settled status neturiu"), ("ru", "статуса беженца у меня нету, я жду")])
def test_a_word_that_ends_a_clause_denies_what_stands_before_it(language: str, text: str) -> None:
    assert FINDER.find(text, language).said == ()
    assert FINDER.find(text, language).denied


def test_a_word_that_denies_only_at_the_end_denies_nothing_in_the_middle() -> None:
    assert FINDER.find("у меня статус беженца нету денег на еду", "ru").said == ("refugee",)


def test_the_words_of_a_circumstance_are_known_by_their_places() -> None:
    assert FINDER.find("i have refugee status where is the food bank").words >= {2, 3}


def test_a_code_that_does_not_exist_is_named_with_its_row(tmp_path: Path) -> None:
    (tmp_path / "en.csv").write_text("circumstance,phrase\nrefugee,refugee\nrefuge,refuge\n", encoding="utf-8")
    with pytest.raises(SetUpError, match=r"en\.csv, row 3.*refuge"):
        read_phrases(tmp_path)
