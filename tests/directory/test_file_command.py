"""Files on the command line: what would change is shown, and done only where that is said."""

import argparse
from pathlib import Path
from typing import Any

import pytest

from bot.__main__ import main
from bot.database import migrate, open_database
from bot.directory.changes import Changes
from bot.directory.command import add_directory
from bot.directory.file_command import run_export, run_import
from bot.directory.files import write_csv
from bot.directory.records import read_directory
from bot.errors import PackError
from bot.settings import Settings, read_settings
from tests.builders import Pack


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = read_settings({"VAR_DIR": str(tmp_path / "var")})
    engine = open_database(settings.database_url)
    migrate(engine)
    Pack(tmp_path / "packs").service(phone="01223 555123").load(engine)
    engine.dispose()
    return settings


def asked(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_directory(parser)
    return parser.parse_args(list(arguments))


def no_feed(*_given: Any) -> list[dict[str, Any]]:
    raise AssertionError("nothing is to be fetched")


def bring(settings: Settings, *arguments: str) -> tuple[int, str]:
    told: list[str] = []
    status = run_import(settings, asked("import", *arguments), told.append, no_feed)
    return status, "\n".join(told)


def a_sheet(folder: Path, *keys: str, **cells: str) -> str:
    sound = {"organisation": "trust", "description": "Help.", "status": "active", "service_types": "housing", "area": "Woldshire"}
    path = folder / "new.csv"
    path.write_bytes(
        write_csv("services.csv", [{"key": key, "name": key, "source": "x", "public": "yes", **sound, **cells} for key in keys])
    )
    return str(path)


def test_an_import_shows_what_would_change_and_does_it_only_where_that_is_said(settings: Settings, tmp_path: Path) -> None:
    path = a_sheet(tmp_path, "crown")
    status, told = bring(settings, path)
    assert status == 0
    assert "added service crown" in told
    assert "add --yes" in told
    engine = open_database(settings.database_url)
    assert read_directory(engine).service("crown") is None
    status, told = bring(settings, path, "--yes", "--by", "Maria")
    assert (status, "1 records were imported" in told) == (0, True)
    assert read_directory(engine).service("crown") is not None
    assert Changes(engine).history()[0]["by"] == "Maria"


def test_faults_are_listed_and_the_status_says_so(settings: Settings, tmp_path: Path) -> None:
    status, told = bring(settings, a_sheet(tmp_path, "crown", phone="1223555123"), "--yes")
    assert status == 1
    assert "new.csv, row 2, column phone: '1223555123'" in told
    status, told = bring(settings, a_sheet(tmp_path, "crown", phone="1223555123"), "--yes", "--leave-out")
    assert status == 0


def test_a_likely_duplicate_is_told_with_what_to_type(settings: Settings, tmp_path: Path) -> None:
    path = a_sheet(tmp_path, "advice", phone="01223 555123", name="Advice Desk")
    _, told = bring(settings, path)
    assert "--same advice=advice_desk" in told
    _, told = bring(settings, path, "--same", "advice=advice_desk")
    assert "changed service advice_desk" in told


def test_an_export_is_read_again_without_a_change(settings: Settings, tmp_path: Path) -> None:
    for name in ("folder", "book.xlsx", "sheets.zip"):
        assert run_export(settings, asked("export", str(tmp_path / name)), lambda text: None) == 0
        status, told = bring(settings, str(tmp_path / name), "--end-missing", "--yes")
        assert status == 0
        assert "imported" not in told


def test_a_feed_is_read_through_what_the_operator_allows(settings: Settings) -> None:
    asked_for: list[Any] = []

    def fetch(address: str, allowed: Any, tell: Any) -> list[dict[str, Any]]:
        asked_for.append((address, allowed))
        tell(1, 1)
        return [{"id": "0f2a7c7e-3b7e-4d4a-9f62-1c9c3b1f0a11", "name": "Crown", "status": "active"}]

    told: list[str] = []
    address = "https://data.example.org/openreferral"
    status = run_import(settings, asked("import", address), told.append, fetch)
    assert asked_for == [(address, settings.feed_allow)]
    assert status == 1
    assert "service_types" in "\n".join(told)


def test_nothing_at_a_path_is_told(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(PackError, match="no such file"):
        bring(settings, str(tmp_path / "nothing.csv"))


def test_the_operator_reaches_both_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("VAR_DIR", str(tmp_path / "var"))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    assert main(["directory", "import", str(tmp_path / "nothing.csv")]) == 1
    assert "no such file" in capsys.readouterr().err
