"""The counts as officers see them: by period, topic, district, language and week, with the small ones hidden."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from bot.codes import ENGLISH_NAMES, NEEDS
from bot.conversation.disclosure import FEWEST, Hidden
from bot.conversation.insights import LANGUAGE, PERIODS, PLACE, TOPIC, WEEK, Insights
from bot.conversation.tally import ASKED, HANDED_OVER, LEFT, NO_SERVICE, NOT_UNDERSTOOD, WHATS, Tally
from bot.database import migrate, open_database
from tests.builders import Clock, british

THIS_WEEK = date(2026, 11, 30)
DISTRICTS = ["cambridge", "fenland"]


@pytest.fixture
def insights(engine: Engine) -> Insights:
    return Insights(engine, Clock(british(2026, 12, 3)))


def count(
    engine: Engine, number: int, what: str = ASKED, topic: str = "food", place: str = "cambridge", language: str = "en", weeks_ago: int = 0
) -> None:
    with Session(engine, future=True) as session:
        week = THIS_WEEK - timedelta(weeks=weeks_ago)
        session.add(Tally(week=week, what=what, topic=topic, place=place, language=language, count=number))
        session.commit()


def test_a_period_ends_now_and_begins_so_many_weeks_ago(insights: Insights, engine: Engine) -> None:
    for weeks_ago, number in ((0, 10), (3, 20), (4, 40), (11, 80), (12, 160), (51, 320), (52, 640), (-1, 1000)):
        count(engine, number, weeks_ago=weeks_ago)
    for weeks, total in zip(PERIODS, (30, 150, 630), strict=True):
        report = insights.report(ASKED, weeks, DISTRICTS)
        assert report.totals[ASKED] == total
        assert report.first == THIS_WEEK - timedelta(weeks=weeks - 1)
        assert len(report.by[WEEK]) == weeks


def test_every_row_is_there_in_an_order_that_tells_nothing(insights: Insights, engine: Engine) -> None:
    count(engine, 50, topic="work", language="uk", place="fenland")
    report = insights.report(ASKED, 4, DISTRICTS)
    assert [key for key, _ in report.by[TOPIC]] == list(NEEDS)
    assert [key for key, _ in report.by[PLACE]] == [*DISTRICTS, ""]
    assert [key for key, _ in report.by[LANGUAGE]] == [*ENGLISH_NAMES, "other"]
    assert [key for key, _ in report.by[WEEK]] == [THIS_WEEK - timedelta(weeks=back) for back in (3, 2, 1, 0)]


def test_counts_stand_in_their_rows(insights: Insights, engine: Engine) -> None:
    for topic, number in (("food", 40), ("work", 30), ("school", 20)):
        count(engine, number, topic=topic)
    count(engine, 7, what=HANDED_OVER)
    by_topic = dict(insights.report(ASKED, 4, DISTRICTS).by[TOPIC])
    assert (by_topic["food"], by_topic["work"]) == (40, 30)
    assert by_topic["school"] is Hidden.OTHER, "the many rows of none need one to hide among"
    assert by_topic["housing"] is Hidden.SMALL
    assert insights.report(HANDED_OVER, 4, DISTRICTS).totals[HANDED_OVER] == 7


def test_what_the_directory_does_not_know_any_more_is_not_lost(insights: Insights, engine: Engine) -> None:
    count(engine, 30, place="a_district_of_before")
    count(engine, 30, language="xh")
    count(engine, 40, place="fenland")
    report = insights.report(ASKED, 4, DISTRICTS)
    assert report.totals[ASKED] == 100
    assert dict(report.by[PLACE])[""] in (30, Hidden.OTHER)


def test_what_was_not_understood_has_no_topic(insights: Insights, engine: Engine) -> None:
    count(engine, 9, what=NOT_UNDERSTOOD, topic="")
    report = insights.report(NOT_UNDERSTOOD, 4, DISTRICTS)
    assert TOPIC not in report.by
    assert report.totals[NOT_UNDERSTOOD] == 9


def test_a_total_that_tells_how_little_came_before_is_hidden(insights: Insights, engine: Engine) -> None:
    count(engine, 100)
    count(engine, 2, weeks_ago=5)
    assert insights.report(ASKED, 4, DISTRICTS).totals[ASKED] == 100
    assert insights.report(ASKED, 12, DISTRICTS).totals[ASKED] is Hidden.OTHER
    assert insights.report(ASKED, 52, DISTRICTS).totals[ASKED] is Hidden.OTHER


def test_a_week_is_told_alike_in_every_period(insights: Insights, engine: Engine) -> None:
    for weeks_ago, number in ((0, 30), (1, 2), (2, 40), (3, 50), (4, 6), (5, 7), (6, 60), (30, 9)):
        count(engine, number, weeks_ago=weeks_ago)
    told = [dict(insights.report(ASKED, weeks, DISTRICTS).by[WEEK]) for weeks in PERIODS]
    for week, figure in told[0].items():
        assert told[1][week] == told[2][week] == figure
    assert told[0][THIS_WEEK - timedelta(weeks=1)] is Hidden.SMALL
    assert told[0][THIS_WEEK] is Hidden.OTHER


def test_counts_older_than_their_years_are_deleted(insights: Insights, engine: Engine) -> None:
    for weeks_ago in (0, 150, 158):
        count(engine, 9, weeks_ago=weeks_ago)
    insights.forget(3)
    with Session(engine, future=True) as session:
        assert set(session.execute(select(Tally.week)).scalars()) == {THIS_WEEK, THIS_WEEK - timedelta(weeks=150)}


TALLIES = st.dictionaries(
    st.tuples(
        st.sampled_from((ASKED, NO_SERVICE, LEFT)),
        st.sampled_from(("food", "work", "housing")),
        st.sampled_from(("cambridge", "fenland", "")),
        st.sampled_from(("en", "uk", "xh")),
        st.integers(0, 20),
    ),
    st.integers(1, 12),
    max_size=25,
)


@pytest.fixture(scope="module")
def one_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A database that every example empties for itself."""
    engine = open_database(f"sqlite:///{tmp_path_factory.mktemp('insights') / 'test.db'}")
    migrate(engine)
    yield engine
    engine.dispose()


@given(tallies=TALLIES)
@settings(max_examples=30, phases=(Phase.explicit, Phase.reuse, Phase.generate))
def test_no_count_under_five_is_ever_shown_and_none_is_the_rest_of_a_sum(
    one_file: Engine, tallies: dict[tuple[str, str, str, str, int], int]
) -> None:
    with Session(one_file, future=True) as session:
        session.execute(delete(Tally))
        for (what, topic, place, language, back), number in tallies.items():
            week = THIS_WEEK - timedelta(weeks=back)
            session.add(Tally(week=week, what=what, topic=topic, place=place, language=language, count=number))
        session.commit()
    insights = Insights(one_file, Clock(british(2026, 12, 3)))
    for what in WHATS:
        for weeks in PERIODS:
            report = insights.report(what, weeks, DISTRICTS)
            figures = [figure for table in report.by.values() for _, figure in table]
            assert all(isinstance(figure, Hidden) or figure >= FEWEST for figure in [*figures, *report.totals.values()])
            for column in (TOPIC, PLACE, LANGUAGE):
                hidden = [figure for _, figure in report.by.get(column, ()) if isinstance(figure, Hidden)]
                assert len(hidden) != 1 or isinstance(report.totals[what], Hidden), "it would be the total without the rest"
