"""The cold-weather switch: what may be switched on, when it is on, and that two officers cannot contradict each other."""

import re
import threading
from datetime import date, datetime, time, timedelta, timezone

import pytest
from sqlalchemy.engine import Engine

from bot.directory.cold_weather import PAST_SHOWN, ColdSpell, ColdWeatherSwitch, check, moment_of, places_of
from bot.directory.records import Directory
from bot.errors import ColdWeatherRefused
from bot.settings import ROOT
from tests.builders import Clock, a_cold_spell, british, the_catalogues

HOUR = timedelta(hours=1)
NOW = british(2026, 11, 30, 12)


def refusal(starts_at: datetime, ends_at: datetime, *others: ColdSpell, place: str = "fenland") -> str:
    """Give what is refused at noon; empty where nothing is."""
    try:
        check(place, starts_at, ends_at, NOW, others)
    except ColdWeatherRefused as refused:
        return refused.what
    return ""


def test_it_is_on_from_its_start_until_just_before_its_end() -> None:
    spell = a_cold_spell(starts_at=NOW, ends_at=NOW + HOUR)
    moments = (NOW - timedelta(seconds=1), NOW, NOW + HOUR - timedelta(seconds=1), NOW + HOUR)
    assert [spell.is_on(moment) for moment in moments] == [False, True, True, False]
    assert [spell.is_planned(moment) for moment in moments] == [True, False, False, False]


def test_once_switched_off_it_is_neither_on_nor_planned() -> None:
    off = a_cold_spell(starts_at=NOW, ends_at=NOW + 9 * HOUR, ended_at=NOW + HOUR)
    assert [off.is_on(NOW + n * HOUR) for n in (0, 1, 2)] == [True, False, False]
    assert not a_cold_spell(starts_at=NOW + HOUR, ends_at=NOW + 9 * HOUR, ended_at=NOW).is_planned(NOW)


@pytest.mark.parametrize(
    ("day", "clock", "later", "utc"),
    [
        (date(2026, 12, 1), time(18), False, "2026-12-01T18:00"),
        (date(2026, 7, 1), time(18), False, "2026-07-01T17:00"),
        (date(2026, 3, 29), time(0, 59), False, "2026-03-29T00:59"),
        (date(2026, 3, 29), time(2, 0), False, "2026-03-29T01:00"),
        (date(2026, 10, 25), time(1, 30), False, "2026-10-25T00:30"),
        (date(2026, 10, 25), time(1, 30), True, "2026-10-25T01:30"),
        (date(2026, 10, 25), time(9), True, "2026-10-25T09:00"),
    ],
)
def test_a_time_is_what_british_clocks_show(day: date, clock: time, later: bool, utc: str) -> None:
    assert moment_of(day, clock, later) == datetime.fromisoformat(utc).replace(tzinfo=timezone.utc)


def test_a_time_that_the_clocks_leave_out_is_refused() -> None:
    with pytest.raises(ColdWeatherRefused, match="no_such_time"):
        moment_of(date(2026, 3, 29), time(1, 30))


def test_a_night_in_which_the_clocks_go_back_is_an_hour_longer() -> None:
    evening, morning = moment_of(date(2026, 10, 24), time(18)), moment_of(date(2026, 10, 25), time(9), later=True)
    assert morning - evening == 16 * HOUR


@pytest.mark.parametrize(
    ("starts", "ends", "what"),
    [
        (0, 21, ""),
        (-24, 1, ""),
        (-25, 1, "past"),
        (1, 1, "order"),
        (2, 1, "order"),
        (-3, -1, "over"),
        (-3, 0, "over"),
        (0, 14 * 24, ""),
        (0, 14 * 24 + 1, "ahead"),
        (14 * 24 + 1, 14 * 24 + 2, "ahead"),
    ],
)
def test_what_cannot_be_meant_is_refused(starts: int, ends: int, what: str) -> None:
    assert refusal(NOW + starts * HOUR, NOW + ends * HOUR) == what


@pytest.mark.parametrize(("starts", "ends", "what"), [(0, 4, ""), (0, 5, "overlap"), (5, 6, "overlap"), (3, 9, "overlap"), (8, 9, "")])
def test_two_for_the_same_place_may_touch_and_not_overlap(starts: int, ends: int, what: str) -> None:
    other = a_cold_spell("fenland", NOW + 4 * HOUR, NOW + 8 * HOUR)
    assert refusal(NOW + starts * HOUR, NOW + ends * HOUR, other) == what


def test_another_place_or_one_that_was_switched_off_is_no_overlap() -> None:
    elsewhere = a_cold_spell("cambridge", NOW, NOW + 8 * HOUR)
    off = a_cold_spell("fenland", NOW - HOUR, NOW + 8 * HOUR, ended_at=NOW)
    taken_back = a_cold_spell("fenland", NOW + 2 * HOUR, NOW + 8 * HOUR, ended_at=NOW + HOUR)
    assert refusal(NOW, NOW + 8 * HOUR, elsewhere, off, taken_back) == ""


def test_beds_are_for_the_whole_area_a_district_or_a_city_with_its_own_council(directory: Directory) -> None:
    names = [place.name for place in places_of(directory)]
    assert names[0] == "Cambridgeshire"
    assert names[1:] == ["Cambridge", "East Cambridgeshire", "Fenland", "Huntingdonshire", "Peterborough", "South Cambridgeshire"]


def test_what_is_switched_on_is_known_at_once_and_after_a_start_anew(engine: Engine) -> None:
    clock = Clock()
    switch = ColdWeatherSwitch(engine, clock)
    assert switch.current() == ()
    spell = switch.switch_on("fenland", clock(), clock() + 9 * HOUR, "SWEP, minus four", "Olga")
    assert (spell.place, spell.note, spell.by, spell.at) == ("fenland", "SWEP, minus four", "Olga", clock())
    assert switch.current() == (spell,)
    assert ColdWeatherSwitch(engine, clock).current() == (spell,)


def test_another_process_knows_it_at_its_next_look(engine: Engine) -> None:
    clock = Clock()
    here, there = ColdWeatherSwitch(engine, clock), ColdWeatherSwitch(engine, clock)
    spell = here.switch_on("fenland", clock(), clock() + 9 * HOUR, "", "Olga")
    assert there.current() == ()
    there.refresh()
    assert there.current() == (spell,)
    assert here.switch_off(spell.id, "Omar")
    there.refresh()
    assert there.current() == here.current() == ()


def test_a_time_in_another_zone_is_kept_as_the_same_moment(engine: Engine) -> None:
    clock = Clock(datetime(2026, 7, 1, 12, tzinfo=timezone.utc))
    spell = ColdWeatherSwitch(engine, clock).switch_on("fenland", british(2026, 7, 1, 13), british(2026, 7, 1, 15), "", "Olga")
    (kept,) = ColdWeatherSwitch(engine, clock).current()
    assert kept == spell
    assert (kept.starts_at, kept.ends_at) == (clock(), clock() + 2 * HOUR)


def test_what_is_refused_is_not_kept(engine: Engine) -> None:
    clock = Clock()
    switch = ColdWeatherSwitch(engine, clock)
    spell = switch.switch_on("fenland", clock(), clock() + 9 * HOUR, "", "Olga")
    with pytest.raises(ColdWeatherRefused, match="overlap"):
        switch.switch_on("fenland", clock() + HOUR, clock() + 2 * HOUR, "", "Omar")
    with pytest.raises(ColdWeatherRefused, match="order"):
        switch.switch_on("cambridge", clock() + HOUR, clock(), "", "Omar")
    switch.refresh()
    assert switch.current() == (spell,)
    assert switch.past() == []


def test_switched_off_it_says_by_whom_and_when_and_once_only(engine: Engine) -> None:
    clock = Clock()
    switch = ColdWeatherSwitch(engine, clock)
    spell = switch.switch_on("fenland", clock(), clock() + 9 * HOUR, "", "Olga")
    clock.pass_by(hours=2)
    assert switch.switch_off(spell.id, "Omar")
    clock.pass_by(hours=1)
    assert not switch.switch_off(spell.id, "Ada")
    assert not switch.switch_off(spell.id + 1, "Ada")
    (over,) = switch.past()
    assert (over.ended_by, over.ended_at, over.until) == ("Omar", clock() - HOUR, clock() - HOUR)
    assert switch.switch_on("fenland", clock(), clock() + 9 * HOUR, "", "Ada") in switch.current()


def test_what_has_ended_is_told_no_more_and_cannot_be_switched_off(engine: Engine) -> None:
    clock = Clock()
    switch = ColdWeatherSwitch(engine, clock)
    spell = switch.switch_on("fenland", clock(), clock() + HOUR, "", "Olga")
    clock.pass_by(hours=1)
    assert not any(one.is_on(clock()) for one in switch.current()), "no look at the database is needed"
    assert not switch.switch_off(spell.id, "Olga")
    assert switch.past() == [spell]
    switch.refresh()
    assert switch.current() == ()


def test_the_last_ten_are_shown_newest_first(engine: Engine) -> None:
    clock = Clock()
    switch = ColdWeatherSwitch(engine, clock)
    for number in range(PAST_SHOWN + 2):
        switch.switch_on("fenland", clock(), clock() + HOUR, str(number), "Olga")
        clock.pass_by(hours=1)
    assert [spell.note for spell in switch.past()] == [str(number) for number in range(PAST_SHOWN + 1, 1, -1)]


def test_of_officers_who_switch_on_at_once_one_is_heard(engine: Engine) -> None:
    clock = Clock()
    switches = [ColdWeatherSwitch(engine, clock) for _ in range(4)]
    start, refused = threading.Barrier(len(switches)), []

    def press(switch: ColdWeatherSwitch) -> None:
        start.wait()
        try:
            switch.switch_on("fenland", clock(), clock() + HOUR, "", "Olga")
        except ColdWeatherRefused as error:
            refused.append(error.what)

    officers = [threading.Thread(target=press, args=(switch,)) for switch in switches]
    for officer in officers:
        officer.start()
    for officer in officers:
        officer.join()
    assert refused == ["overlap"] * 3
    assert len(ColdWeatherSwitch(engine, clock).current()) == 1


def test_every_refusal_has_words_that_say_what_to_do() -> None:
    """What is refused is read from the source, where each is written out."""
    sources = (ROOT / name for name in ("bot/directory/cold_weather.py", "bot/web/officer/cold_weather.py"))
    refusals = {what for source in sources for what in re.findall(r'ColdWeatherRefused\("(\w+)"', source.read_text(encoding="utf-8"))}
    assert len(refusals) == 8
    for what in refusals:
        assert "{" not in the_catalogues().say("en", f"officer.cold_weather.wrong.{what}", days=14)


def test_after_their_years_cold_spells_are_forgotten(engine: Engine) -> None:
    clock = Clock(NOW)
    switch = ColdWeatherSwitch(engine, clock)
    switch.switch_on("fenland", NOW, NOW + HOUR, "", "Olga")
    clock.pass_by(days=7 * 365)
    switch.forget(7)
    assert [spell.by for spell in switch.past()] == ["Olga"]
    clock.pass_by(days=3)
    switch.forget(7)
    assert switch.past() == []
