"""Area packs: a folder of CSV sheets fills the directory, all or nothing.

An installation's directory is filled from its area's pack and ``england``. The sheets are described in ``data/directory/README.md``.
"""

import hashlib
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from bot.database import Base
from bot.directory import models
from bot.directory.ledger import WAITING, Proposal
from bot.directory.reader import COLUMNS, Known, RowReader
from bot.directory.sheets import Problem, Row, read_csv
from bot.directory.transaction import begin
from bot.errors import PackError
from bot.settings import ROOT

SHARED = "england"
DIRECTORY_TABLES = {model.__tablename__ for model in vars(models).values() if isinstance(model, type) and hasattr(model, "__tablename__")}


def digest_of(directory: Path, guidance: Path, area: str) -> str:
    """Give a hash of every sheet that the directory of ``area`` is read from."""
    digest = hashlib.sha256()
    own = [path for folder in (directory / SHARED, directory / area, guidance) for path in folder.glob("*.csv")]
    # The other areas' gazetteers too: their places are known as being outside.
    for path in sorted({*own, *directory.glob("*/gazetteer.csv")}):
        digest.update(f"{path.parent.name}/{path.name}".encode() + b"\0" + path.read_bytes() + b"\0")
    for source in ("pack.py", "reader.py", "models.py", "sheets.py"):
        digest.update((Path(__file__).parent / source).read_bytes())
    return digest.hexdigest()


def read_pack(directory: Path, guidance: Path, area: str, now: datetime) -> list[Any]:
    """Give the objects of every row of a pack. Raises PackError listing all that is wrong."""
    problems: list[Problem] = []
    folders = [directory / SHARED, directory / area]

    def sheet(path: Path, columns: str) -> list[Row]:
        name = f"{path.parent.name}/{path.name}"
        return list(read_csv(name, path.read_bytes(), COLUMNS[columns], problems)) if path.exists() else []

    rows = {name: [row for folder in folders for row in sheet(folder / name, name)] for name in COLUMNS}
    rows["guidance.csv"] = [row for path in sorted(guidance.glob("*.csv")) for row in sheet(path, "guidance.csv")]
    own = {row.text("key") for row in sheet(folders[1] / "gazetteer.csv", "gazetteer.csv")}
    others = [row for path in sorted(directory.glob("*/gazetteer.csv")) if path.parent not in folders for row in sheet(path, path.name)]
    # People will name the other areas' districts and cities too, and what has a name of several words, which means nothing else.
    named = [row for row in others if row.text("kind") in ("county", "district", "city") or " " in row.text("name")]
    rows["gazetteer.csv"] = _places_once([*rows["gazetteer.csv"], *named])
    reader = RowReader(rows, problems, now, Known(areas=frozenset(row.text("name") for row in others)), own)
    objects = reader.read()
    if area not in own:
        wanted = f"no row has the key {area}: add the place that this area is."
        problems.append(Problem(f"{area}/gazetteer.csv", 0, "", "", wanted))
    if problems:
        raise PackError(list(dict.fromkeys(problems)))
    return objects


def _places_once(rows: list[Row]) -> list[Row]:
    """Give one row for each place that England's sheet and an area's have both: the area's, which may leave the spellings to England's."""

    def place(row: Row) -> tuple[str, str]:
        return row.text("key"), row.text("name")

    of_england = [row for row in rows if row.file.startswith(f"{SHARED}/")]
    of_areas = [row for row in rows if not row.file.startswith(f"{SHARED}/")]
    shared, listed = {place(row): row for row in of_england}, {place(row) for row in of_areas}

    def whole(row: Row) -> Row:
        also = shared.get(place(row), row)
        left = [name for name in also.cells if name.startswith("spellings_") or name == "ambiguous"]
        return replace(row, cells={**row.cells, **{name: row.text(name) or also.text(name) for name in left}})

    return [*(row for row in of_england if place(row) not in listed), *map(whole, of_areas)]


def _is_officers(session: Session) -> bool:
    """Tell whether officers have changed the directory, or a change of theirs waits, which is read beside what is there now."""
    changed = session.execute(select(models.LoadedPack.edition).where(models.LoadedPack.edition > 0)).first()
    return bool(changed or session.execute(select(Proposal.id).where(Proposal.state == WAITING)).first())


def _is_due(session: Session, area: str, digest: str) -> bool:
    """Tell whether the pack of ``area`` is to be loaded. Raises PackError where officers have changed another area's directory."""
    loaded = session.execute(select(models.LoadedPack)).scalars().all()
    if [(row.area, row.digest) for row in loaded] == [(area, digest)]:
        return False
    if not loaded or not _is_officers(session):
        return True
    if [row.area for row in loaded] == [area]:
        return False
    wanted = f"officers have changed this directory of {loaded[0].area}: give {area} a database of its own (DATABASE_URL or VAR_DIR)."
    raise PackError([Problem(area, 0, "", "", wanted)])


def is_left_aside(engine: Engine, area: str) -> bool:
    """Tell whether the pack of ``area`` is another than this directory was filled from, which officers have changed since."""
    with Session(engine, future=True) as session:
        loaded = session.execute(select(models.LoadedPack)).scalars().first()
        newest = digest_of(ROOT / "data" / "directory", ROOT / "data" / "guidance", area)
        return bool(loaded and loaded.digest != newest and _is_officers(session))


def load_pack(
    engine: Engine, area: str, directory: Path = ROOT / "data" / "directory", guidance: Path = ROOT / "data" / "guidance"
) -> bool:
    """Make the database hold the pack of ``area`` and ``england``; give False where it already did, or where officers have changed it.

    A pack fills a directory; once officers have changed that, it is theirs, and a newer pack comes in by an import alone.
    One transaction: either the whole pack is in, or nothing changed. Raises PackError listing every fault, or naming an area whose
    directory officers have changed when another is to take its place.
    """
    digest = digest_of(directory, guidance, area)
    with Session(engine, future=True) as session:
        if not _is_due(session, area, digest):
            return False
    objects = read_pack(directory, guidance, area, datetime.now(timezone.utc))
    with Session(engine, future=True) as session:
        begin(session)
        # An officer may have begun while the sheets were read.
        if not _is_due(session, area, digest):
            return False
        for table in reversed(Base.metadata.sorted_tables):
            if table.name in DIRECTORY_TABLES:
                session.execute(table.delete())
        session.flush()
        session.add_all([o for o in objects if not isinstance(o, models.Service)])
        session.flush()
        session.add_all([o for o in objects if isinstance(o, models.Service)])
        session.add(models.LoadedPack(area=area, digest=digest, edition=0))
        session.commit()
    return True
