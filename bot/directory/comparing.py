"""What differs between two states of a record: plain functions over its rows."""

from collections.abc import Collection
from dataclasses import dataclass

from bot.codes import URGENT
from bot.directory.reader import COLUMNS
from bot.directory.writer import GUIDANCE, SERVICE, SHEETS_OF, Cells, Rows

CHECKED = ("checked_on", "checked_by")
"""The columns that say who assured a record, and when."""
ROW_NAME = {"places.csv": "key", "leads.csv": "topic"}
"""What tells the rows of a record's sheet apart; times have no name and are told apart by their order."""
WEIGHTY = frozenset({"phone", "out_of_hours_phone", "status", "public", "name", "unsure", "area"})
"""The columns of a service that an urgent answer is made of."""


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


def needs_approval(kind: str, before: Rows | None, after: Rows | None) -> bool:
    """Tell whether a change takes a second officer.

    Guidance does, and so does what an urgent answer is made of: the numbers and the standing of the services that lead one.
    """
    changed = differences(without_checks(before or {}), without_checks(after or {}))
    if kind == GUIDANCE:
        return bool(changed)
    if kind != SERVICE or not (_urgent_leads(before) or _urgent_leads(after)):
        return False
    if before is None or after is None:
        return True
    return any(one.column in WEIGHTY for one in changed if one.sheet == "services.csv") or _urgent_leads(before) != _urgent_leads(after)


def _urgent_leads(rows: Rows | None) -> Collection[tuple[str, str]]:
    """Give the urgent needs whose answer a service leads, and its place there."""
    return {(row["topic"], row["position"]) for row in (rows or {}).get("leads.csv", []) if row["topic"] in URGENT}
