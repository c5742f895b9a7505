"""Asks the advisory service of PyPI about every locked package, but for what ``docs/dependency-audit.md`` accepts. Needs the internet."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts.set_up import find_uv  # noqa: E402

LIST = ROOT / "docs" / "dependency-audit.md"
PIP_AUDIT = "pip-audit==2.10.1"
"""It needs newer packages than Rasa allows, so it has an environment of its own, which uv makes."""
ADVISORY = re.compile(r"\b(?:CVE-\d{4}-\d+|GHSA(?:-\w{4}){3}|PYSEC-\d{4}-\d+)\b")
NOT_AUDITED = "could not be audited"


def accepted() -> list[str]:
    """Give the advisories of the first table."""
    table = LIST.read_text(encoding="utf-8").partition("## Accepted")[2].partition("## ")[0]
    return sorted({advisory for line in table.splitlines() if line.startswith("|") for advisory in ADVISORY.findall(line.split("|")[3])})


def main() -> int:
    """Audit; give 0 only where every package was looked up and nothing new was found."""
    uv = find_uv()
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as locked:
        export = [uv, "export", "--frozen", "--no-hashes", "--quiet", "--format", "requirements-txt", "--output-file", locked.name]
        subprocess.run(export, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        command = [uv, "tool", "run", "--python", sys.executable, PIP_AUDIT, "-r", locked.name, "--no-deps", "--disable-pip"]
        for advisory in accepted():
            command += ["--ignore-vuln", advisory]
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    print(done.stdout)
    if NOT_AUDITED in done.stdout:
        print("Not every package was looked up: run this where pypi.org can be reached.")
        return 1
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
