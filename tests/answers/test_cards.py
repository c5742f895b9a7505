"""A service as a card: facts as the record has them, nothing claimed that is not known."""

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy.engine import Engine

from bot.answers.cards import call_price, is_free_call, is_free_service, languages_said, make_card, phone_for
from bot.answers.catalogue import Catalogues
from bot.answers.replies import ServiceCard
from bot.answers.wording import SERVICES, Draft, Wordings
from bot.codes import REPLY_LANGUAGES
from bot.directory.records import Directory, ServiceRecord
from tests.builders import Clock, a_place, a_schedule, a_service, all_hours, british

MONDAY = british(2026, 11, 23, 11)
ENGLAND = a_place("england", "England", "nation", inside=False)
COUNTY = a_place("woldshire", "Woldshire", "county", ENGLAND)
TOWN = replace(a_place("vale", "Vale", "town", COUNTY), spellings={"uk": ("Вейл",), "fa": ("ویل",)})
DIRECTORY = Directory(COUNTY, (), (), {place.key: place for place in (ENGLAND, COUNTY, TOWN)}, {}, "")


def card(service: ServiceRecord, catalogues: Catalogues, language: str = "en", office_hours: bool = True) -> ServiceCard:
    return make_card(service, language, catalogues, DIRECTORY, MONDAY, office_hours)


@pytest.mark.parametrize(
    "number", ["999", "112", "111", "101", "116 123", "0800 1111", "0808 800 4444", "0800 328 5644", "+44 808 800 4444"]
)
def test_a_call_that_costs_nothing_is_said_to_be_free(number: str) -> None:
    assert is_free_call(number) is True


@pytest.mark.parametrize("number", ["01354 654321", "0345 045 5225", "0300 123 1100", "020 7520 0300", "07700 900123"])
def test_a_call_that_may_cost_is_not_said_to_be_free(number: str) -> None:
    assert is_free_call(number) is False


def test_where_the_numbering_plan_says_nothing_neither_do_we() -> None:
    assert is_free_call("85258") is None


@pytest.mark.parametrize(
    ("number", "price"),
    [
        ("0808 800 4444", "free"),
        ("116 123", "free"),
        ("01354 654321", "standard"),
        ("+44 1354 654321", "standard"),
        ("020 7520 0300", "standard"),
        ("0345 045 5225", "standard"),
        ("0300 123 1100", "standard"),
        ("0845 345 4345", ""),
        ("07700 900123", ""),
        ("85258", ""),
    ],
)
def test_a_card_says_what_a_call_costs_only_where_the_numbering_plan_does(number: str, price: str) -> None:
    assert call_price(number) == price


@pytest.mark.parametrize(("cost", "free"), [("free", True), ("Free", True), ("free to join and borrow", True)])
def test_a_service_whose_record_says_free_is_free(cost: str, free: bool) -> None:
    assert is_free_service(cost) is free


@pytest.mark.parametrize(
    "cost",
    [
        "",
        "free or low cost",
        "free if you qualify; call charges apply, ask for a call back",
        "free advice; call charged as local",
        "Parcels free; Fairbite about 2 pounds a visit (2022)",
        "Free or reduced for many learners; depends on funding rules.",
        "free to search; advisers may charge",
    ],
)
def test_free_with_a_condition_is_not_said_to_be_free(cost: str) -> None:
    assert is_free_service(cost) is None


def test_outside_office_hours_the_number_for_then_is_given_where_there_is_one() -> None:
    council = a_service(phone="01954 713000", night_phone="01253 501117")
    day, night = phone_for(council, True), phone_for(council, False)
    assert day is not None
    assert night is not None
    assert (day.number, night.number) == ("01954 713000", "01253 501117")


def test_a_night_number_is_not_given_by_day_and_a_day_number_is_better_than_none() -> None:
    assert phone_for(a_service(phone="", night_phone="01253 501117"), True) is None
    by_night = phone_for(a_service(phone="01954 713000"), False)
    assert by_night is not None
    assert by_night.number == "01954 713000"
    assert phone_for(a_service(phone=""), False) is None


@pytest.mark.parametrize("language", REPLY_LANGUAGES)
def test_the_facts_of_a_card_are_those_of_the_record_in_every_language(directory: Directory, catalogues: Catalogues, language: str) -> None:
    for service in directory.services:
        made = card(service, catalogues, language)
        assert (made.name, made.organization) == (service.name, service.organization)
        assert (made.email, made.url, made.cost) == (service.email, service.url, service.cost)
        assert (made.eligibility, made.serves, made.source) == (service.eligibility_description, service.serves, service.source)
        if made.summary_lang == language != "en":
            assert made.summary != made.summary_en == service.description
        else:
            assert (made.summary, made.summary_lang, made.summary_en) == (service.description, "en", "")
        assert made.name_meaning != service.name
        assert made.phone in {"", *(phone.number for phone in service.phones)}


def test_what_nobody_has_checked_has_no_date_and_what_somebody_has_shows_it(directory: Directory, catalogues: Catalogues) -> None:
    assert {card(service, catalogues).checked_on for service in directory.services} == {None}
    checked = ServiceRecord(**{**vars(a_service()), "checked_on": date(2026, 11, 20)})
    assert card(checked, catalogues).checked_on == "2026-11-20"


def test_a_service_is_said_to_be_open_or_closed_only_where_its_hours_are_known(catalogues: Catalogues) -> None:
    assert card(a_service(schedules=(a_schedule(),)), catalogues).open_now is True
    assert card(a_service(schedules=(a_schedule("SU"),)), catalogues).open_now is False
    assert card(a_service(), catalogues).open_now is None
    assert card(a_service(schedules=(a_schedule("MO", "", ""),)), catalogues).open_now is None


@pytest.mark.parametrize("language", REPLY_LANGUAGES)
def test_unsure_hours_are_shown_with_please_check_first_and_never_as_open_now(catalogues: Catalogues, language: str) -> None:
    made = card(a_service(schedules=(a_schedule(),), unsure=("hours",)), catalogues, language)
    assert made.open_now is None
    assert made.hours.endswith(catalogues.say(language, "card.check_first"))


def test_an_unsure_address_says_please_check_first(directory: Directory, catalogues: Catalogues) -> None:
    surgery = directory.service("cambridge_access_surgery")
    assert surgery is not None
    assert card(surgery, catalogues).address.endswith("please check first")
    assert card(surgery, catalogues).phone == ""


@pytest.mark.parametrize("schedules", [(all_hours(),), (a_schedule(),)])
def test_a_service_that_is_closed_for_a_time_is_not_said_to_be_open_now(catalogues: Catalogues, schedules: tuple[()]) -> None:
    made = card(a_service(status="temporarily closed", schedules=schedules), catalogues)
    assert made.open_now is not True


@pytest.mark.parametrize("language", REPLY_LANGUAGES)
def test_day_and_night_is_in_the_reader_s_words(catalogues: Catalogues, language: str) -> None:
    made = card(a_service(schedules=(all_hours(),)), catalogues, language)
    assert made.hours == catalogues.say(language, "card.all_hours")
    assert made.open_now is True


def test_the_inner_topic_for_tonight_is_not_shown(catalogues: Catalogues) -> None:
    assert card(a_service(topics=("housing", "food", "homeless_tonight")), catalogues).topics == ("food", "housing")


def test_a_regulator_is_named_only_where_one_is_known(catalogues: Catalogues) -> None:
    assert card(a_service(), catalogues).regulated_by is None
    assert card(a_service(regulated_by="IAA level 2"), catalogues).regulated_by == "IAA level 2"


def test_braces_in_a_record_s_own_words_are_said_as_they_are(engine: Engine) -> None:
    wordings = Wordings(engine, Clock())
    catalogues = Catalogues(wordings=wordings)
    english = "Ask for {name}. Call {phone1}."
    wordings.propose([Draft(SERVICES, "uk", "advice_desk.summary", "Запитайте {name}. Телефон {phone1}.", english)], "Olga", 1)
    catalogues.refresh()
    said = catalogues.quoted("uk", SERVICES, "advice_desk.summary", "Ask for {name}. Call 0808 800 4444.")
    assert said.text == "Запитайте {name}. Телефон 0808 800 4444."


def test_places_come_in_english_with_the_reader_s_spelling_after_them(catalogues: Catalogues) -> None:
    service = a_service(serves=("Vale", "Woldshire", "Elsewhere"))
    assert card(service, catalogues, "uk").serves_said == ("Vale (Вейл)", "Woldshire", "Elsewhere")
    assert card(service, catalogues, "prs").serves_said[0] == "Vale (ویل)"
    assert card(service, catalogues, "en").serves_said == service.serves


@pytest.mark.parametrize(
    ("codes", "language", "said"),
    [
        (("en", "uk"), "uk", "англійська, українська"),
        (("prs", "fa"), "en", "Dari, Persian"),
        (("prs",), "lt", "Dari"),
        (("qaa", "en"), "ti", "qaa, እንግሊዝኛ"),
        (("qaa",), "uk", "qaa"),
        ((), "uk", ""),
    ],
)
def test_languages_that_are_spoken_are_named_and_none_is_left_out(codes: tuple[str, ...], language: str, said: str) -> None:
    assert languages_said(codes, language) == said


def test_who_it_is_for_is_said_in_the_reader_s_words(catalogues: Catalogues) -> None:
    service = a_service(eligibility=("refugee", "asylum_seeker"), minimum_age=19.0)
    assert card(service, catalogues).for_whom == "asking for asylum; refugee; people aged 19 and over"
    assert card(service, catalogues, "ru").for_whom.count("; ") == 2
    assert card(a_service(eligibility=(), minimum_age=None), catalogues).for_whom == ""
