"""What differs between two states of a record: plain functions over its rows."""

from dataclasses import dataclass

from bot.codes import URGENT
from bot.directory.reader import COLUMNS, HOMELESS_TONIGHT
from bot.directory.writer import GUIDANCE, ORGANIZATION, PLACE, SERVICE, SHEETS_OF, Cells, Rows

CHECKED = ("checked_on", "checked_by")
"""The columns that say who assured a record, and when."""
ROW_NAME = {"places.csv": "key", "leads.csv": "topic"}
"""What tells the rows of a record's sheet apart; times have no name and are told apart by their order."""
WEIGHTY: dict[str, frozenset[str]] = {
    SERVICE: frozenset(
        {"phone", "out_of_hours_phone", "status", "public", "name", "unsure", "area", "organisation", "service_types", "topic", "position"}
    ),
    ORGANIZATION: frozenset({"public", "name", "kind"}),
    PLACE: frozenset({"name", "parent", "kind"}),
}
"""The columns that urgent answers are made of, by kind of record."""


@dataclass(frozen=True)
class Difference:
    """One cell that differs; ``row`` names the row where a sheet has several, and is empty where it has one."""

    sheet: str
    row: str
    column: str
    before: str
    after: str


def differences(before: Rows | None, after: Rows | None) -> list[Difference]:
    """Give every cell that differs, in the order of the sheets and columns."""
    found = []
    for sheet in COLUMNS:
        old, new = _named(sheet, (before or {}).get(sheet, [])), _named(sheet, (after or {}).get(sheet, []))
        for name in dict.fromkeys([*old, *new]):
            was, now = old.get(name, {}), new.get(name, {})
            for column in COLUMNS[sheet]:
                if was.get(column, "") != now.get(column, ""):
                    found.append(Difference(sheet, name, column, was.get(column, ""), now.get(column, "")))
    return found


def _named(sheet: str, rows: list[Cells]) -> dict[str, Cells]:
    """Give the rows of a sheet by what tells them apart."""
    if sheet == "times.csv":
        return {str(number): row for number, row in enumerate(rows, 1)}
    column = ROW_NAME.get(sheet)
    return {row.get(column, ""): row for row in rows} if column else dict.fromkeys([""], rows[0]) if rows else {}


def without_checks(rows: Rows) -> Rows:
    """Give rows without who assured them, and when."""
    return {sheet: [{name: cell for name, cell in row.items() if name not in CHECKED} for row in found] for sheet, found in rows.items()}


def with_checks(kind: str, rows: Rows, on: str, by: str) -> Rows:
    """Give rows that say that ``by`` assured them ``on`` a day (ISO); nobody, where both are empty. Other kinds than these two stay."""
    if kind not in (SERVICE, GUIDANCE):
        return rows
    plain, first = without_checks(rows), SHEETS_OF[kind][0]
    said = {name: cell for name, cell in zip(CHECKED, (on, by), strict=True) if cell}
    cells = {**plain[first][0], **said}
    return {**plain, first: [{column: cells[column] for column in COLUMNS[first] if column in cells}]}


def checks_of(kind: str, rows: Rows) -> tuple[str, str]:
    """Give when and by whom a record was assured; empty where nobody has."""
    first = rows.get(SHEETS_OF[kind][0], [{}])[0]
    return first.get("checked_on", ""), first.get("checked_by", "")


def is_urgent_service(rows: Rows | None) -> bool:
    """Tell whether urgent answers are made of a service: it leads an urgent need, or is for people with nowhere to sleep tonight."""
    rows = rows or {}
    types = rows.get("services.csv", [{}])[0].get("service_types", "").split(";")
    return HOMELESS_TONIGHT in types or "emergency" in types or any(row["topic"] in URGENT for row in rows.get("leads.csv", []))


def needs_approval(kind: str, before: Rows | None, after: Rows | None, owns_urgent: bool = False) -> bool:
    """Tell whether a change takes a second officer.

    Guidance does, and so does what an urgent answer is made of: number and standing of a service that is called then, the name of an
    organisation with such a service (``owns_urgent``), and of a place, since services serve it by its name.
    """
    changed = differences(without_checks(before or {}), without_checks(after or {}))
    if kind == GUIDANCE:
        return bool(changed)
    concerned = {
        SERVICE: is_urgent_service(before) or is_urgent_service(after),
        ORGANIZATION: owns_urgent,
        PLACE: before is not None,
    }.get(kind, False)
    if not concerned:
        return False
    return before is None or after is None or any(one.column in WEIGHTY[kind] for one in changed)
