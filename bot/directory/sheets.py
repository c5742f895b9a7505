"""One CSV sheet of an area pack, read cell by cell, with errors an officer can act on."""

import csv
import difflib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import phonenumbers
from phonenumbers import shortnumberinfo

PROVENANCE = ("source", "source_seen", "confidence", "public", "unsure", "note")
CONFIDENCE = ("seen", "seed", "general_knowledge", "")
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
POSTCODE = re.compile(r"[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}")
BYDAY = re.compile(rf"(?:-?[1-5])?({'|'.join(DAYS)})")
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?")
UNSURE = {"phone", "out_of_hours_phone", "hours", "address", "email", "url", "cost", "languages", "eligibility"}
"""Fields that a row may mark as not certain."""


def is_phone(number: str) -> bool:
    """Tell whether ``number`` can be dialled or texted from a British telephone (short codes included)."""
    if not re.fullmatch(r"\+?[\d ()-]+", number):
        return False
    try:
        parsed = phonenumbers.parse(number, "GB")
    except phonenumbers.NumberParseException:
        return False
    digits = re.sub(r"\D", "", number)
    if len(digits) <= 6:
        return len(digits) >= 5 or shortnumberinfo.is_possible_short_number_for_region(parsed, "GB")
    return number.strip()[0] in "0+" and phonenumbers.is_possible_number(parsed)


@dataclass
class Row:
    """One row: where it stands, its cells, and the list that its problems are added to."""

    file: str
    line: int
    cells: dict[str, str]
    problems: list[str]

    def wrong(self, column: str, want: str) -> None:
        """Record that ``column`` is wrong and what to type instead."""
        self.problems.append(f"{self.file}, row {self.line}, column {column}: {self.cells.get(column, '')!r}: {want}")

    def text(self, column: str, required: bool = False, longest: int = 0) -> str:
        """Give a cell without spaces round it; with ``longest``, no longer than that many characters."""
        value = self.cells.get(column, "").strip()
        if longest and len(value) > longest:
            self.wrong(column, f"use at most {longest} characters.")
        if required and not value:
            self.wrong(column, "this must be filled in.")
        return value

    def several(self, column: str) -> list[str]:
        """Give the parts of a list; the same one twice is a fault."""
        parts = [part.strip() for part in self.text(column).split(";") if part.strip()]
        if len(parts) != len(set(parts)):
            self.wrong(column, "the same thing stands here twice.")
        return parts

    def one_of(self, column: str, allowed: tuple[str, ...] | set[str]) -> str:
        value = self.text(column)
        if value not in allowed:
            self.wrong(column, f"give one of {', '.join(a or '(empty)' for a in sorted(allowed))}.")
        return value

    def all_of(self, column: str, allowed: set[str]) -> list[str]:
        values = self.several(column)
        for value in values:
            if value not in allowed:
                near = difflib.get_close_matches(value, allowed, n=3)
                hint = f"did you mean {' or '.join(near)}?" if near else "use a name or key that the other sheets have."
                self.wrong(column, f"{value!r} is not known: {hint}")
        return values

    def number(self, column: str) -> float | None:
        value = self.text(column)
        if not value:
            return None
        if not re.fullmatch(r"-?\d+(\.\d+)?", value):
            self.wrong(column, "give a number, such as 16.")
            return None
        return float(value)

    def whole(self, column: str) -> int:
        value = self.text(column)
        if not value.isdecimal():
            self.wrong(column, "give a whole number, such as 1.")
            return 0
        return int(value)

    def day(self, column: str) -> date | None:
        value = self.text(column)
        if not value:
            return None
        british = re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4})", value)
        try:
            if british:
                return date(int(british[3]), int(british[2]), int(british[1]))
            return date.fromisoformat(value)
        except ValueError:
            self.wrong(column, "give a date as 2026-11-22 or 22/11/2026.")
            return None

    def time(self, column: str) -> str:
        value = self.text(column)
        if value and not TIME.fullmatch(value):
            self.wrong(column, "give a time as 09:30, or leave it empty.")
        return value

    def phone(self, column: str) -> str:
        value = self.text(column)
        if value and not is_phone(value):
            self.wrong(column, "give a telephone number with its leading 0 or +44, and nothing else in the cell.")
        return value

    def email(self, column: str) -> str:
        value = self.text(column)
        if value and not re.fullmatch(r"[^@\s;]+@[^@\s;]+\.[^@\s;]+", value):
            self.wrong(column, "give one e-mail address.")
        return value

    def url(self, column: str) -> str:
        value = self.text(column)
        if value and not re.fullmatch(r"https?://[^\s\"'<>]+", value):
            self.wrong(column, "give a web address that starts with https://.")
        return value

    def provenance(self) -> dict[str, object]:
        """Read the columns that every sheet ends with; ``source`` must be filled."""
        return {
            "source": self.text("source", required=True),
            "source_seen": self.text("source_seen"),
            "confidence": self.one_of("confidence", CONFIDENCE),
            "public": self.one_of("public", ("yes", "no")) == "yes",
            "unsure": self.all_of("unsure", UNSURE),
            "note": self.text("note"),
        }


@dataclass
class Sheet:
    """A CSV file with the columns it must have."""

    path: Path
    columns: tuple[str, ...]
    problems: list[str] = field(default_factory=list)

    def rows(self) -> Iterator[Row]:
        """Give each row that is not empty; a wrong encoding, header or length is recorded as a problem."""
        name = f"{self.path.parent.name}/{self.path.name}"
        try:
            text = self.path.read_bytes().decode("utf-8-sig")
        except UnicodeDecodeError:
            self.problems.append(f"{name}: save it as “CSV UTF-8” and try again.")
            return
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        try:
            header = next(reader, [])
            missing = [c for c in self.columns if c not in header]
            unknown = [c for c in header if c and c not in self.columns]
            if missing or unknown:
                said = [f"column {c} is missing" for c in missing] + [f"column {c} is not known" for c in unknown]
                self.problems.append(f"{name}, row 1: {'; '.join(said)}.")
                return
            for number, cells in enumerate(reader, 2):
                if not any(cell.strip() for cell in cells):
                    continue
                if len(cells) != len(header):
                    self.problems.append(f"{name}, row {number}: {len(cells)} cells where there are {len(header)} columns.")
                    continue
                yield Row(name, number, dict(zip(header, cells, strict=True)), self.problems)
        except csv.Error as error:
            self.problems.append(f"{name}, row {reader.line_num}: {error}.")
