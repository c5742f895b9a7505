"""What people notice when something breaks: ``python -m benchmarks.faults`` breaks everything and prints a table, in some seven minutes.

The times are of eight visitors who write at a human pace beside whoever measures. The baseline is the same pages of the same product in
the same run while nothing is broken.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import shutil
import sys
import tempfile
from pathlib import Path

from tests.stack.breaking import NOTHING, Noticed, by_a_wrong_clock, on_a_laptop, on_servers

SEED = 8


def seconds(times: list[float]) -> str:
    """Write the longest of some times."""
    return f"{max(times):.2f}" if times else "–"


def main() -> int:
    """Break a product on servers, one on SQLite and one whose clock is wrong, and print; gives 1 where something was lost."""
    lost_at_all, baseline = 0, 1.0
    print(
        "| fault | longest page, s | times the baseline | longest urgent answer, s | answered meanwhile | staff were told | heals in, s |"
    )
    print("|---|---|---|---|---|---|---|")
    for scenario in (on_servers, on_a_laptop, by_a_wrong_clock):
        folder = Path(tempfile.mkdtemp())
        try:
            for told in scenario(folder, SEED):
                if isinstance(told, Noticed):
                    staff = ", ".join(sorted(told.staff)) or "nothing"
                    rung = f", {told.rung} notices" if told.rung else ""
                    healed = "never" if told.healed is None else f"{told.healed:.1f}"
                    wrong = f" ({len(told.missing) + len(told.untold)} without)" if told.missing or told.untold else ""
                    baseline = max(told.pages) if told.fault.startswith(NOTHING) else baseline
                    pages = f"{seconds(told.pages)}{wrong} | {max(told.pages) / baseline:.1f}"
                    print(f"| {told.fault} | {pages} | {seconds(told.urgent)} | {told.answered} | {staff}{rung} | {healed} |", flush=True)
                else:
                    print(f"lost: {len(told)}", *told[:10], sep="\n", flush=True)
                    lost_at_all += len(told)
        except LookupError as error:
            print(f"not tried: {error}", file=sys.stderr)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    return 1 if lost_at_all else 0


if __name__ == "__main__":
    sys.exit(main())
