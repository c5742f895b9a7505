"""How the product bears a crowd: ``python -m benchmarks.load`` prints times beside those of one person alone, and memory over time.

It starts the product as in production (PostgreSQL, Redis, two front doors, two Rasas) and sends it people by Locust, which uv fetches
into an environment of its own: one person for two minutes (the baseline), 200 at a human pace for ten minutes, fifty who send their first
message at the same moment from one address, and twenty people beside whom five programs do what must be turned away. All is on one
machine, Locust included. ``--minutes 60`` keeps the 200 for an hour: their memory must stay flat.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import csv
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from bot.settings import ROOT
from scripts.set_up import find_uv
from tests.stack.running_stack import Stack

LOCUST = "locust==2.46.0"
PEOPLE, BURST, BESIDE_ABUSE = 200, 50, 20
LIMITS = {"200 people": 1.0, "burst of 50": 3.0}
"""Seconds at the 95th percentile."""
SAMPLE_EVERY = 10.0


@dataclass
class Figures:
    """Of one kind of request: how many, how many of them failed, and seconds at the median and the 95th percentile."""

    count: int
    failed: int
    median: float
    slow: float


def crowd(stack: Stack, who: str, people: int, seconds: float, folder: Path, at_once: bool = False) -> dict[str, Figures]:
    """Send people; give the figures of what they asked, by name."""
    name = folder / who
    environment = {**os.environ, "LOAD_WHO": who, "LOAD_AT": str(time.time() + 15)}
    command = [find_uv(), "tool", "run", "--quiet", "--python", sys.executable, "--from", LOCUST, "locust"]
    command += ["-f", str(ROOT / "benchmarks" / "people.py"), "--headless", "--host", stack.url, "--only-summary", "--loglevel", "ERROR"]
    command += ["--users", str(people), "--spawn-rate", str(people if at_once else 5), "--run-time", f"{seconds:.0f}s", "--csv", str(name)]
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    found = {}
    with Path(f"{name}_stats.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            count, failed = int(row["Request Count"]), int(row["Failure Count"])
            if count:
                found[row["Name"]] = Figures(count, failed, float(row["50%"]) / 1000, float(row["95%"]) / 1000)
    return found


class Memory(threading.Thread):
    """Samples the memory (PSS, bytes) of a product's processes together."""

    def __init__(self, stack: Stack) -> None:
        super().__init__(daemon=True)
        assert stack.process is not None
        self._product = psutil.Process(stack.process.pid)
        self._stop = threading.Event()
        self.samples: list[int] = []

    def run(self) -> None:
        while not self._stop.wait(SAMPLE_EVERY):
            self.samples.append(sum(_pss(process) for process in self._product.children(recursive=True)))

    def thirds(self) -> tuple[float, float]:
        """End, and give the mean of the second and of the last third, in MB: in the first one all is loaded."""
        self._stop.set()
        third = max(1, len(self.samples) // 3)
        parts = self.samples[third : 2 * third] or [0], self.samples[-third:] or [0]
        return statistics.mean(parts[0]) / 1e6, statistics.mean(parts[1]) / 1e6


def _pss(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.Error:
        return 0


def main() -> int:
    """Print the table; give 1 where somebody got an error or waited too long."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--minutes", type=float, default=10)
    minutes: float = asked.parse_args().minutes
    folder, wrong = Path(tempfile.mkdtemp()), 0
    # The limits of the product's own: fifty people at one address are a library.
    environment = {"RASA_WORKERS": "2", "SESSION_LIMIT": "30/minute", "ADDRESS_LIMIT": "1200/minute"}
    stack = Stack(folder, environment, on_servers=True)
    stack.start()
    try:
        alone = crowd(stack, "people", 1, 120, folder)["message"]
        print("| who | messages | failed | median, ms | 95th percentile, ms | times one person's |")
        print("|---|---|---|---|---|---|")

        def tell(who: str, found: Figures) -> None:
            nonlocal wrong
            ratio = found.slow / alone.slow
            print(
                f"| {who} | {found.count} | {found.failed} | {found.median * 1000:.0f} | {found.slow * 1000:.0f} | {ratio:.1f} |",
                flush=True,
            )
            wrong += found.failed + (found.slow > LIMITS.get(who, float("inf")))

        tell("one person", alone)
        memory = Memory(stack)
        memory.start()
        many = crowd(stack, "people", PEOPLE, minutes * 60, folder)
        before, after = memory.thirds()
        tell("200 people", many["message"])
        time.sleep(60)
        tell("burst of 50", crowd(stack, "burst", BURST, 60, folder, at_once=True)["message"])
        time.sleep(60)
        beside = crowd(stack, "abuse", BESIDE_ABUSE + 5, 180, folder)
        tell("20 people beside abuse", beside["message"])
        print(f"Abuse: {beside['abuse'].count} requests turned away, {beside['abuse'].failed} of them by an error of ours.")
        print(f"Memory of all processes (PSS): {before:.0f} MB, later {after:.0f} MB: {after / before:.3f} times.")
    finally:
        stack.stop()
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
