"""The operator's command for catalogues, in a process of its own: files out, files in, all or nothing."""

import os
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

import pytest

from bot.answers.catalogue import LOCALES, locale_folder
from bot.answers.wording import Version, Wordings
from bot.database import migrate, open_database
from bot.directory.pack import load_pack
from bot.settings import ROOT

HELLO = 'msgid "phrase.start.hello"\nmsgstr "Вітаю!"\n'
HEAD = 'msgid ""\nmsgstr ""\n"Language: uk\\n"\n"Content-Type: text/plain; charset=UTF-8\\n"\n\n'


class Product:
    """A product whose directory is built, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"sqlite:///{folder / 'cambridgeshire.db'}"

    def build(self) -> "Product":
        engine = open_database(self.url)
        migrate(engine)
        load_pack(engine, "cambridgeshire")
        engine.dispose()
        return self

    def run(self, *arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
        own = {name: value for name, value in os.environ.items() if name not in ("AREA", "DATABASE_URL")}
        return subprocess.run(
            [sys.executable, "-m", "bot", "catalogue", *arguments],
            cwd=ROOT,
            env={**own, "VAR_DIR": str(self.folder), **settings},
            capture_output=True,
            text=True,
            check=False,
        )

    def bring(self, entries: str, *more: str) -> "subprocess.CompletedProcess[str]":
        """Import a Ukrainian file of ``entries``."""
        path = self.folder / "uk.po"
        path.write_text(HEAD + entries, encoding="utf-8")
        return self.run("import", str(path), *more)

    def kept(self) -> list[Version]:
        engine = open_database(self.url)
        wordings = Wordings(engine, lambda: datetime.now(timezone.utc))
        try:
            return [*wordings.in_force(), *wordings.waiting()]
        finally:
            engine.dispose()


@pytest.fixture
def product(tmp_path: Path) -> Product:
    return Product(tmp_path).build()


def test_every_file_goes_out_and_comes_in_without_a_change(product: Product, tmp_path: Path) -> None:
    done = product.run("export", str(tmp_path / "out"))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("54 files")
    for path in (tmp_path / "out").rglob("*.po"):
        assert path.read_bytes() == (LOCALES / path.relative_to(tmp_path / "out")).read_bytes()
    for domain in ("messages", "guidance"):
        again = product.run("import", str(locale_folder("fa", tmp_path / "out") / f"{domain}.po"), "--yes")
        assert (again.returncode, again.stdout) == (0, "Changes: 0. Left aside: 0.\n")
    assert product.kept() == []


def test_what_a_file_would_change_is_shown_first_and_done_with_yes(product: Product) -> None:
    shown = product.bring(HELLO)
    assert shown.returncode == 0
    assert "+ Вітаю! [unreviewed]" in shown.stdout
    assert "--yes" in shown.stdout
    assert product.kept() == []
    assert product.bring(HELLO, "--yes").returncode == 0
    (kept,) = product.kept()
    assert (kept.text, kept.state, kept.by, kept.staff_id, kept.why) == ("Вітаю!", "in_force", "the operator", None, "uk.po")
    again = product.bring(HELLO, "--yes")
    assert "Changes: 0." in again.stdout
    assert len(product.kept()) == 1


def test_guidance_and_urgent_texts_become_proposals(product: Product) -> None:
    entries = HELLO + '\nmsgid "rf05"\nmsgstr "Так."\n\nmsgid "urgent.emergency"\nmsgstr "{phone}: так!"\n'
    done = product.bring(entries, "--yes")
    assert done.stdout.count("Waits for a second officer.") == 2
    assert {kept.key: kept.state for kept in product.kept()} == {
        "phrase.start.hello": "in_force",
        "rf05": "waiting",
        "urgent.emergency": "waiting",
    }


def test_every_fault_is_told_with_file_and_line_and_nothing_is_taken(product: Product) -> None:
    done = product.bring(HELLO + '\nmsgid "nothing.like.it"\nmsgstr "Так"\n\nmsgid "rf05"\nmsgstr "{phone9}"\n', "--yes")
    assert done.returncode == 1
    first, second, last = done.stderr.splitlines()
    assert first.startswith("uk.po:9: nothing.like.it: There is no such text.")
    assert second.startswith("uk.po:12: rf05: This is not in the English: {phone9}.")
    assert last.startswith("Nothing of the file was taken.")
    assert product.kept() == []


def test_a_file_or_folder_that_is_not_there_and_a_directory_that_is_not_built_are_told(tmp_path: Path, product: Product) -> None:
    done = product.run("import", str(tmp_path / "none.po"))
    assert (done.returncode, "cannot be read" in done.stderr) == (1, True)
    (tmp_path / "a file").touch()
    done = product.run("export", str(tmp_path / "a file"))
    assert (done.returncode, "cannot be written" in done.stderr) == (1, True)
    done = product.run("export", str(tmp_path / "out"), VAR_DIR=str(tmp_path / "elsewhere"))
    assert (done.returncode, "make run" in done.stderr) == (1, True)
    assert "Traceback" not in done.stderr
