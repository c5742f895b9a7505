"""The operator's command ``python -m bot doctor``: every check, one line each, also where nearly everything is broken."""

import argparse
import importlib
import json
import os
from collections.abc import Callable, Mapping
from datetime import datetime, timezone

from bot.doctor.findings import Finding, Installation, Level, masked

Say = Callable[[str], None]
CHECKS = (
    "machine.python",
    "configuration.settings",
    "machine.memory",
    "machine.disk",
    "machine.clock",
    "files.folders",
    "files.key",
    "storage.database",
    "storage.tracker",
    "storage.clock",
    "storage.retention",
    "storage.written_by_postgresql",
    "storage.shared_memory",
    "content.directory",
    "content.urgent_numbers",
    "content.translations",
    "content.accounts",
    "content.off_switches",
    "files.models",
    "files.backups",
    "processes.running",
    "configuration.telemetry",
)
"""In this order: ``storage.database`` and ``content.directory`` open what those after them look at."""
SET_UP = "Run `python3 scripts/set_up.py`, then `.venv/bin/python -m bot doctor` again."
HEALTHY, UNWELL = 0, 1
"""The exit statuses."""


def add_doctor(parser: argparse.ArgumentParser) -> None:
    """Add what ``doctor`` can be asked for."""
    parser.add_argument("--json", action="store_true", help="for monitoring")


def run_doctor(chosen: argparse.Namespace, say: Say) -> int:
    """Look at everything and say how it is; give 0 where nothing is broken."""
    now = datetime.now(timezone.utc)
    try:
        findings = examine(os.environ, now)
    except ImportError as error:
        # Not even the doctor's own tools are there.
        findings = [Finding("Packages", Level.BROKEN, f"{error.name} is not installed, so that nothing else was looked at.", SET_UP)]
    worst = max((finding.level.value for finding in findings), key=("ok", "look", "broken").index)
    if chosen.json:
        listed = [{"check": f.check, "level": f.level.value, "found": f.found, "do": f.do} for f in findings]
        say(json.dumps({"at": now.isoformat(), "worst": worst, "findings": listed}, ensure_ascii=False, indent=1))
    else:
        for finding in findings:
            say(f"{finding.level.value:8} {finding.check}: {finding.found}")
            if finding.do:
                say(f"{'':8} → {finding.do}")
        counted = {level: sum(finding.level.value == level for finding in findings) for level in ("broken", "look", "ok")}
        say(f"\n{counted['broken']} broken, {counted['look']} to look at, {counted['ok']} ok.")
    return UNWELL if worst == "broken" else HEALTHY


def examine(environment: Mapping[str, str], now: datetime) -> list[Finding]:
    """Do every check. What fails in an unforeseen way is a finding too; its words are not told, since they may hold a secret."""
    from bot.doctor.configuration import read_what_can_be_read

    settings, findings = read_what_can_be_read(environment)
    case = Installation(settings, now)
    for name in CHECKS:
        told, case = _looked(name, case)
        findings += told
    if case.database is not None:
        case.database.dispose()
    return [Finding(f.check, f.level, masked(f.found), masked(f.do)) for f in findings]


def _looked(name: str, case: Installation) -> tuple[list[Finding], Installation]:
    module, function = name.split(".")
    try:
        told = getattr(importlib.import_module(f"bot.doctor.{module}"), function)(case)
    except ImportError as error:
        return [Finding(name, Level.BROKEN, f"Not looked at: {error.name} is not installed.", SET_UP)], case
    except Exception as error:
        found = f"This could not be looked at ({type(error).__name__})."
        return [Finding(name, Level.BROKEN, found, "See the findings above first.")], case
    return (told, case) if isinstance(told, list) else (told[1], told[0])
