"""An installation that is well: the real directory in a database, as ``python -m bot prepare`` leaves it."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.database import migrate, open_database
from bot.directory.pack import load_pack
from bot.doctor.findings import Finding, Installation, Level
from bot.moments import utc_now
from bot.settings import read_settings


@pytest.fixture(scope="session")
def loaded_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the directory of Cambridgeshire, to be copied."""
    path = tmp_path_factory.mktemp("loaded") / "cambridgeshire.db"
    engine = open_database(f"sqlite:///{path}")
    migrate(engine)
    load_pack(engine, "cambridgeshire")
    engine.dispose()
    return path


@pytest.fixture
def case(loaded_file: Path, tmp_path: Path) -> Installation:
    """An installation whose database is there and has not been looked at yet; ports of its own, on which nothing runs."""
    var = tmp_path / "var"
    var.mkdir(mode=0o700)
    shutil.copyfile(loaded_file, var / "cambridgeshire.db")
    return with_settings(Installation(read_settings({}), utc_now()), VAR_DIR=str(var))


def with_settings(case: Installation, **settings: str) -> Installation:
    """Give an installation with these settings; those not given are as they were for the fixture."""
    ports = {"PORT": "8345", "RASA_PORT": "8346", "ACTIONS_PORT": "8347"}
    return replace(case, settings=read_settings({"VAR_DIR": str(case.settings.var), **ports, **settings}))


def levels(findings: list[Finding]) -> list[Level]:
    return [finding.level for finding in findings]


def told(findings: list[Finding]) -> str:
    return "\n".join(f"{finding.found} {finding.do}" for finding in findings)


def opened(case: Installation) -> Any:
    """Give an installation with its database open."""
    return replace(case, database=open_database(case.settings.database_url))
