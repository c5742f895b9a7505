"""A new area: an empty pack with every sheet that an area has, and the one row of the gazetteer that is the area itself."""

import csv
import re
import shutil
import tempfile
from datetime import date
from pathlib import Path

from bot.directory.pack import SHARED
from bot.directory.reader import COLUMNS
from bot.directory.sheets import Row, read_csv
from bot.errors import AreaError
from bot.settings import ROOT

PACKS = ROOT / "data" / "directory"
GAZETTEER = "gazetteer.csv"
SHEETS = tuple(sheet for sheet in COLUMNS if sheet not in ("terms.csv", "guidance.csv"))
"""The sheets of an area; the closed lists of terms and the guidance are every area's."""
KINDS = ("county", "district", "city")
"""What an area can be; the other areas know a neighbour's places of these kinds by name."""
LONGEST_NAME = 40
WITH_MARK = "utf-8-sig"
"""Excel takes a sheet for UTF-8 only where it begins with a byte order mark."""


def area_names(packs: Path = PACKS) -> list[str]:
    """Give the names of the areas there are."""
    return sorted(path.parent.name for path in packs.glob(f"*/{GAZETTEER}") if path.parent.name != SHARED)


def new_area(name: str, title: str, kind: str, parent: str, today: date, packs: Path = PACKS) -> Path:
    """Make the pack of the area ``name``, called ``title``, in the place with the key ``parent``; give its folder.

    Where England's gazetteer has the place already, its spellings are found there, and so is what it lies in where ``parent`` is empty.
    Raises AreaError, and nothing is changed.
    """
    folder = packs / name
    if not re.fullmatch(r"[a-z_]+", name) or len(name) > LONGEST_NAME or not name.strip("_"):
        raise AreaError(f"{name!r} cannot be the name of an area: use small letters a to z and _, such as west_sussex.")
    if folder.exists():
        raise AreaError(f"{name} is there already, in {folder}: choose another name, or fill in its sheets.")
    if kind not in KINDS:
        raise AreaError(f"{kind!r} cannot be an area: give --kind {', '.join(KINDS)}.")
    title = " ".join(title.split())
    if not title:
        raise AreaError("An area needs the name that people write: give --title, such as --title Kent.")
    paths = sorted(packs.glob(f"*/{GAZETTEER}"))
    places = {path: list(read_csv(f"{path.parent.name}/{path.name}", path.read_bytes(), COLUMNS[GAZETTEER], [])) for path in paths}
    shared = packs / SHARED / GAZETTEER
    known = _standing(name, title, places, shared)
    parent = parent or (known.text("parent") if known else "")
    if parent not in {row.text("key") for row in places[shared]} - {name}:
        keys = f"a key of {SHARED}/{GAZETTEER} such as south_east or england"
        raise AreaError(f"{parent!r} is no place that an area can lie in: give --parent, {keys}.")
    source = f"typed by an officer, {today.isoformat()}"
    _write(folder, {"key": name, "name": title, "kind": kind, "parent": parent, "source": source})
    return folder


def _standing(name: str, title: str, places: dict[Path, list[Row]], shared: Path) -> Row | None:
    """Give the row that England's gazetteer has of the area; None where it has none. Raises AreaError where another stands in the way."""
    found = None
    for path, rows in places.items():
        for row in rows:
            at, key, called = f"{row.file}, row {row.line}", row.text("key"), row.text("name")
            if key != name and called.casefold() == title.casefold():
                raise AreaError(f"{title} is a place already, with the key {key} ({at}): use that for the name of the area.")
            if key != name:
                continue
            if path != shared:
                raise AreaError(f"{name} is a place of another area ({at}): take it out there, with the places in it, and start again.")
            if called != title:
                raise AreaError(f"{at} calls {name} {called!r}, and records name it so: give --title {called!r}.")
            found = row
    return found


def _write(folder: Path, own: dict[str, str]) -> None:
    """Write the sheets beside their place and move them there whole."""
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".new-") as made:
        pack = Path(made) / folder.name
        pack.mkdir()
        for sheet in SHEETS:
            with (pack / sheet).open("w", encoding=WITH_MARK, newline="") as file:
                writer = csv.writer(file)
                writer.writerow(COLUMNS[sheet])
                if sheet == GAZETTEER:
                    writer.writerow([own.get(column, "") for column in COLUMNS[sheet]])
        shutil.move(pack, folder)
