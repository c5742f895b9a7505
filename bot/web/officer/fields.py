"""The fields of the officers' forms: which cells of a sheet are asked for, how, and from forms to rows and back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from anyascii import anyascii
from starlette.datastructures import FormData

from bot.codes import CIRCUMSTANCES, NEEDS, URGENT
from bot.directory.reader import COLUMNS, HOMELESS_TONIGHT, NEW, REGULATORS, STATUS
from bot.directory.sheets import CONFIDENCE, DAYS, UNSURE
from bot.directory.writer import GUIDANCE, ORGANIZATION, PLACE, SERVICE, SHEETS_OF, Cells, Rows

TEXT, LONG, ONE, SEVERAL, DAY, TIME = "text", "long", "one", "several", "date", "time"
"""How a cell is asked for: a line, several lines, one of some options, several of them, a day, a time."""
LONGEST_LINE, LONGEST_TEXT = 400, 4000
"""Characters that somebody can type into a line and into a text; what is longer already stays as it is."""
NEW_ROWS = 2
"""Empty rows that a form offers for further places, times and leads."""


@dataclass(frozen=True)
class Field:
    """One cell of a form. ``options`` are its allowed values; for those of ORGANISATIONS and PLACES the page has them."""

    column: str
    kind: str = TEXT
    options: Sequence[str] = ()
    required: bool = False
    type: str = "text"


@dataclass(frozen=True)
class Part:
    """A part of a form: the fields of a sheet that belong together; a ``many`` part has any number of rows."""

    name: str
    sheet: str
    fields: tuple[Field, ...]
    many: bool = False


SOURCE = (
    Field("source", required=True),
    Field("source_seen"),
    Field("confidence", ONE, CONFIDENCE),
    Field("public", ONE, ("yes", "no"), required=True),
    Field("unsure", SEVERAL, sorted(UNSURE)),
    Field("note", LONG),
)
PARTS: dict[str, tuple[Part, ...]] = {
    SERVICE: (
        Part(
            "about",
            "services.csv",
            (
                Field("name", required=True),
                Field("organisation", ONE, required=True),
                Field("description", LONG, required=True),
                Field("status", ONE, STATUS, required=True),
                Field("alert"),
            ),
        ),
        Part(
            "reach",
            "services.csv",
            (
                Field("phone", type="tel"),
                Field("phone_note"),
                Field("out_of_hours_phone", type="tel"),
                Field("out_of_hours_note"),
                Field("email", type="email"),
                Field("email_note"),
                Field("url", type="url"),
                Field("contact_name"),
                Field("contact_email", type="email"),
            ),
        ),
        Part(
            "whom",
            "services.csv",
            (
                Field("service_types", SEVERAL, (*NEEDS, HOMELESS_TONIGHT), required=True),
                Field("area", required=True),
                Field("eligibility", SEVERAL, CIRCUMSTANCES),
                Field("audience", SEVERAL, CIRCUMSTANCES),
                Field("eligibility_text", LONG),
                Field("min_age"),
                Field("max_age"),
                Field("languages"),
                Field("interpretation_services"),
                Field("cost"),
                Field("cost_amount"),
                Field("regulated_by", ONE, REGULATORS),
                Field("accreditations"),
                Field("area_code"),
            ),
        ),
        Part(
            "times",
            "times.csv",
            (
                Field("days", SEVERAL, DAYS),
                Field("opens", TIME),
                Field("closes", TIME),
                Field("date", DAY),
                Field("from", DAY),
                Field("until", DAY),
                Field("notes"),
                Field("place", ONE),
                Field("freq", ONE, ("", "WEEKLY", "MONTHLY")),
                Field("unsure", SEVERAL, ("hours",)),
                Field("public", ONE, ("yes", "no")),
                Field("source"),
            ),
            many=True,
        ),
        Part(
            "places",
            "places.csv",
            (
                Field("name"),
                Field("address_1"),
                Field("city"),
                Field("county"),
                Field("postcode"),
                Field("location_type", ONE, ("physical", "postal", "virtual")),
                Field("access"),
                Field("latitude"),
                Field("longitude"),
                Field("uprn"),
                Field("public", ONE, ("yes", "no")),
                Field("source"),
            ),
            many=True,
        ),
        Part("leads", "leads.csv", (Field("topic", ONE, ("", *NEEDS, *URGENT, "human")), Field("position")), many=True),
        Part("source", "services.csv", SOURCE),
    ),
    ORGANIZATION: (
        Part(
            "about",
            "organisations.csv",
            (
                Field("name", required=True),
                Field("kind"),
                Field("description", LONG),
                Field("website", type="url"),
                Field("email", type="email"),
                Field("charity_number"),
                Field("company_number"),
            ),
        ),
        Part("source", "organisations.csv", SOURCE),
    ),
    GUIDANCE: (
        Part(
            "about",
            "guidance.csv",
            (
                Field("statement", LONG, required=True),
                Field("topics", required=True),
                Field("positions", required=True),
                Field("area"),
                Field("valid_from", DAY),
                Field("valid_until", DAY),
                Field("urgent", ONE, ("", *URGENT)),
                Field("together"),
            ),
        ),
        Part("source", "guidance.csv", SOURCE),
    ),
    PLACE: (
        Part(
            "about",
            "gazetteer.csv",
            (
                Field("name", required=True),
                Field("kind", required=True),
                Field("parent", ONE),
                *(Field(column) for column in COLUMNS["gazetteer.csv"] if column.startswith("spellings_")),
                Field("ambiguous", ONE, ("", "word", "month")),
                Field("source", required=True),
            ),
        ),
    ),
}
"""The forms of the kinds of records that officers edit, part by part."""

OWNER = "service"
UNASKED = ("key", "country", "source_seen", "confidence", "unsure", "note", *(f"checked_{what}" for what in ("on", "by")))
"""Cells that a row keeps although its form does not ask for them."""


def stem(sheet: str) -> str:
    """Give what the fields of a sheet are called by in a form."""
    return sheet.removesuffix(".csv")


def rows_of_form(kind: str, form: FormData, before: Rows | None) -> Rows:
    """Give the rows that a form stands for; cells that it does not ask for stay as they are in ``before``."""
    main = SHEETS_OF[kind][0]
    kept = (before or {}).get(main, [{}])[0]
    cells: Cells = {column: cell for column, cell in kept.items() if column in UNASKED}
    for part in PARTS[kind]:
        if not part.many:
            cells |= {one.column: _given(form, f"{stem(main)}.0.{one.column}", one) for one in part.fields}
    key = kept.get("key") or _key(form, "key") or key_from(cells.get("name", "") or cells.get("statement", ""))
    rows: Rows = {main: [_plain({**cells, "key": key}, main)]}
    for part in PARTS[kind]:
        if part.many:
            found = _many(form, part, key, cells, (before or {}).get(part.sheet, []))
            if found:
                rows[part.sheet] = found
    return rows


def _many(form: FormData, part: Part, owner: str, main: Cells, before: list[Cells]) -> list[Cells]:
    """Give the rows of a part of which there may be many; those that are empty or to be taken away are left out."""
    found: list[Cells] = []
    taken = {row.get("key", "") for row in before}
    for number in _numbers(form, stem(part.sheet)):
        name = f"{stem(part.sheet)}.{number}"
        cells = {one.column: _given(form, f"{name}.{one.column}", one) for one in part.fields}
        asked = {one.column for one in part.fields} - {"public", "location_type", "source", "freq"}
        if form.get(f"{name}.remove") == "1" or not any(cells[column] for column in asked):
            continue
        key = _key(form, f"{name}.key")
        old = next((row for row in before if row.get("key") == key), {}) if key else before[number] if number < len(before) else {}
        cells = {**{column: cell for column, cell in old.items() if column in UNASKED}, **cells, OWNER: owner}
        if part.sheet != "leads.csv":
            # What is not said of a part of a service is as for the whole.
            cells["source"] = cells["source"] or main.get("source", "")
            cells["public"] = cells["public"] or "yes"
        if part.sheet == "places.csv":
            cells["location_type"] = cells["location_type"] or "physical"
            cells["country"] = cells.get("country") or "GB"
            if not cells.get("key"):
                cells["key"] = next(key for n in range(1, 100) if (key := f"{owner}_place{n}") not in taken)
                taken.add(cells["key"])
        if part.sheet == "times.csv" and cells["days"] and not cells["freq"]:
            cells["freq"] = "MONTHLY" if any(day not in DAYS for day in cells["days"].split(";")) else "WEEKLY"
        found.append(_plain(cells, part.sheet))
    return found


def _numbers(form: FormData, name: str) -> list[int]:
    """Give the numbers of the rows that a form names, in their order."""
    found = {parts[1] for parts in (field.split(".") for field in form) if parts[0] == name and len(parts) == 3}
    return sorted(int(number) for number in found if number.isdecimal())


def _given(form: FormData, name: str, one: Field) -> str:
    """Give the cell that a form holds for a field."""
    values = [value.strip() for value in form.getlist(name) if isinstance(value, str)]
    if one.kind == SEVERAL:
        return ";".join(dict.fromkeys(part.strip() for value in values for part in value.split(";") if part.strip()))
    text = values[0] if values else ""
    if one.kind == LONG:
        return text.replace("\r\n", "\n")
    return text


def _plain(cells: Cells, sheet: str) -> Cells:
    return {column: cells[column] for column in COLUMNS[sheet] if cells.get(column)}


def _key(form: FormData, name: str) -> str:
    value: Any = form.get(name, "")
    return value[:80] if isinstance(value, str) else ""


def key_from(name: str) -> str:
    """Make a key out of a name: Latin letters, digits and underscores, and never the one that no record may have."""
    words = "".join(letter if letter.isalnum() else " " for letter in anyascii(name).lower()).split()
    key = "_".join(words)[:60].strip("_")
    return f"{key}_1" if key == NEW else key
