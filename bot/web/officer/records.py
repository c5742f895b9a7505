"""Lists of records: the oldest, the overdue, what staff found wrong; "still true" for a chosen few, and a letter to each organisation."""

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any
from urllib.parse import quote, urlencode

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.answers.cards import make_card
from bot.directory.changes import ASSURED_AT_ONCE
from bot.directory.listing import Entry, oldest_first
from bot.directory.records import ServiceRecord
from bot.directory.writer import GUIDANCE, ORGANIZATION, PLACE, SERVICE
from bot.errors import Overtaken, PackError
from bot.handover.accounts import Session
from bot.web.api import pipeline_of
from bot.web.officer.editing import refresh
from bot.web.officer.office import became_of, in_english, office_of, officer
from bot.web.rendering import in_words
from bot.web.staff.door import OFFICERS, given, show, signed_in, text_of

KINDS = (SERVICE, ORGANIZATION, GUIDANCE, PLACE)
SHOWS = ("all", "overdue", "unchecked", "oldest", "urgent", "wrong", "hidden")
"""What a list may be narrowed to."""
BY_ORGANIZATION = ("overdue", "unchecked", "oldest", "wrong")
"""Lists that are shown organisation by organisation, since each is asked in one letter."""
ON_A_PAGE = 50
LETTER_AT_MOST = 1800
"""Characters of a letter that an e-mail program is handed: some take no more in an address (docs/officers.md)."""


@dataclass(frozen=True)
class Wanted:
    """What a list shows."""

    kind: str
    show: str
    words: str
    organization: str
    page: int

    def address(self, **changed: Any) -> str:
        """Give the address of the same list with something changed."""
        values = {"kind": self.kind, "show": self.show, "words": self.words, "organization": self.organization, **changed}
        return f"/officer/records?{urlencode({name: value for name, value in values.items() if value})}"


def _wanted(asked: Any) -> Wanted:
    kind, show_, page = text_of(asked, "kind", 20), text_of(asked, "show", 20), text_of(asked, "page", 6)
    return Wanted(
        kind=kind if kind in KINDS else "",
        show=show_ if show_ in SHOWS else "all",
        words=text_of(asked, "words", 100),
        organization=text_of(asked, "organization", 80),
        page=max(1, int(page)) if page.isdecimal() else 1,
    )


def _entries(request: Request, wanted: Wanted, wrong: set[str]) -> list[Entry]:
    def keep(entry: Entry) -> bool:
        return {
            "overdue": entry.overdue,
            "unchecked": entry.unchecked,
            "urgent": entry.urgent,
            "wrong": (entry.id or entry.key) in wrong,
            "hidden": not entry.shown,
            "oldest": entry.review is not None,
        }.get(wanted.show, True)

    found = office_of(request).listing.find(wanted.kind, wanted.words, wanted.organization, keep)
    if wanted.show in BY_ORGANIZATION:
        # Organisations in the order of their oldest record, so that each stands together.
        oldest: dict[tuple[str, str], int] = {}
        for entry in sorted(found, key=oldest_first):
            oldest.setdefault(_group(wanted, entry), len(oldest))
        return sorted(found, key=lambda entry: (oldest[_group(wanted, entry)], oldest_first(entry)))
    return sorted(found, key=oldest_first) if wanted.show == "urgent" else found


def _group(wanted: Wanted, entry: Entry) -> tuple[str, str]:
    """Give key and name of the organisation under which a list shows a record; both empty where it stands under none."""
    return (entry.organization, entry.organization_name) if wanted.show in BY_ORGANIZATION and entry.organization else ("", "")


async def show_records(request: Request, who: Session) -> Response:
    """Show a list of records."""
    return await _list(request, who, _wanted(request.query_params))


async def _list(request: Request, who: Session, wanted: Wanted, error: str = "", status: int = 200) -> Response:
    reports = await to_thread.run_sync(pipeline_of(request).desk.reports.wrong_records)
    wrong = {one["about"]: one for one in reports}
    found = await to_thread.run_sync(_entries, request, wanted, set(wrong))
    start = (wanted.page - 1) * ON_A_PAGE
    shown = found[start : start + ON_A_PAGE]
    groups: dict[tuple[str, str], list[Entry]] = {}
    for entry in shown:
        groups.setdefault(_group(wanted, entry), []).append(entry)
    return show(
        request,
        who,
        "officer/records.html",
        status,
        wanted=wanted,
        groups=groups,
        count=len(found),
        first=start + 1,
        last=start + len(shown),
        more=len(found) > start + ON_A_PAGE,
        kinds=KINDS,
        shows=SHOWS,
        wrong=wrong,
        at_once=ASSURED_AT_ONCE,
        in_words=lambda day: in_words(day, "en"),
        assured=text_of(request.query_params, "assured", 3),  # type: ignore[arg-type]
        **became_of(request),
        error=error,
    )


async def assure(request: Request, who: Session) -> Response:
    """Note that the chosen records are still true."""
    form = await given(request)
    wanted = _wanted(form)
    chosen = []
    for value in form.getlist("record"):
        kind, _, rest = str(value).partition("/")
        key, _, base = rest.rpartition("/")
        if kind in (SERVICE, GUIDANCE) and base.isdecimal():
            chosen.append((kind, key, int(base)))
    try:
        count = await to_thread.run_sync(office_of(request).changes.assure, officer(who), chosen)
    except PackError:
        return await _list(request, who, wanted, "officer.too_many_assured", 422)
    except Overtaken as overtaken:
        return await _list(request, who, wanted, "officer.changed_meanwhile" if overtaken.record.rows else "officer.gone_meanwhile", 409)
    await refresh(request)
    return RedirectResponse(wanted.address(assured=count or "0"), 303)


async def show_letter(request: Request, who: Session) -> Response:
    """Show a letter that asks an organisation whether what we say of it is still right, ready to be sent."""
    office, pipeline, key = office_of(request), pipeline_of(request), request.path_params["key"]
    entries = await to_thread.run_sync(lambda: office.listing.find(SERVICE, organization=key))
    own = await to_thread.run_sync(lambda: [one for one in office.listing.find(ORGANIZATION) if one.key == key])
    if not own:
        return show(request, who, "officer/gone.html", 404, kind=ORGANIZATION, key=key)
    (say, _), now = in_english(request), datetime.now(timezone.utc)
    told = []
    for entry in entries:
        if isinstance(entry.record, ServiceRecord) and entry.shown:
            card = make_card(entry.record, "en", pipeline.catalogues, pipeline.live.current(), now, True)
            facts = (
                ("officer.field.description", card.summary),
                ("card.hours", f"{card.hours} ({card.hours_note})" if card.hours and card.hours_note else card.hours or card.hours_note),
                ("card.address", card.address),
                ("officer.field.phone", card.phone),
                ("card.email", card.email),
                ("card.website", card.url),
                ("card.cost", card.cost),
                ("card.eligibility", card.eligibility),
                ("card.serves", ", ".join(card.serves)),
            )
            told.append("\n".join([card.name, *(f"  {say(name)}: {text or say('officer.letter.nothing')}" for name, text in facts)]))
    library = pipeline.composer().library()
    sender = library.organization if library else say("staff.desk")
    addresses = list(dict.fromkeys(address for address in (own[0].email, *(entry.email for entry in entries)) if address))
    subject = say("officer.letter.subject", organization=own[0].name)
    body = say("officer.letter.body", sender=sender, services="\n\n".join(told), officer=who.member.name)
    short = body if len(body) <= LETTER_AT_MOST else say("officer.letter.paste")
    link = f"mailto:{quote(addresses[0] if addresses else '')}?{urlencode({'subject': subject, 'body': short}, quote_via=quote)}"
    return show(
        request,
        who,
        "officer/letter.html",
        organization=own[0],
        addresses=addresses,
        subject=subject,
        body=body,
        link=link,
        whole=short == body,
        services=len(told),
    )


routes = [
    Route("/officer/records", signed_in(show_records, OFFICERS), methods=["GET"]),
    Route("/officer/records", signed_in(assure, OFFICERS, most=200), methods=["POST"]),
    Route("/officer/letter/{key}", signed_in(show_letter, OFFICERS), methods=["GET"]),
]
