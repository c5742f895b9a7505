"""Take it with you: chosen services on one page to print, as a picture, and by a link that holds no personal data."""

import textwrap
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timezone
from urllib.parse import urlencode

import segno
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from bot.answers.cards import make_card
from bot.answers.catalogue import Catalogues
from bot.answers.replies import ServiceCard
from bot.codes import INTERPRETER_FOR, direction
from bot.directory.records import Directory, ServiceRecord
from bot.web.api import pipeline_of
from bot.web.rendering import Visit, any_unchecked, environment, read_visit, render, short_id

SERVICES_AT_MOST = 4
"""How many services still fit on one page in type of 12 points, which is what clear print asks for."""
PICTURE_WIDTH = 720
"""Pixels: what an old phone shows without scrolling sideways, twice as sharp as its screen."""
WIDE = {"W", "F"}


def find_by_short_ids(directory: Directory, names: tuple[str, ...]) -> list[ServiceRecord]:
    """Give the services of ``names`` in their order, each once; what is not, or no longer, in the directory is left out."""
    known = {short_id(service.id): service for service in directory.services}
    return [known[name] for name in dict.fromkeys(names) if name in known]


@dataclass(frozen=True)
class Sheet:
    """A chosen list: its cards in the reader's language and in English, how many are missing or too many, its address and QR code.

    ``lines`` has for each service its telephone numbers, as cards that differ in nothing else: a sheet is read at all hours, so it
    holds the number for office hours and the one for others.
    """

    cards: tuple[ServiceCard, ...]
    english: tuple[ServiceCard, ...]
    lines: tuple[tuple[ServiceCard, ...], ...]
    missing: int
    too_many: int
    path: str
    link: str
    picture: str
    code: segno.QRCode


def make_sheet(visit: Visit, names: tuple[str, ...]) -> Sheet:
    """Make the sheet of the services that ``names`` name."""
    pipeline = pipeline_of(visit.request)
    names = tuple(dict.fromkeys(names))
    directory = pipeline.live.current()
    found = find_by_short_ids(directory, names)
    chosen = found[:SERVICES_AT_MOST]
    moment = datetime.now(timezone.utc)
    office = pipeline.composer().office.at(moment)
    base = pipeline.settings.public_url or str(visit.request.base_url).rstrip("/")
    path = f"/take/{'-'.join(short_id(service.id) for service in chosen)}"
    asked = urlencode({"lang": visit.language})
    return Sheet(
        cards=tuple(make_card(service, visit.language, pipeline.catalogues, directory, moment, office) for service in chosen),
        lines=tuple(_telephones(service, visit.language, pipeline.catalogues, directory, moment) for service in chosen),
        english=tuple(make_card(service, "en", pipeline.catalogues, directory, moment, office) for service in chosen),
        missing=len(names) - len(found),
        too_many=len(found) - len(chosen),
        path=path,
        link=f"{base}{path}?{asked}",
        picture=f"{path}.svg?{asked}",
        code=segno.make(f"{base}{path}?{asked}", micro=False, error="m"),
    )


def _telephones(
    service: ServiceRecord, language: str, catalogues: Catalogues, directory: Directory, moment: datetime
) -> tuple[ServiceCard, ...]:
    by_day, by_night = (make_card(service, language, catalogues, directory, moment, office) for office in (True, False))
    return tuple(card for card in ((by_day,) if by_day.phone == by_night.phone else (by_day, by_night)) if card.phone)


async def show_sheet(request: Request) -> Response:
    """Show the sheet, for what was ticked or for the link."""
    visit = await read_visit(request)
    sheet = make_sheet(visit, _names(visit))
    code = Markup(sheet.code.svg_inline(scale=3, border=2, dark="#000", light="#fff", svgclass="code", lineclass=None, omitsize=True))  # noqa: S704
    entries = list(zip(sheet.cards, sheet.english, sheet.lines, strict=True))
    return render(
        visit,
        "sheet.html",
        200 if entries else 404,
        always_english=True,
        sheet=sheet,
        entries=entries,
        code=code,
        most=SERVICES_AT_MOST,
        unchecked=any_unchecked(sheet.cards),
        path=sheet.path,
    )


def _names(visit: Visit) -> tuple[str, ...]:
    path = visit.request.path_params.get("names", "")
    return visit.services or tuple(name for name in path.split("-") if name)


async def show_picture(request: Request) -> Response:
    """Write the sheet as a picture (SVG); the page's script makes a PNG of it, to be kept among a phone's pictures."""
    visit = await read_visit(request)
    sheet = make_sheet(visit, _names(visit))
    if not sheet.cards:
        return HTMLResponse("", 404)
    return Response(draw(visit, sheet), media_type="image/svg+xml")


def _width(character: str) -> float:
    """Estimate the width of a character in ems; generous, so that no line is cut off whatever font the reader has."""
    if unicodedata.east_asian_width(character) in WIDE:
        return 1.0
    return 0.85 if "\u1200" <= character <= "\u137f" else 0.58


def wrap(text: str, size: int, width: int) -> list[str]:
    """Break ``text`` into lines of at most ``width`` pixels at a font size of ``size`` pixels."""
    widest = max((_width(c) for c in text if not c.isspace()), default=0.58)
    at_most = max(1, int(width / (size * widest)))
    return textwrap.wrap(text, at_most, break_on_hyphens=False) or [""]


def draw(visit: Visit, sheet: Sheet) -> str:
    """Draw the sheet as SVG: lines of text from top to bottom, each on its own side, and the QR code."""
    pipeline = pipeline_of(visit.request)
    say = pipeline.catalogues.say
    lines: list[dict[str, object]] = []
    y = 0

    def write(text: str, language: str, size: int = 26, bold: bool = False, gap: int = 0) -> None:
        nonlocal y
        y += gap
        for line in wrap(text, size, PICTURE_WIDTH - 64):
            y += round(size * 1.45)
            rtl = direction(language) == "rtl"
            x = PICTURE_WIDTH - 32 if rtl else 32
            lines.append({"text": line, "lang": language, "rtl": rtl, "x": x, "y": y, "size": size, "bold": bold})

    write(say(visit.language, "page.title"), visit.language, 30, True, 16)
    for card, english, telephones in zip(sheet.cards, sheet.english, sheet.lines, strict=True):
        write(card.name, "en", 28, True, 28)
        if card.name_meaning:
            write(card.name_meaning, visit.language, 22)
        for line in telephones:
            write(line.phone, "en", 40, True, 4)
            if line.phone_note:
                write(line.phone_note, "en", 22)
            write(say(visit.language, f"card.call_{line.call_price or 'unknown'}"), visit.language, 22)
        if card.hours:
            write(card.hours, visit.language, 24)
            if english.hours != card.hours:
                write(english.hours, "en", 24)
        if card.hours_note:
            write(card.hours_note, "en", 24)
        if card.address:
            write(card.address, "en", 24)
    if any_unchecked(sheet.cards):
        write(say(visit.language, "services.unchecked"), visit.language, 22, gap=24)
    spoken = INTERPRETER_FOR.get(visit.language)
    if spoken:
        write(say(visit.language, "interpreter.say"), visit.language, 24, gap=24)
        write(say("en", "interpreter.words", spoken=spoken), "en", 26, True)
        write(say(visit.language, "interpreter.sounds"), visit.language, 24)
    scale = 6
    side = sheet.code.symbol_size(scale, 2)[0]
    top = y + 24
    modules = sheet.code.svg_inline(scale=scale, border=2, dark="#000", light="#fff", svgclass=None, lineclass=None)
    return environment.get_template("sheet.svg").render(
        lines=lines,
        width=PICTURE_WIDTH,
        height=top + side + 24,
        code=Markup(modules),  # noqa: S704
        code_x=(PICTURE_WIDTH - side) // 2,
        code_y=top,
        title=say(visit.language, "page.title"),
        language=visit.language,
    )


routes = [
    Route("/take", show_sheet, methods=["POST"]),
    Route("/take/{names:str}.svg", show_picture, methods=["GET"]),
    Route("/take/{names:str}", show_sheet, methods=["GET", "POST"]),
]
