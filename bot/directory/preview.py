"""What an officer is shown of an import before it is made."""

import hashlib
from dataclasses import asdict, replace
from typing import Any

from bot.directory.comparing import differences
from bot.directory.importing import Change, Choices, Plan
from bot.directory.ledger import ENDED

TOLD_AT_MOST = 300
"""Problems, changes and duplicates that a preview lists; it counts them all."""
COMPARED_AT_MOST, CELLS_AT_MOST, LONGEST_CELL = 100, 30, 400
"""Changes of which a preview shows what differs, the cells of each, and the characters of a cell."""


def report_of(plan: Plan, choices: Choices) -> dict[str, Any]:
    """Give what a preview shows of a plan, and the choices it was made with, as JSON; ``digest`` is the same for the same changes."""
    digest = hashlib.sha256(repr([(one.kind, one.key, one.action, one.base, one.after) for one in plan.changes]).encode()).hexdigest()
    return {
        "choices": asdict(choices),
        "digest": digest,
        "counts": [[kind, action, count] for (kind, action), count in sorted(plan.counts().items())],
        "changes": [[one.kind, one.key, one.action] for one in plan.changes[:TOLD_AT_MOST]],
        "differences": [_cells(one) for one in plan.changes[:COMPARED_AT_MOST]],
        "count": len(plan.changes),
        "problems": [str(problem) for problem in plan.problems[:TOLD_AT_MOST]],
        "problem_count": len(plan.problems),
        "duplicates": [asdict(one) for one in plan.duplicates[:TOLD_AT_MOST]],
        "unchanged": plan.unchanged,
        "left_out": plan.left_out,
        "blocked": plan.blocked,
        "approval": sum(one.approval for one in plan.changes),
    }


def _cells(change: Change) -> dict[str, Any]:
    """Give the cells that a change makes different, as JSON: the fields of ``Difference``; none of what is taken out."""
    compared = differences(change.before, change.after) if change.action != ENDED else []
    found = [one for one in compared if not (one.row and one.column == "service")]
    cut = [replace(one, before=_cut(one.before), after=_cut(one.after)) for one in found[:CELLS_AT_MOST]]
    return {"cells": [asdict(one) for one in cut], "count": len(found)}


def _cut(cell: str) -> str:
    return cell if len(cell) <= LONGEST_CELL else f"{cell[:LONGEST_CELL]}…"
