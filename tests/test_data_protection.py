"""The data protection sheet names every table there is, and every setting that says how long something is kept."""

import re
from dataclasses import fields

from sqlalchemy import inspect
from sqlalchemy.engine import Engine

from bot.backup.contents import KEEP_DAYS, SHORT_LIVED
from bot.handover.accounts import AUDIT_DAYS, SESSION_HOURS
from bot.settings import ROOT, Settings
from bot.understanding.embedding import LONGEST_EMBEDDED, REMEMBERED

SHEET = (ROOT / "docs" / "data-protection.md").read_text(encoding="utf-8")
NAMED = set(re.findall(r"`([\w/<>.-]+)`", SHEET))


def test_every_table_is_in_the_sheet(engine: Engine) -> None:
    found = {name for name in inspect(engine).get_table_names() if not name.startswith("sqlite_")}
    assert found | SHORT_LIVED <= NAMED


def test_every_setting_that_rules_how_long_something_is_kept_is_in_the_sheet() -> None:
    ruling = {field.name.upper() for field in fields(Settings) if field.name.endswith(("_days", "_years"))} - {"FEEDBACK_UNREAD_DAYS"}
    assert len(ruling) > 4
    assert ruling <= NAMED


def test_its_numbers_are_those_of_the_code() -> None:
    for said in (
        f"{AUDIT_DAYS} days",
        f"{SESSION_HOURS} hours",
        f"{KEEP_DAYS} days",
        f"first {LONGEST_EMBEDDED} characters of the newest {REMEMBERED} texts",
    ):
        assert said in SHEET, said
