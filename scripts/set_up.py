"""Makes .venv: finds uv and Python 3.10 or gets them, and installs what the lock files name.

Runs under any Python from 3.8, with nothing but its standard library. Does nothing when the lock files have not changed.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PROVIDER = ROOT / "tests" / "provider"
OWN_UV = ROOT / ".uv"
UV_VERSION = "0.13.9"
STAMP = VENV / "installed-from"
NEEDED_SPACE = 4 * 1024**3


def stop(sentence: str) -> None:
    """End with one sentence that says what to do."""
    sys.exit("\n" + sentence + "\n")


def run(command: list[str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def find_uv() -> str:
    """Give the uv to use: the one on the PATH, or one of our own in .uv."""
    found = shutil.which("uv")
    if found:
        return found
    own = OWN_UV / "bin" / "uv"
    if not own.exists():
        print("Getting uv, which installs the rest …", flush=True)
        made = run([sys.executable, "-m", "venv", str(OWN_UV)])
        if made.returncode:
            shutil.rmtree(str(OWN_UV), ignore_errors=True)
            stop("This Python cannot make a virtual environment: install its venv package (Debian: apt install python3-venv), or uv.")
        got = run([str(OWN_UV / "bin" / "python"), "-m", "pip", "install", "--quiet", "uv==" + UV_VERSION])
        if got.returncode:
            shutil.rmtree(str(OWN_UV), ignore_errors=True)
            stop("uv could not be installed from PyPI: check the network, or install uv yourself and start again.\n" + got.stdout[-800:])
    return str(own)


def is_310(python: str) -> bool:
    """Tell whether ``python`` runs and is a 3.10; a shim that fails is not."""
    try:
        told = subprocess.run(
            [python, "-c", "import sys, ssl, sqlite3; print(sys.version_info[:2] == (3, 10))"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            timeout=60,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return told.stdout.strip() == "True"


def find_python(uv: str) -> str:
    """Give a Python 3.10: on the PATH, of pyenv, known to uv, or fetched by uv."""
    on_path = shutil.which("python3.10")
    pyenv = Path(os.environ.get("PYENV_ROOT", str(Path.home() / ".pyenv")))
    candidates: list[str | None] = [os.environ.get("PYTHON310"), on_path]
    candidates += [str(p) for p in sorted(pyenv.glob("versions/3.10*/bin/python3.10"), reverse=True)]
    known = run([uv, "python", "find", "3.10"])
    if known.returncode == 0:
        candidates.append(known.stdout.strip().splitlines()[-1])
    for candidate in candidates:
        if candidate and is_310(candidate):
            return candidate
    print("Getting Python 3.10, which Rasa needs …", flush=True)
    if run([uv, "python", "install", "3.10"]).returncode == 0:
        known = run([uv, "python", "find", "3.10"])
        if known.returncode == 0 and is_310(known.stdout.strip().splitlines()[-1]):
            return known.stdout.strip().splitlines()[-1]
    stop("There is no Python 3.10 and uv could not get one: install it, then start again with PYTHON310=/path/to/python3.10 make run.")
    raise AssertionError


def install(uv: str, python: str) -> None:
    """Install the lock files' packages, each into the .venv beside it, showing uv's own progress."""
    print("Installing (about 2 GB the first time) …", flush=True)
    for project in (ROOT, PROVIDER):
        command = [uv, "sync", "--frozen", "--python", python]
        done = subprocess.run(command, cwd=str(project), stderr=subprocess.PIPE if not sys.stderr.isatty() else None, text=True)
        if done.returncode:
            _explain(done.stderr or "")


def _explain(said: str) -> None:
    """End with what is to be done where installing failed."""
    if shutil.which("cc") is None and shutil.which("gcc") is None:
        stop("A package has to be compiled and there is no C compiler: install one (Debian: apt install build-essential) and start again.")
    if "No space left" in said:
        stop("The disk is full: free 4 GB and start again.")
    stop("Installing failed:\n" + said[-2000:])


def main() -> None:
    locks = [(project / name).read_bytes() for project in (ROOT, PROVIDER) for name in ("uv.lock", "pyproject.toml")]
    digest = hashlib.sha256(b"".join(locks)).hexdigest()
    if STAMP.exists() and STAMP.read_text() == digest and is_310(str(VENV / "bin" / "python")):
        return
    if shutil.disk_usage(str(ROOT)).free < NEEDED_SPACE:
        stop("The disk is nearly full: free 4 GB and start again.")
    uv = find_uv()
    install(uv, find_python(uv))
    STAMP.write_text(digest)


if __name__ == "__main__":
    main()
