"""The threat model names tests that there are."""

import re

import pytest

from bot.settings import ROOT

TEXT = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", TEXT)))


@pytest.mark.parametrize(("path", "name"), NAMED, ids=[name or path for path, name in NAMED])
def test_what_is_said_to_prove_something_is_there(path: str, name: str) -> None:
    source = (ROOT / path).read_text(encoding="utf-8")
    assert not name or f"def {name}(" in source


def test_every_threat_is_proved_by_something() -> None:
    tables = TEXT.partition("## Threats, by STRIDE")[2].partition("## What is left")[0]
    rows = [line for line in tables.splitlines() if line.startswith("| ") and not line.startswith("| threat")]
    assert len(rows) > 30
    for row in rows:
        assert re.search(r"`tests/[\w/]+\.py", row.split("|")[3]), row
