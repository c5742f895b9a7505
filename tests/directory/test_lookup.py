"""The look-up of library staff: by word and by meaning, narrowed, and what the filters took away."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import delete

from bot.answers.cards import is_free_service
from bot.codes import NEEDS
from bot.database import open_database
from bot.directory.hours import Opening, opening_at
from bot.directory.lookup import LEFT_OUT_AT_MOST, Filters, LookUp, Result
from bot.directory.meaning import MeaningIndex
from bot.directory.records import Directory, GuidanceRecord, PlaceRecord, ScheduleRecord, ServiceRecord
from bot.directory.search import find_guidance, find_services
from bot.directory.word_table import WordEdition, WordTables
from bot.understanding.embedding import Embedder, Matrix, shared_embedder
from tests.builders import a_place, a_schedule, a_service, a_statement, all_hours, british, the_catalogues

TUESDAY = british(2026, 11, 24, 11)
ANYTHING = Filters()
ALL = 1000

ENGLAND = a_place("england", "England", "nation", inside=False)
WOLDSHIRE = a_place("woldshire", "Woldshire", "county", ENGLAND)
NORTHWOLD = a_place("northwold", "Northwold", "district", WOLDSHIRE)
SOUTHWOLD = a_place("southwold", "Southwold", "district", WOLDSHIRE)
BRIGG = a_place("brigg", "Brigg", "town", NORTHWOLD)

Ask = Callable[..., Result]
County = Callable[..., LookUp]


def labels() -> dict[str, str]:
    catalogues = the_catalogues()
    return {topic: catalogues.say("en", f"topic.{topic}") for topic in NEEDS}


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return shared_embedder()


@pytest.fixture(scope="module", params=["memory", "postgresql"])
def tables(request: pytest.FixtureRequest) -> Iterator[WordTables | None]:
    """Who is asked for words: memory alone, and PostgreSQL where one answers."""
    if request.param == "memory":
        yield None
        return
    engine = open_database(request.getfixturevalue("migrated_schema"))
    asked = WordTables(engine, answers_within_ms=60_000)
    yield asked
    assert not asked.failing, "memory has answered for PostgreSQL"
    with engine.begin() as connection:
        connection.execute(delete(WordEdition))
    for opened in (asked.impatient, engine):
        opened.dispose()


def opened(directory: Directory, vectors: Matrix | None = None, tables: WordTables | None = None) -> LookUp:
    look_up = LookUp(directory, vectors, labels(), is_free_service, tables)
    look_up.keep()
    return look_up


@pytest.fixture(scope="module")
def vectors(directory: Directory, embedder: Embedder, tmp_path_factory: pytest.TempPathFactory) -> Matrix:
    return MeaningIndex(directory, embedder, tmp_path_factory.mktemp("meaning") / "meaning.npz").vectors


@pytest.fixture(scope="module")
def look_up(directory: Directory, vectors: Matrix, tables: WordTables | None) -> LookUp:
    """The look-up over Cambridgeshire, as the product has it."""
    return opened(directory, vectors, tables)


@pytest.fixture(scope="module")
def look_up_in_memory(directory: Directory, vectors: Matrix) -> LookUp:
    """The same for questions without words, which no database is asked."""
    return opened(directory, vectors)


@pytest.fixture
def county(tables: WordTables | None) -> County:
    """A small county as ``woldshire`` makes it, whoever is asked for words."""
    return partial(woldshire, tables=tables)


@pytest.fixture(scope="module")
def ask(look_up: LookUp, embedder: Embedder) -> Ask:
    """Look up words by word and by meaning, on a Tuesday morning."""

    def asked(words: str, filters: Filters = ANYTHING, moment: datetime = TUESDAY, limit: int = 20) -> Result:
        return look_up.find(words, embedder.embed(words), filters, moment, limit)

    return asked


def woldshire(*services: ServiceRecord, guidance: tuple[GuidanceRecord, ...] = (), tables: WordTables | None = None) -> LookUp:
    """A small county, looked up by words alone."""
    places = {place.key: place for place in (ENGLAND, WOLDSHIRE, NORTHWOLD, SOUTHWOLD, BRIGG)}
    directory = Directory(area=WOLDSHIRE, services=services, guidance=guidance, places=places, outcodes={}, digest="")
    return opened(directory, tables=tables)


def by_words(look_up: LookUp, words: str, filters: Filters = ANYTHING, moment: datetime = TUESDAY, limit: int = ALL) -> Result:
    return look_up.find(words, None, filters, moment, limit)


def keys(result: Result) -> list[str]:
    return [service.key for service in result.services]


def told(result: Result) -> list[str]:
    return [statement.key for statement in result.guidance]


def left(result: Result) -> list[tuple[str, str, dict[str, tuple[str, ...]]]]:
    return [(w.service.key, w.reason, w.values) for w in result.left_out]


def place(directory: Directory, name: str) -> PlaceRecord:
    found = directory.place_named(name)
    assert found is not None, name
    return found


def answers(directory: Directory, key: str, topic: str) -> bool:
    service = directory.service(key)
    assert service is not None
    return topic in service.topics or topic in service.leads


# Words


def test_food_in_ely_finds_the_food_bank_of_ely_first(ask: Ask) -> None:
    assert keys(ask("food in Ely"))[0] == "ely_foodbank"


def test_not_all_words_need_be_held_and_those_that_hold_more_come_first(county: County) -> None:
    look_up = county(
        a_service("one", "A", description="Hot soup."),
        a_service("both", "B", description="Hot soup and warm beds."),
        a_service("neither", "C", description="Football."),
        a_service("nor", "D", description="Chess."),
        a_service("again", "E", description="Chess."),
    )
    assert keys(by_words(look_up, "soup beds")) == ["both", "one"]
    assert by_words(look_up, "soup beds").count == 2


@pytest.mark.parametrize("typed", ["bassingbo", "BASSINGBOURN", "Bàssíngboürn", "bassingbourn CAFE", "Bassingbourn café"])
def test_beginnings_case_and_accents_do_not_matter(look_up: LookUp, typed: str) -> None:
    assert keys(by_words(look_up, typed))[0] == "library_bassingbourn"


def test_only_the_last_word_may_be_the_beginning_of_one_and_only_while_it_is_typed(look_up: LookUp) -> None:
    assert "library_bassingbourn" in keys(by_words(look_up, "bassingbo"))
    assert keys(by_words(look_up, "bassingbo ")) == []
    assert keys(by_words(look_up, "bassingbo zzzz")) == []


@pytest.mark.parametrize(("one", "other"), [("class", "classes"), ("advise", "advising"), ("refugee", "refugees")])
def test_english_words_are_found_whatever_their_ending(look_up: LookUp, one: str, other: str) -> None:
    assert keys(by_words(look_up, f"{one} "))
    assert set(keys(by_words(look_up, f"{one} "))) == set(keys(by_words(look_up, f"{other} ")))


@pytest.mark.parametrize("name", ["PARCA", "parca", "Shelter", "Ely Library", "library ELY", "Citizens Advice Rural Cambs"])
def test_a_service_called_so_comes_first(ask: Ask, directory: Directory, name: str) -> None:
    first = ask(name).services[0]
    assert all(word in f"{first.name} {first.organization}".lower() for word in name.lower().split())


def test_called_just_so_comes_before_holding_it_in_the_name_and_that_before_all_else(county: County) -> None:
    look_up = county(
        a_service("text", "Zebra", description="Oak oak oak oak oak, and every oak of Oak Street."),
        a_service("longer", "The Oak Tree of Oak Oak", "Z"),
        a_service("exact", "Oak", "Y"),
        *(a_service(f"other{i}", f"Name{i}") for i in range(5)),
    )
    assert keys(by_words(look_up, "oak")) == ["exact", "longer", "text"]


@pytest.mark.parametrize(
    ("language", "code", "key"), [("Cantonese", "yue", "ukhk"), ("Swahili", "sw", ""), ("Tigrinya", "ti", ""), ("Dari", "prs", "")]
)
def test_a_language_is_found_by_its_english_name(
    look_up: LookUp, directory: Directory, tables: WordTables | None, language: str, code: str, key: str
) -> None:
    other = replace(directory.services[0], languages=(code,))
    changed = replace(directory, services=(other, *directory.services[1:]))
    found = keys(by_words(opened(changed, tables=tables), language))
    assert other.key in found
    assert key in [*found, ""]
    assert other.key not in keys(by_words(look_up, language))


def test_topics_places_cost_and_addresses_are_searched(ask: Ask, look_up: LookUp, directory: Directory) -> None:
    assert any(answers(directory, key, "hate_crime") for key in keys(by_words(look_up, "hate crime"))[:3])
    assert "library_arbury_court" in keys(by_words(look_up, "CB4 2JQ"))
    assert "cambridge_city_foodbank" in keys(by_words(look_up, "Northstowe"))
    assert "cambridge_city_foodbank" in keys(by_words(look_up, "Fairbite"))


def test_a_body_that_may_not_be_shown_for_legal_advice_is_not_found_by_the_name_of_that_topic(county: County) -> None:
    look_up = county(
        a_service("unknown", "A", topics=("legal", "food")),
        a_service("known", "B", topics=("legal",), regulated_by="SRA"),
        *(a_service(f"other{i}", f"Name{i}") for i in range(5)),
    )
    assert keys(by_words(look_up, "immigration")) == ["known"]


def test_words_that_nothing_holds_find_nothing(look_up: LookUp) -> None:
    assert by_words(look_up, "xqzvblorf") == Result((), (), (), 0, closest_only=True)


def test_an_empty_directory_finds_nothing(county: County) -> None:
    for words in ("", "food"):
        assert by_words(county(), words).services == ()


@pytest.mark.parametrize(
    "typed",
    [
        *('"', '""', "'", "*", "food*", "NEAR", "NEAR(food ely)", "NEAR(", "-food", "food -ely", "(", ")", "((food) OR", "food AND", "NOT"),
        *(
            "name:food",
            "name : food",
            "{name}: x",
            "^food",
            "food + ely",
            "\0",
            "fo\0od",
            "_",
            "a_b",
            "\ud800",
            "\u0301",
            "²",
            "\U0001f600",
        ),
        *("'; DROP TABLE stems; --", "food" * 5000, "food " * 5000, "ﷺ" * 300, " ", "\n"),
    ],
)
def test_nothing_that_is_typed_is_taken_for_syntax(look_up: LookUp, typed: str) -> None:
    assert isinstance(by_words(look_up, typed), Result)
    assert keys(by_words(look_up, "food in Ely"))[0] == "ely_foodbank"


@pytest.mark.parametrize("typed", ['"food"', "food*", "(food)", "-food", "^food", "food:", "NEAR(food)", "+food\0"])
def test_marks_round_a_word_change_nothing_in_what_holds_it(look_up: LookUp, typed: str) -> None:
    assert set(keys(by_words(look_up, "food"))) >= set(keys(by_words(look_up, "food "))) > set()
    assert set(keys(by_words(look_up, "food "))) <= set(keys(by_words(look_up, typed)))


# Misspelt words


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("universal credt", "universal credit"), ("foodbnk ", "foodbank "), ("Wisbich library", "Wisbech library"), ("solicter", "solicitor")],
)
def test_a_misspelt_word_finds_what_the_right_spelling_would(look_up: LookUp, typed: str, meant: str) -> None:
    right = by_words(look_up, meant)
    assert keys(right)
    assert set(keys(by_words(look_up, typed))) == set(keys(right))
    assert keys(by_words(look_up, typed))[0] == keys(right)[0]


def test_a_word_that_something_holds_is_looked_up_as_it_stands(county: County) -> None:
    look_up = county(a_service("hosts", "A", description="Hosting."), a_service("hotels", "B", description="Hotels."), a_service("other"))
    assert keys(by_words(look_up, "hosting ")) == ["hosts"]
    assert keys(by_words(look_up, "hoting ")) == ["hosts"]
    assert keys(by_words(look_up, "hote")) == ["hotels"], "the beginning of a word is no slip"


def test_what_holds_words_as_they_were_typed_comes_before_what_holds_them_in_another_spelling(county: County) -> None:
    look_up = county(
        a_service("alike", "A", description="Clothing clothing clothing."),
        a_service("typed", "B", description="A good evening with tea and soup."),
        a_service("both", "C", description="Clothing and soup."),
        *(a_service(f"other{i}", f"Name{i}") for i in range(9)),
    )
    assert keys(by_words(look_up, "clothng soup ")) == ["both", "typed", "alike"]


def test_only_the_nearest_spellings_are_looked_up_and_a_short_word_is_never_another(county: County) -> None:
    services = [a_service("start", "A", description="Start."), a_service("smart", "B", description="Smarts."), a_service("debt", "C")]
    look_up = county(*(replace(one, description=f"{one.description} Tea.") for one in services), *(a_service(f"o{i}") for i in range(5)))
    assert keys(by_words(look_up, "stzrt ")) == ["start"]
    assert keys(by_words(look_up, "dept ")) == []
    assert keys(by_words(look_up, "xtart ")) == [], "the first letter is hardly ever wrong"


def test_a_common_word_of_any_language_is_no_slip_unless_it_is_long(directory: Directory, tables: WordTables | None) -> None:
    look_up = LookUp(directory, None, labels(), is_free_service, tables, {"solicitir", "librari", "monet"})
    look_up.keep()
    assert keys(by_words(look_up, "monet ")) == []
    assert keys(by_words(look_up, "solicitir ")) == keys(by_words(look_up, "solicitor "))


# Meaning


@pytest.mark.parametrize(
    ("question", "topic"),
    [
        ("де вивчати англійську", "esol"),
        ("أين أجد الطعام", "food"),
        ("کجا غذا پیدا کنم", "food"),
        ("gdzie znajdę jedzenie", "food"),
        ("unde găsesc mâncare", "food"),
    ],
)
def test_other_languages_find_services_and_statements_by_meaning(ask: Ask, directory: Directory, question: str, topic: str) -> None:
    found = ask(question)
    assert any(answers(directory, key, topic) for key in keys(found)[:5]), keys(found)
    assert any(topic in statement.topics for statement in found.guidance[:3]), told(found)


@pytest.mark.parametrize(("question", "topic"), [("我想學英文", "esol"), ("محامي هجرة", "legal"), ("asylum appeal", "legal")])
def test_statements_are_found_by_meaning(ask: Ask, question: str, topic: str) -> None:
    assert any(topic in statement.topics for statement in ask(question).guidance[:3])


def test_it_is_said_where_only_the_closest_in_meaning_is_shown(ask: Ask) -> None:
    assert ask("де вивчати англійську").closest_only
    assert not ask("food in Ely").closest_only


def test_meaning_adds_to_words_what_is_near(ask: Ask, look_up: LookUp) -> None:
    assert set(keys(ask("debt", limit=ALL))) > set(keys(by_words(look_up, "debt"))) > set()


def test_found_by_meaning_alone_a_body_that_may_not_give_legal_advice_is_left_out_unless_another_topic_is_chosen(ask: Ask) -> None:
    found = ask("де вивчати англійську")
    assert ("rosmini_centre", "left_out.regulation_unknown", {}) in left(found)
    assert "rosmini_centre" in keys(ask("де вивчати англійську", Filters(topic="esol")))
    assert "rosmini_centre" in keys(ask("english classes"))


def test_vectors_of_another_directory_are_refused(look_up: LookUp, directory: Directory, embedder: Embedder) -> None:
    with pytest.raises(ValueError, match="vectors for"):
        LookUp(directory, embedder.embed("food")[None], labels(), is_free_service)


# Filters and what they take away


@pytest.mark.parametrize("topic", NEEDS)
def test_a_topic_gives_only_services_and_statements_of_it(ask: Ask, directory: Directory, topic: str) -> None:
    found = ask("help and advice", Filters(topic=topic), limit=ALL)
    assert found.services
    homeless = {s.key for s in directory.services if "homeless_tonight" in s.topics and topic == "housing"}
    assert all(answers(directory, key, topic) or key in homeless for key in keys(found))
    assert all(topic in statement.topics for statement in found.guidance)


def test_what_a_topic_takes_away_is_named_with_its_own(ask: Ask) -> None:
    assert ("ely_foodbank", "left_out.other_topic", {"topics": ("food",)}) in left(ask("Ely foodbank", Filters(topic="work")))


def test_legal_is_only_what_may_answer(ask: Ask) -> None:
    found = ask("immigration advice", Filters(topic="legal"), limit=ALL)
    assert set(keys(found)) == {"find_immigration_adviser", "law_society_find_solicitor", "govuk_find_legal_aid"}
    assert ("right_to_remain_toolkit", "left_out.regulation_unknown") in [(key, reason) for key, reason, _ in left(found)]


def test_a_body_for_nothing_but_legal_advice_is_left_out_without_a_topic_too(ask: Ask) -> None:
    found = ask("Right to Remain Toolkit")
    assert "right_to_remain_toolkit" not in keys(found)
    assert left(found)[0] == ("right_to_remain_toolkit", "left_out.regulation_unknown", {})


def test_a_place_takes_away_what_serves_only_somewhere_else(ask: Ask, directory: Directory) -> None:
    found = ask("foodbank", Filters(place=place(directory, "Ely")))
    assert "ely_foodbank" in keys(found)
    assert "cambridge_city_foodbank" not in keys(found)
    assert ("cambridge_city_foodbank", "left_out.elsewhere", {"serves": ("Cambridge", "Cambourne", "Northstowe")}) in left(found)


def test_circumstances_take_away_what_is_for_others(ask: Ask) -> None:
    found = ask("Hong Kong", Filters(circumstances=("homes_for_ukraine",)))
    assert "ukhk" not in keys(found)
    assert ("ukhk", "left_out.for_others", {"who": ("hong_kong_bno",)}) in left(found)


def test_an_unaccompanied_child_is_not_shown_what_is_for_adults() -> None:
    look_up = woldshire(a_service("adults", minimum_age=18), a_service("all"))
    found = by_words(look_up, "advice", Filters(circumstances=("unaccompanied_child",)))
    assert keys(found) == ["all"]
    assert left(found) == [("adults", "left_out.for_adults", {"age": ("18",)})]


def test_a_language_takes_away_those_who_neither_speak_it_nor_have_interpreters_and_speakers_come_first() -> None:
    look_up = woldshire(
        replace(a_service("interpreters", "Advice advice"), interpretation_services="Translation service offered."),
        replace(a_service("speaks"), languages=("zh-Hant", "en")),
        replace(a_service("other"), languages=("ar",)),
    )
    for language in ("zh-Hant", "zh"):
        for words in ("advice", ""):
            found = by_words(look_up, words, Filters(language=language))
            assert keys(found) == ["speaks", "interpreters"]
            assert left(found) == [("other", "left_out.does_not_speak", {"languages": ("ar",)})]
    assert keys(by_words(look_up, "advice", Filters(language="z"))) == ["interpreters"]
    assert by_words(look_up, "advice", Filters(language="en")).count == 3


def test_free_takes_away_what_costs_and_what_does_not_say() -> None:
    look_up = woldshire(
        a_service("free", cost="free"),
        a_service("join", cost="free to join"),
        a_service("silent"),
        a_service("partly", cost="free or low cost"),
        a_service("priced", cost="2 pounds a visit"),
    )
    found = by_words(look_up, "advice", Filters(free=True))
    assert set(keys(found)) == {"free", "join"}
    reasons = {key: (reason, values) for key, reason, values in left(found)}
    assert reasons == {
        "silent": ("left_out.cost_unknown", {"cost": ()}),
        "partly": ("left_out.cost_unknown", {"cost": ("free or low cost",)}),
        "priced": ("left_out.not_free", {"cost": ("2 pounds a visit",)}),
    }


def test_open_now_takes_away_what_is_closed_and_what_nobody_knows() -> None:
    look_up = woldshire(
        a_service("open", schedules=(a_schedule(),)),
        a_service("closed", schedules=(a_schedule("WE"),)),
        a_service("silent"),
        a_service("unsure", schedules=(a_schedule(),), unsure=("hours",)),
        a_service("paused", schedules=(a_schedule(),), status="temporarily closed"),
    )
    found = by_words(look_up, "advice", Filters(open_now=True))
    assert keys(found) == ["open"]
    assert {key: reason for key, reason, _ in left(found)} == {
        "closed": "left_out.closed_now",
        "paused": "left_out.closed_now",
        "silent": "left_out.hours_unknown",
        "unsure": "left_out.hours_unknown",
    }


HOURS = (
    (a_schedule(),),
    (a_schedule("FR;SA", "20:00", "02:00"),),
    (all_hours(),),
    (a_schedule("2TU", "10:30", "12:15"), a_schedule("TU", "14:00", "14:45")),
    (a_schedule("", "", "", "by appointment"),),
    (a_schedule("MO", "", ""),),
    (a_schedule("MO;TU", "22:00", "23:59"), a_schedule("", "08:00", "09:00", on=british(2026, 12, 25).date())),
    (a_schedule("SU", "00:30", "02:30", valid_to=british(2026, 11, 30).date()),),
)


@pytest.mark.parametrize(
    "day", [(2026, 11, 24), (2026, 11, 28), (2026, 11, 29), (2026, 12, 8), (2026, 12, 25), (2027, 3, 28), (2027, 10, 31)]
)
def test_open_now_is_what_opening_at_says_at_every_quarter_of_an_hour(day: tuple[int, int, int]) -> None:
    look_up = woldshire(*(a_service(f"s{i}", schedules=schedules) for i, schedules in enumerate(HOURS)))
    for quarter in range(96):
        for minute in (0, 14):
            moment = british(*day, quarter // 4, quarter % 4 * 15 + minute)
            wanted = {f"s{i}" for i, schedules in enumerate(HOURS) if opening_at(schedules, moment) is Opening.OPEN}
            assert set(keys(by_words(look_up, "", Filters(open_now=True), moment))) == wanted, moment


def test_open_now_follows_the_moment() -> None:
    look_up = woldshire(a_service("day", schedules=(ScheduleRecord(("TU",), "09:00", "17:00", ""),)))
    asked = [keys(by_words(look_up, "", Filters(open_now=True), TUESDAY + timedelta(hours=h))) for h in (-3, 0, 6, 24)]
    assert asked == [[], ["day"], [], []]


def test_what_does_not_match_is_not_named_among_what_was_left_out(ask: Ask, directory: Directory) -> None:
    found = ask("foodbank", Filters(place=place(directory, "Huntingdon")))
    assert 0 < len(found.left_out) <= LEFT_OUT_AT_MOST
    assert "ely_foodbank" in [key for key, _, _ in left(found)]
    assert not {"police_101", "library_ely"} & {key for key, _, _ in left(found)}
    assert not set(keys(found)) & {key for key, _, _ in left(found)}


def test_what_another_language_found_and_a_filter_took_away_is_named(ask: Ask, directory: Directory) -> None:
    found = ask("أين أجد الطعام", Filters(place=place(directory, "Huntingdon")))
    assert ("ely_foodbank", "left_out.elsewhere") in [(key, reason) for key, reason, _ in left(found)]


def test_at_most_as_many_are_given_as_asked_for_and_all_are_counted(look_up: LookUp) -> None:
    everything = by_words(look_up, "library")
    some = by_words(look_up, "library", limit=3)
    assert some.services == everything.services[:3]
    assert some.count == everything.count == len(everything.services) > 3


# Guidance


def test_statements_are_found_by_word_topic_and_place(county: County) -> None:
    look_up = county(
        guidance=(
            a_statement("north", "Coal is free.", area="Northwold"),
            a_statement("everywhere", "Coal and coke are free."),
            a_statement("work", "Coal miners work.", {"work": 1}),
            *(a_statement(f"other{i}", f"Chess number{i}.") for i in range(5)),
        )
    )
    assert set(told(by_words(look_up, "coal"))) == {"north", "everywhere", "work"}
    assert told(by_words(look_up, "coal", Filters(topic="work"))) == ["work"]
    assert set(told(by_words(look_up, "coal", Filters(place=SOUTHWOLD)))) == {"everywhere", "work"}
    assert set(told(by_words(look_up, "coal", Filters(place=BRIGG)))) == {"north", "everywhere", "work"}


def test_statements_bound_together_come_as_one_block_or_not_at_all(county: County) -> None:
    block = (a_statement("first", "Go to the desk.", together="b"), a_statement("second", "Ask for coal.", together="b"))
    others = tuple(a_statement(f"other{i}", f"Chess number{i}.") for i in range(5))
    lapsed = replace(block[0], valid_until=(TUESDAY - timedelta(days=1)).date())
    assert told(by_words(county(guidance=(*block, *others)), "coal")) == ["first", "second"]
    assert told(by_words(county(guidance=(lapsed, block[1], *others)), "coal")) == []


def test_a_statement_out_of_force_is_not_told(county: County) -> None:
    statement = a_statement("st", "Coal is free.", valid_from=TUESDAY.date() + timedelta(days=1))
    look_up = county(guidance=(statement, a_statement("a", "Chess."), a_statement("b", "Draughts.")))
    assert told(by_words(look_up, "coal")) == []
    assert told(by_words(look_up, "coal", moment=TUESDAY + timedelta(days=1))) == ["st"]


# Without words


@pytest.mark.parametrize("name", [None, "Ely", "Fenland", "Wisbech", "Peterborough"])
@pytest.mark.parametrize("topic", NEEDS)
@pytest.mark.parametrize("said", [(), ("refugee",), ("asylum_seeker", "family")])
def test_without_words_the_order_is_that_of_an_answer(
    look_up_in_memory: LookUp, directory: Directory, topic: str, name: str | None, said: tuple[str, ...]
) -> None:
    where = place(directory, name) if name else None
    wanted = find_services(directory, topic, where, TUESDAY.date(), anywhere=where is None, circumstances=said)
    found = by_words(look_up_in_memory, " ?! ", Filters(topic=topic, place=where, circumstances=said))
    assert found.services == wanted.services
    assert found.count == len(wanted.services)
    assert {key for key, _, _ in left(found)} <= {out.service.key for out in wanted.left_out}
    assert bool(found.left_out) == bool(wanted.left_out)
    assert found.guidance == find_guidance(directory, topic, where, TUESDAY.date())


def test_without_words_and_filters_it_is_everything_but_bodies_for_legal_advice_alone(
    look_up_in_memory: LookUp, directory: Directory
) -> None:
    found = by_words(look_up_in_memory, "")
    unregulated = {s.key for s in directory.services if s.topics == {"legal"} and not s.regulated_by and "legal" not in s.leads}
    assert set(keys(found)) == {s.key for s in directory.services} - unregulated
    assert {key for key, _, _ in left(found)} == unregulated
    assert found.guidance == ()
    assert len(by_words(look_up_in_memory, "", limit=5).services) == 5


# Threads


def test_several_threads_get_the_answers_that_one_gets(directory: Directory, tables: WordTables | None) -> None:
    words = ["food in Ely", "libr", "debt", "english", "housing", "Citizens Advice", "hate crime", "sim card"]
    questions = [(word, Filters(place=where)) for word in words for where in (None, place(directory, "Ely"))]
    alone = opened(directory)
    wanted = [by_words(alone, word, filters) for word, filters in questions]
    shared = opened(directory, tables=tables)
    with ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            assert list(pool.map(lambda question: by_words(shared, *question), questions)) == wanted


@pytest.mark.parametrize(
    ("words", "topic"), [("xqzv", "food"), ("xqzv", "esol"), ("де вивчати англійську", "esol"), ("我想學英文", "esol"), ("طعام", "food")]
)
def test_what_the_words_seem_to_be_about_brings_services_of_that_need(
    look_up: LookUp, embedder: Embedder, directory: Directory, words: str, topic: str
) -> None:
    likely = Filters(topic=topic)
    found = look_up.find(words, embedder.embed(words), ANYTHING, TUESDAY, 20, likely)
    first = [service for service in found.services[:6] if topic in service.topics or topic in service.leads]
    assert len(first) >= 3
    without = look_up.find(words, embedder.embed(words), ANYTHING, TUESDAY, 20)
    assert {service.key for service in without.services[:3]} <= set(keys(found)), "nothing is taken away by it"


def test_a_place_in_the_words_brings_what_serves_it(look_up: LookUp, embedder: Embedder, directory: Directory) -> None:
    likely = Filters(topic="food", place=place(directory, "Ely"))
    found = look_up.find("їжа в Елі", embedder.embed("їжа в Елі"), ANYTHING, TUESDAY, 20, likely)
    assert "Ely Foodbank" in [service.name for service in found.services[:4]]
