"""One record: its form, what the chat will say of it, and saving it; nothing is overwritten unseen."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from itertools import count
from typing import Any

from anyio import to_thread
from markupsafe import Markup
from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from bot.answers.cards import make_card_with_english
from bot.codes import ENGLISH_NAMES, REPLY_LANGUAGES
from bot.directory.changes import Saved
from bot.directory.comparing import Difference, differences, without_checks
from bot.directory.hours import BRITISH_TIME
from bot.directory.ledger import Record
from bot.directory.reader import COLUMNS, NEW
from bot.directory.records import GuidanceRecord, ServiceRecord
from bot.directory.sheets import Problem
from bot.directory.writer import GUIDANCE, ORGANIZATION, PLACE, SERVICE, Rows
from bot.errors import Overtaken, PackError
from bot.handover.accounts import Session
from bot.web.api import pipeline_of
from bot.web.officer.fields import LONGEST_LINE, LONGEST_TEXT, NEW_ROWS, PARTS, key_from, rows_of_form
from bot.web.officer.office import became_of, described, in_english, label, office_of, officer, option
from bot.web.rendering import OWN_NAMES, environment, in_words, speaker
from bot.web.staff.door import OFFICERS, given, show, signed_in, text_of

LARGEST_FORM, MOST_FIELDS = 512 * 1024, 3000
ASSURE, CLOSED_TODAY = "assure", "closed_today"


@dataclass(frozen=True)
class Shown:
    """What a record's page shows beside its form."""

    record: Record
    rows: Rows
    base: int
    problems: tuple[Problem, ...] = ()
    overtaken: tuple[Difference, ...] = ()
    preview: Markup | None = None
    preview_language: str = "en"
    why: str = ""
    assure: bool = False
    values: dict[str, Any] = field(default_factory=dict)


async def show_record(request: Request, who: Session) -> Response:
    """Show the form of a record, or an empty one."""
    kind, key = request.path_params["kind"], request.path_params["key"]
    record = await to_thread.run_sync(office_of(request).changes.record, kind, "" if key == NEW else key)
    if record.rows is None and key != NEW:
        return show(request, who, "officer/gone.html", 404, kind=kind, key=key)
    organization = request.query_params.get("organization", "")[:80]
    rows: Rows = record.rows or _new(kind, organization)
    shown = Shown(record, rows, record.revision)
    return await _page(request, who, shown)


def _new(kind: str, organization: str) -> Rows:
    """Give what the form of a new record begins with."""
    sheet = PARTS[kind][0].sheet
    first = {"public": "yes"}
    if kind == SERVICE:
        first |= {"status": "active", "organisation": organization}
    return {sheet: [first if kind != PLACE else {}]}


async def _page(request: Request, who: Session, shown: Shown, status: int = 200) -> Response:
    """Write a record's page."""
    office, pipeline = office_of(request), pipeline_of(request)
    record = shown.record
    listing = await to_thread.run_sync(office.listing.entries)
    entry = next((one for one in listing if (one.kind, one.key) == (record.kind, record.key)), None)
    waiting = await to_thread.run_sync(office.changes.waiting_for, record.kind, record.key)
    reports = await to_thread.run_sync(pipeline.desk.reports.wrong_records)
    say, knows = in_english(request)
    problems: dict[tuple[str, int, str], list[str]] = {}
    for problem in shown.problems:
        problems.setdefault((problem.file, problem.line, problem.column), []).append(problem.want)
    options = {
        "organisation": [(one.key, one.name) for one in listing if one.kind == ORGANIZATION],
        "parent": [("", "–"), *((one.key, one.name) for one in listing if one.kind == PLACE)],
        "place": [
            ("", "–"),
            *((row.get("key", ""), row.get("name") or row.get("address_1", "")) for row in shown.rows.get("places.csv", [])),
        ],
    }
    name = entry.name if entry else say(f"officer.new.{record.kind}")
    return show(
        request,
        who,
        "officer/record.html",
        status,
        shown=shown,
        kind=record.kind,
        key=record.key if record.rows is not None else NEW,
        name=name if len(name) < 90 else f"{name[:85]}…",
        parts=PARTS[record.kind],
        new_rows=NEW_ROWS,
        longest=LONGEST_TEXT,
        longest_line=LONGEST_LINE,
        options=options,
        problems=problems,
        label=lambda sheet, column: label(say, knows, sheet, column),
        help=lambda column: say(f"officer.help.{column}") if knows(f"officer.help.{column}") else "",
        option=lambda column, value: option(say, knows, column, value),
        overtaken=[described(say, knows, one) for one in shown.overtaken],
        entry=entry,
        waiting=waiting,
        reports=[one for one in reports if entry and one["about"] in (entry.id, entry.key)],
        preview_languages={code: OWN_NAMES[code] for code in REPLY_LANGUAGES},
        can_preview=record.kind in (SERVICE, GUIDANCE),
        can_assure=record.kind in (SERVICE, GUIDANCE),
        in_words=lambda day: in_words(day, "en"),
        opinions=await to_thread.run_sync(pipeline.feedback.about, entry.id) if entry and record.kind == SERVICE else [],
        language_names=ENGLISH_NAMES,
        **became_of(request),
        assured=request.query_params.get("assured", "")[:2],
    )


async def save_record(request: Request, who: Session) -> Response:
    """Save a record, show what the chat will say of it, note that it is true, close it for today, or end it."""
    office, by = office_of(request), officer(who)
    kind, key = request.path_params["kind"], request.path_params["key"]
    form = await given(request, LARGEST_FORM, MOST_FIELDS)
    base = text_of(form, "base", 12)
    record = await to_thread.run_sync(office.changes.record, kind, "" if key == NEW else key)
    if record.rows is None and key != NEW:
        return show(request, who, "officer/gone.html", 404, kind=kind, key=key)
    do, why = text_of(form, "do", 20), text_of(form, "why", 500)
    # Two deeds have buttons of their own, which send no fields.
    rows = record.rows if record.rows and do in (ASSURE, CLOSED_TODAY) else rows_of_form(kind, form, record.rows)
    if key == NEW:
        rows = await _with_new_key(request, kind, rows)
    shown = Shown(record, rows, int(base) if base.isdecimal() else 0, why=why, assure=text_of(form, "assure", 1) == "1")
    language = text_of(form, "preview_language", 16)
    shown = replace(shown, preview_language=language if language in REPLY_LANGUAGES else "en")
    try:
        if do == "preview":
            return await _preview(request, who, shown)
        if do == "end":
            saved = await to_thread.run_sync(office.changes.end, by, kind, key, shown.base, why)
            await refresh(request)
            return _after(f"/officer/{kind}/{key}" if saved.proposal else f"/officer/records?kind={kind}", saved)
        if do == ASSURE:
            await to_thread.run_sync(office.changes.assure, by, [(kind, key, shown.base)])
            await refresh(request)
            return RedirectResponse(f"/officer/{kind}/{key}?assured=1", 303)
        if do == CLOSED_TODAY:
            rows, why = closed_today(rows, why)
        saved = await to_thread.run_sync(office.changes.save, by, kind, rows, shown.base, why, shown.assure, key == NEW)
    except PackError as error:
        problems = tuple(one if isinstance(one, Problem) else Problem("", 0, "", "", one) for one in error.problems)
        return await _page(request, who, replace(shown, problems=problems), 422)
    except Overtaken as overtaken:
        now: Record = overtaken.record
        found = differences(without_checks(now.rows or {}), without_checks(shown.rows))
        told = [] if found else [Problem("", 0, "", "", pipeline_of(request).catalogues.say("en", "officer.changed_meanwhile"))]
        shown = replace(shown, record=now, base=now.revision, overtaken=tuple(found), problems=tuple(told))
        return await _page(request, who, shown, 409)
    await refresh(request)
    return _after(f"/officer/{kind}/{next(iter(rows.values()))[0]['key']}", saved)


def _after(address: str, saved: Saved) -> Response:
    """Go on to a page that says what became of a change."""
    mark = f"proposed={saved.proposal}" if saved.proposal else f"saved={saved.revision}"
    # Without a fragment of its own, a browser would keep the one of the form.
    return RedirectResponse(f"{address}{'&' if '?' in address else '?'}{mark}#main", 303)


def closed_today(rows: Rows, why: str) -> tuple[Rows, str]:
    """Add to the times of a service that it is closed today."""
    service = rows["services.csv"][0]
    today = datetime.now(timezone.utc).astimezone(BRITISH_TIME).date().isoformat()
    row = {"service": service["key"], "date": today, "notes": "Closed today", "source": service.get("source", ""), "public": "yes"}
    times = [one for one in rows.get("times.csv", []) if one.get("date") != today]
    return {**rows, "times.csv": [*times, row]}, why or "Closed today"


async def _with_new_key(request: Request, kind: str, rows: Rows) -> Rows:
    """Give a new record a key that no other has."""
    sheet = PARTS[kind][0].sheet
    own = key = rows[sheet][0].get("key") or key_from(kind)
    for number in count(2):
        record = await to_thread.run_sync(office_of(request).changes.record, kind, key)
        if record.rows is None and key != NEW:
            break
        key = f"{own}_{number}"
    found: Rows = {}
    for name, some in rows.items():
        found[name] = [{**row, **({"service": key} if name != sheet else {"key": key})} for row in some]
    return found


async def _preview(request: Request, who: Session, shown: Shown) -> Response:
    """Show a record's page with what the chat would say."""
    pipeline, language = pipeline_of(request), shown.preview_language
    record = await to_thread.run_sync(office_of(request).changes.preview, shown.record.kind, shown.rows)
    words = speaker(pipeline.catalogues, language, language != "en")
    now = datetime.now(timezone.utc)
    values: dict[str, Any] = {"service": None, "statement": None, "told": record}
    if isinstance(record, ServiceRecord):
        values["service"] = make_card_with_english(
            record, language, pipeline.catalogues, pipeline.live.current(), now, pipeline.composer().office.at(now)
        )
    elif isinstance(record, GuidanceRecord):
        values["statement"] = pipeline.catalogues.guidance(language, record.key, record.statement)
    page = Markup(environment.get_template("officer/preview.html").render(**words, **values))  # noqa: S704 - a template's own, escaped there
    return await _page(request, who, replace(shown, preview=page))


async def check_cell(request: Request, who: Session) -> Response:
    """Say, as it is typed, what would be right in a field of a form."""
    form = await given(request)
    sheet, _, column = text_of(form, "field", 80).partition("/")
    if column not in COLUMNS.get(sheet, ()):
        return JSONResponse({"want": []}, 404)
    value = text_of(form, "value", LONGEST_TEXT)
    return JSONResponse({"want": await to_thread.run_sync(office_of(request).changes.check_cell, sheet, column, value) if value else []})


async def refresh(request: Request) -> None:
    """Make the chat say what has just been saved."""
    await pipeline_of(request).refresh_directory()


class KindConvertor(Convertor[str]):
    """Finds the kind of a record in an address."""

    regex = "|".join(PARTS)

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("kind", KindConvertor())
routes = [
    Route("/officer/check", signed_in(check_cell, OFFICERS), methods=["POST"]),
    Route("/officer/{kind:kind}/{key}", signed_in(show_record, OFFICERS), methods=["GET"]),
    Route("/officer/{kind:kind}/{key}", signed_in(save_record, OFFICERS, largest=LARGEST_FORM, most=MOST_FIELDS), methods=["POST"]),
]
