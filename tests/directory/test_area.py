"""A new area: the command makes its sheets, an officer fills them in, and it loads and answers."""

import csv
import os
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine

from bot.answers.composer import Composer
from bot.answers.urgent import OfficeHours
from bot.directory.area import PACKS, SHEETS, area_names, new_area
from bot.directory.coverage import Gap, gaps
from bot.directory.pack import load_pack
from bot.directory.reader import COLUMNS
from bot.directory.records import Directory, read_directory
from bot.errors import AreaError
from bot.settings import ROOT
from tests.builders import Talk, offered, shown, the_catalogues

TODAY = date(2026, 11, 26)
GUIDANCE = ROOT / "data" / "guidance"


@pytest.fixture
def packs(tmp_path: Path) -> Path:
    """A copy of every pack there is."""
    return Path(shutil.copytree(PACKS, tmp_path / "directory"))


def bytes_of(packs: Path) -> dict[str, bytes]:
    return {str(path.relative_to(packs)): path.read_bytes() for path in sorted(packs.rglob("*")) if path.is_file()}


def sheet(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def as_in_excel(packs: Path, area: str, name: str, *rows: dict[str, str]) -> None:
    """Add rows to a sheet and save it as Excel does: with a byte order mark, and CR LF at the end of a line."""
    path = packs / area / name
    every = [*sheet(path), *({"source": "the officer's own visit", "public": "yes", **row} for row in rows)]
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS[name], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(every)


def load(engine: Engine, packs: Path, area: str) -> Directory:
    load_pack(engine, area, packs, GUIDANCE)
    return read_directory(engine)


def test_every_sheet_of_an_area_is_there_with_its_columns_and_nothing_else(packs: Path) -> None:
    folder = new_area("west_sussex", "West Sussex", "county", "south_east", TODAY, packs)
    assert folder == packs / "west_sussex"
    assert {path.name for path in folder.iterdir()} == set(SHEETS) == {path.name for path in (packs / "lewisham").iterdir()}
    for name in SHEETS:
        with (folder / name).open(encoding="utf-8-sig", newline="") as file:
            assert tuple(next(csv.reader(file))) == COLUMNS[name]
        assert len(sheet(folder / name)) == (1 if name == "gazetteer.csv" else 0)
        assert (folder / name).read_bytes().startswith(b"\xef\xbb\xbf"), "without it, Excel does not read UTF-8"
    assert "west_sussex" in area_names(packs)
    assert [path.name for path in packs.iterdir() if path.name.startswith(".")] == []


def test_the_one_row_is_the_area_itself(packs: Path) -> None:
    (row,) = sheet(new_area("west_sussex", " West  Sussex ", "county", "south_east", TODAY, packs) / "gazetteer.csv")
    filled = {column: cell for column, cell in row.items() if cell}
    assert filled == {
        "key": "west_sussex",
        "name": "West Sussex",
        "kind": "county",
        "parent": "south_east",
        "source": "typed by an officer, 2026-11-26",
    }


def test_a_place_that_england_s_gazetteer_has_is_known_by_its_spellings_and_lies_where_it_lay(packs: Path, engine: Engine) -> None:
    before = bytes_of(packs)
    (row,) = sheet(new_area("kent", "Kent", "county", "", TODAY, packs) / "gazetteer.csv")
    assert row["parent"] == "south_east"
    assert {name: text for name, text in bytes_of(packs).items() if name in before} == before, "no other sheet is touched"
    assert "肯特郡" in load(engine, packs, "kent").area.spellings["zh-Hant"]


def test_the_parent_that_is_given_is_the_one_that_counts(packs: Path, engine: Engine) -> None:
    new_area("kent", "Kent", "county", "england", TODAY, packs)
    assert load(engine, packs, "kent").area.within == ("Kent", "England", "UK")


def test_the_areas_there_were_still_know_the_place_as_one_beyond(packs: Path, engine: Engine) -> None:
    new_area("kent", "Kent", "county", "", TODAY, packs)
    kent = load(engine, packs, "cambridgeshire").place_named("Kent")
    assert kent is not None
    assert not kent.inside
    assert load(engine, packs, "kent").area.within == ("Kent", "South East England", "England", "UK")


@pytest.mark.parametrize(
    ("name", "title", "kind", "parent", "words"),
    [
        ("lewisham", "Lewisham", "district", "london", "is there already"),
        ("england", "England", "county", "uk", "is there already"),
        ("West_Sussex", "West Sussex", "county", "south_east", "small letters"),
        ("west-sussex", "West Sussex", "county", "south_east", "small letters"),
        ("../west", "West Sussex", "county", "south_east", "small letters"),
        ("sussex2", "West Sussex", "county", "south_east", "small letters"),
        ("", "West Sussex", "county", "south_east", "small letters"),
        ("_", "West Sussex", "county", "south_east", "small letters"),
        ("w" * 41, "West Sussex", "county", "south_east", "small letters"),
        ("west_sussex", " ", "county", "south_east", "--title"),
        ("west_sussex", "West Sussex", "village", "south_east", "--kind county, district, city"),
        ("west_sussex", "West Sussex", "county", "atlantis", "--parent"),
        ("west_sussex", "West Sussex", "county", "", "--parent"),
        ("kent", "Kent", "county", "kent", "--parent"),
        ("kent", "County of Kent", "county", "england", "--title 'Kent'"),
        ("kent_county", "kent", "county", "england", "with the key kent"),
        ("peterborough", "Peterborough", "city", "east_of_england", "cambridgeshire/gazetteer.csv, row 8"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_changed(packs: Path, name: str, title: str, kind: str, parent: str, words: str) -> None:
    before = bytes_of(packs)
    with pytest.raises(AreaError) as refused:
        new_area(name, title, kind, parent, TODAY, packs)
    assert words in str(refused.value)
    assert bytes_of(packs) == before


def fill_in(packs: Path) -> None:
    """Fill the sheets of West Sussex in, as docs/new-area.md leads an officer through it."""
    own, crawley = "west_sussex", "crawley"
    as_in_excel(
        packs, own, "gazetteer.csv", {"key": crawley, "name": "Crawley", "kind": "district", "parent": own, "spellings_uk": "Кроулі"}
    )
    as_in_excel(packs, own, "gazetteer.csv", {"key": "horsham", "name": "Horsham", "kind": "district", "parent": own})
    as_in_excel(
        packs, own, "gazetteer.csv", {"key": "broadbridge_heath", "name": "Broadbridge Heath", "kind": "village", "parent": "horsham"}
    )
    as_in_excel(packs, own, "postcodes.csv", {"outcode": "RH10", "districts": crawley, "places": crawley})
    as_in_excel(
        packs,
        own,
        "organisations.csv",
        {"key": "libraries", "name": "West Sussex Libraries", "kind": "library"},
        {"key": "horsham_council", "name": "Horsham District Council", "kind": "council"},
    )
    service = {"description": "Ask at the desk.", "status": "active"}
    as_in_excel(
        packs,
        own,
        "services.csv",
        {
            **service,
            "key": "library_service",
            "organisation": "libraries",
            "name": "West Sussex library service",
            "phone": "01243 555123",
            "email": "libraries@example.org",
            "service_types": "library;internet;esol",
            "area": "West Sussex",
        },
        {
            **service,
            "key": "horsham_housing",
            "organisation": "horsham_council",
            "name": "Horsham housing options",
            "phone": "01403 555123",
            "service_types": "housing;homeless_tonight",
            "area": "Horsham",
        },
    )
    as_in_excel(
        packs,
        own,
        "leads.csv",
        {"topic": "human", "position": "1", "service": "library_service"},
        {"topic": "housing", "position": "1", "service": "horsham_housing"},
    )
    as_in_excel(packs, own, "times.csv", {"service": "library_service", "days": "MO;TU", "opens": "09:00", "closes": "17:00"})


def test_a_new_area_filled_in_through_its_sheets_loads_and_answers(packs: Path, engine: Engine) -> None:
    new_area("west_sussex", "West Sussex", "county", "south_east", TODAY, packs)
    fill_in(packs)
    directory = load(engine, packs, "west_sussex")
    assert directory.area.name == "West Sussex"
    talk = Talk(Composer(directory, the_catalogues(), OfficeHours("09:00", "17:00")))
    first = talk.say("housing")
    assert [value for value in offered(first) if value.startswith("place:")] == ["place:crawley", "place:horsham", "place:anywhere"]
    answer = talk.say("inform", place="broadbridge_heath")
    assert answer.understood.place == "Broadbridge Heath"
    assert shown(answer)[:2] == ["Horsham housing options", "Shelter emergency helpline"]
    assert shown(talk.say("library")) == ["West Sussex library service"]
    assert "01243 555123" in talk.composer.person("en").text
    urgent = talk.say("housing", urgent="homeless_tonight").replies[0]
    assert urgent.text.startswith("01403 555123: the housing team of Horsham District Council.")
    outside = talk.say("food", outside="Cambridge").replies[0]
    assert "Cambridge is outside West Sussex" in outside.text


def test_what_is_missing_gets_less_as_the_sheets_are_filled_in(packs: Path, engine: Engine) -> None:
    new_area("west_sussex", "West Sussex", "county", "south_east", TODAY, packs)
    empty = {gap.what for gap in gaps(load(engine, packs, "west_sussex"), TODAY)}
    assert empty == {
        "topic_nothing",
        "topic_national",
        "no_person",
        "no_council",
        "no_districts",
        "no_postcodes",
        "no_services",
        "no_spellings",
    }
    fill_in(packs)
    filled = gaps(load(engine, packs, "west_sussex"), TODAY)
    assert {gap.what for gap in filled} == {"topic_national", "no_council", "no_spellings", "unchecked"}
    assert Gap("no_council", {"places": "Crawley"}) in filled
    assert Gap("topic_national", {"topic": "housing", "places": "Crawley"}) in filled


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = {name: value for name, value in os.environ.items() if name not in ("AREA", "DATABASE_URL")}
    return subprocess.run(
        [sys.executable, "-m", "bot", "area", *arguments],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_check_says_that_the_sheets_are_sound_and_what_is_missing() -> None:
    done = run("check", "lewisham")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("The sheets of Lewisham have no faults.")
    assert "- Nobody can be asked: leads.csv has no row with the topic human." in done.stdout
    assert "{" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("check", "atlantis"), "There is no area 'atlantis': give one of birmingham, cambridgeshire, lewisham"),
        (("check", "england"), "There is no area 'england'"),
        (("new", "west_sussex"), "Nothing was made: give --title too."),
        (("new", "west_sussex", "--title", "West Sussex"), "Nothing was made: give --kind too."),
        (("new", "lewisham", "--title", "Lewisham", "--kind", "district"), "lewisham is there already"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_an_exit_status(arguments: tuple[str, ...], words: str) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert words in done.stderr
    assert "Traceback" not in done.stderr
