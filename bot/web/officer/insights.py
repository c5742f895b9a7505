"""What people ask for and do not find: counts that show nobody, and where the directory has nothing, as tables, pictures and files."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.codes import ENGLISH_NAMES, INTERPRETER_FOR
from bot.conversation.disclosure import FEWEST, Figure
from bot.conversation.insights import LANGUAGE, PERIODS, PLACE, TOPIC, WEEK, Insights, Report
from bot.conversation.tally import ASKED, WHATS
from bot.directory.gaps import NONE, gap_map
from bot.directory.records import Directory
from bot.handover.accounts import Session
from bot.web.api import pipeline_of, problem
from bot.web.officer.download import csv_file
from bot.web.rendering import in_words
from bot.web.staff.door import OFFICERS, show, signed_in

BY = (TOPIC, PLACE, LANGUAGE, WEEK)
TOTALS, GAPS = "totals", "gaps"


@dataclass(frozen=True)
class Asked:
    """What an officer looks at: what was counted, over how many weeks, and the language that gaps are shown for (empty for none)."""

    what: str
    weeks: int
    language: str


def _asked(request: Request) -> Asked:
    given = request.query_params
    what, weeks, language = given.get("what", ""), given.get("weeks", ""), given.get("language", "")
    return Asked(
        what=what if what in WHATS else ASKED,
        weeks=int(weeks) if weeks in map(str, PERIODS) else PERIODS[0],
        language=language if language in INTERPRETER_FOR else "",
    )


def insights_of(request: Request) -> Insights:
    """Give the counts of the running application."""
    insights: Insights = request.app.state.insights
    return insights


async def _report(request: Request, asked: Asked) -> Report:
    districts = [district.key for district in pipeline_of(request).live.current().districts()]
    return await to_thread.run_sync(insights_of(request).report, asked.what, asked.weeks, districts)


def _label(request: Request, directory: Directory, by: str, key: Any) -> str:
    """Say in English what a row is about."""
    say = pipeline_of(request).catalogues.say
    if by == WEEK:
        assert isinstance(key, date)
        return say("en", "officer.insights.week_of", date=in_words(key, "en"))
    if by == PLACE:
        return directory.places[key].name if key else say("en", "officer.insights.no_place")
    if by == LANGUAGE:
        return ENGLISH_NAMES.get(key) or say("en", "officer.insights.other_language")
    return say("en", f"topic.{key}") if key else say("en", "officer.insights.no_topic")


def _words(request: Request, figure: Figure) -> str:
    """Write a figure as it is shown everywhere: on the page, in pictures and in files."""
    say = pipeline_of(request).catalogues.say
    return str(figure) if isinstance(figure, int) else say("en", f"officer.insights.figure.{figure.value}", fewest=FEWEST)


async def show_insights(request: Request, who: Session) -> Response:
    """Show the counts of what is asked for, and the map of gaps."""
    asked, directory = _asked(request), pipeline_of(request).live.current()
    report, gaps = await _report(request, asked), await to_thread.run_sync(gap_map, directory, asked.language)
    tables = [
        (by, [(_label(request, directory, by, key), figure, _words(request, figure)) for key, figure in report.by[by]])
        for by in BY
        if by in report.by
    ]
    return show(
        request,
        who,
        "officer/insights.html",
        asked=asked,
        first=in_words(report.first, "en"),
        totals=[(what, _words(request, figure)) for what, figure in report.totals.items()],
        tables=tables,
        whats=WHATS,
        periods=PERIODS,
        fewest=FEWEST,
        gaps=gaps,
        without=sum(cell.state == NONE for row in gaps for cell in row),
        districts=directory.districts(),
        languages=sorted(INTERPRETER_FOR.items(), key=lambda one: one[1]),
        language_name=INTERPRETER_FOR.get(asked.language, ""),
    )


async def download(request: Request, who: Session) -> Response:
    """Give one of the page's tables as a file."""
    asked, table = _asked(request), request.path_params["table"]
    directory, say = pipeline_of(request).live.current(), pipeline_of(request).catalogues.say
    rows: list[list[object]]
    if table == GAPS:
        languages = [asked.language] if asked.language else ["", *INTERPRETER_FOR]
        head = [say("en", f"officer.insights.column.{by}") for by in (TOPIC, PLACE, LANGUAGE)]
        head += [say("en", f"officer.gaps.column.{name}") for name in ("services", "near", "speak", "state")]
        rows = [
            [
                say("en", f"topic.{cell.topic}"),
                cell.district.name,
                INTERPRETER_FOR.get(cell.language) or say("en", "officer.gaps.any_language"),
                cell.services,
                cell.near,
                cell.speak if cell.language else "",
                say("en", f"officer.gaps.state.{cell.state}"),
            ]
            for language in languages
            for row in await to_thread.run_sync(gap_map, directory, language)
            for cell in row
        ]
        return csv_file(f"gaps-{asked.language or 'all'}", [head, *rows])
    report = await _report(request, asked)
    if table == TOTALS:
        head = [say("en", "officer.insights.what"), say("en", "officer.insights.count", weeks=asked.weeks)]
        rows = [[say("en", f"officer.insights.what.{what}"), _words(request, figure)] for what, figure in report.totals.items()]
        return csv_file(f"totals-{asked.weeks}-weeks", [head, *rows])
    if table not in report.by:
        return problem(request, "error.not_found", 404, "en")
    head = [say("en", f"officer.insights.column.{table}"), say("en", f"officer.insights.what.{asked.what}")]
    rows = [[_label(request, directory, table, key), _words(request, figure)] for key, figure in report.by[table]]
    return csv_file(f"{asked.what}-by-{table}-{asked.weeks}-weeks", [head, *rows])


routes = [
    Route("/officer/insights", signed_in(show_insights, OFFICERS), methods=["GET"]),
    Route("/officer/insights/{table}.csv", signed_in(download, OFFICERS), methods=["GET"]),
]
