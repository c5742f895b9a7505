"""Which state of the code this is."""

import subprocess

from bot.settings import ROOT


def commit() -> str:
    """Give the short name of the commit; empty where the code is no checkout, or git is not there."""
    try:
        done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip()
