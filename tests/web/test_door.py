"""What staff's door tells somebody who has not come in, of what is wrong."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy.engine import Engine
from starlette.testclient import TestClient

from bot.moments import utc_now
from bot.web.health import FAULTS, Fault
from tests.builders import the_catalogues
from tests.signing_in import a_door

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


def told(engine: Engine, folder: Path, wrong: tuple[str, ...]) -> list[str]:
    """Give which of ``wrong`` the page to sign in on tells."""
    door = a_door(engine, folder, {})
    door.state.health = SimpleNamespace(faults=lambda: [Fault(kind, utc_now()) for kind in wrong])
    page = TestClient(door).get("/staff/sign-in").text
    assert 'name="password"' in page
    return [kind for kind in FAULTS if the_catalogues().say("en", f"staff.fault.{kind}") in page]


def test_whom_a_wrong_clock_has_signed_out_reads_of_it_where_they_sign_in(engine: Engine, tmp_path: Path) -> None:
    assert told(engine, tmp_path, FAULTS) == ["clock"]


def test_nobody_reads_there_of_a_clock_that_is_right(engine: Engine, tmp_path: Path) -> None:
    assert told(engine, tmp_path, tuple(kind for kind in FAULTS if kind != "clock")) == []
