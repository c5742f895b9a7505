"""Runs the targets one after the other: ``python -m fuzz SECONDS [TARGET …]``. What breaks one is kept under ``var/fuzz``."""

import re
import subprocess
import sys

from bot.settings import ROOT
from scripts.set_up import find_uv

TARGETS = ("reading", "folding", "messages", "forms", "sheets", "feeds", "catalogues", "contacts")
DONE = re.compile(r"Done (\d+) runs in (\d+) second")


def main() -> int:
    """Fuzz; give 0 where nothing was found."""
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    subprocess.run([find_uv(), "sync", "--frozen", "--inexact", "--group", "fuzz", "--quiet"], cwd=ROOT, check=True)
    broken = []
    for target in sys.argv[2:] or TARGETS:
        command = [sys.executable, "-m", "fuzz.run", target, str(seconds)]
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        told = DONE.search(done.stdout)
        if done.returncode or not told:
            broken.append(target)
            print(f"{target}: broke; what broke it is under var/fuzz/{target}\n{done.stdout[-3000:]}", flush=True)
        else:
            print(f"{target}: {told[1]} runs in {told[2]} seconds, nothing found", flush=True)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
