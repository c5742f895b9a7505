"""Makes .venv: finds uv and Python 3.10 or gets them, and installs what the lock files name.

``set_up.py newer`` makes tests/newer_python/.venv instead, for the tests of what faces people on a newer Python; where there is none and
none can be fetched, it says so and leaves it. Runs under any Python from 3.8, with nothing but its standard library. Does nothing when the
lock files have not changed.
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
NEWER = ROOT / "tests" / "newer_python"
NEWER_PYTHONS = ("3.13", "3.12")
"""Any of them will do, the first that is there."""
OWN_UV = ROOT / ".uv"
UV_VERSION = "0.13.9"
STAMP = "installed-from"
"""A file in a virtual environment: the hash of the lock files that it was made from."""
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


def is_version(python: str, version: str) -> bool:
    """Tell whether ``python`` runs and is of a ``version`` such as 3.10; a shim that fails is not."""
    try:
        told = subprocess.run(
            [python, "-c", "import sys, ssl, sqlite3; print('%d.%d' % sys.version_info[:2])"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            timeout=60,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return told.stdout.strip() == version


def find_python(uv: str, version: str) -> "str | None":
    """Give a Python of ``version``: named by PYTHON310 or its like, on the PATH, of pyenv, or known to uv. None where there is none."""
    pyenv = Path(os.environ.get("PYENV_ROOT", str(Path.home() / ".pyenv")))
    candidates = [os.environ.get("PYTHON" + version.replace(".", "")), shutil.which("python" + version)]
    candidates += [str(p) for p in sorted(pyenv.glob(f"versions/{version}*/bin/python{version}"), reverse=True)]
    known = run([uv, "python", "find", version])
    if known.returncode == 0:
        candidates.append(known.stdout.strip().splitlines()[-1])
    return next((candidate for candidate in candidates if candidate and is_version(candidate, version)), None)


def get_python(uv: str, version: str) -> "str | None":
    """Give a Python of ``version`` that uv fetches; None where it cannot."""
    return find_python(uv, version) if run([uv, "python", "install", version]).returncode == 0 else None


def python_of_rasa(uv: str) -> str:
    """Give a Python 3.10, fetched where there is none."""
    found = find_python(uv, "3.10")
    if not found:
        print("Getting Python 3.10, which Rasa needs …", flush=True)
        found = get_python(uv, "3.10")
    if not found:
        stop("There is no Python 3.10 and uv could not get one: install it, then start again with PYTHON310=/path/to/python3.10 make run.")
    assert found
    return found


def newer_python(uv: str) -> "str | None":
    """Give one of NEWER_PYTHONS, fetched where there is none; None where that cannot be."""
    found = next(filter(None, (find_python(uv, version) for version in NEWER_PYTHONS)), None)
    if not found:
        print(f"Getting Python {NEWER_PYTHONS[0]} for the tests …", flush=True)
        found = get_python(uv, NEWER_PYTHONS[0])
    return found


def install(uv: str, python: str, project: Path) -> None:
    """Install a lock file's packages into the .venv beside it, showing uv's own progress.

    They are compiled at once: who may not write there, as on a server, would compile them anew whenever a process starts, for seconds each.
    """
    command = [uv, "sync", "--frozen", "--compile-bytecode", "--python", python]
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


def digest(projects: "list[Path]") -> str:
    """Give a hash of what is to be installed, and how."""
    locks = [Path(__file__).read_bytes()] + [
        (project / name).read_bytes() for project in projects for name in ("uv.lock", "pyproject.toml")
    ]
    return hashlib.sha256(b"".join(locks)).hexdigest()


def is_done(venv: Path, stamp: str, versions: "tuple[str, ...]") -> bool:
    """Tell whether ``venv`` was made from what is to be installed now, and runs."""
    made = venv / STAMP
    return made.exists() and made.read_text() == stamp and any(is_version(str(venv / "bin" / "python"), version) for version in versions)


def set_up() -> None:
    """Make the product's environment and that of the provider it is tested against."""
    stamp = digest([ROOT, PROVIDER])
    if is_done(VENV, stamp, ("3.10",)):
        return
    if shutil.disk_usage(str(ROOT)).free < NEEDED_SPACE:
        stop("The disk is nearly full: free 4 GB and start again.")
    uv = find_uv()
    python = python_of_rasa(uv)
    print("Installing (about 2 GB the first time) …", flush=True)
    for project in (ROOT, PROVIDER):
        install(uv, python, project)
    (VENV / STAMP).write_text(stamp)


def set_up_newer() -> None:
    """Make the environment of the newer Python, where one can be had."""
    venv, stamp = NEWER / ".venv", digest([NEWER])
    if is_done(venv, stamp, NEWER_PYTHONS):
        return
    uv = find_uv()
    python = newer_python(uv)
    if not python:
        shutil.rmtree(str(venv), ignore_errors=True)
        print(
            f"SKIPPED: there is no Python {' or '.join(NEWER_PYTHONS)} and uv could not get one, so what faces people was not tested on "
            "a newer Python. Install one, or name it: PYTHON313=/path/to/python3.13 make test-newer."
        )
        return
    print("Installing for the newer Python (about 0.7 GB the first time) …", flush=True)
    install(uv, python, NEWER)
    (venv / STAMP).write_text(stamp)


if __name__ == "__main__":
    if sys.argv[1:] == ["newer"]:
        set_up_newer()
    else:
        set_up()
