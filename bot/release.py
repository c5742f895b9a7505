"""Which state of the code this is."""

import subprocess

from bot.settings import ROOT


def commit() -> str:
    """Give the short name of the commit; empty where the code is no checkout, or git is not there."""
    # On a server the checkout is root's, which git would not read for another user.
    asked = ["git", "-c", f"safe.directory={ROOT}", "rev-parse", "--short", "HEAD"]
    try:
        done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip()
