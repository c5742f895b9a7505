"""A translator's PO file, compared with what is said now."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from bot.answers.catalogue import LOCALES, Catalogues, locale_folder
from bot.answers.exchange import read_upload
from bot.database import migrate, open_database
from bot.directory.pack import load_pack
from bot.directory.records import Directory, read_directory
from bot.errors import CatalogueRefused

CATALOGUES = Catalogues()


def _directory() -> Directory:
    engine = open_database(f"sqlite:///{Path(tempfile.mkdtemp()) / 'fuzz.db'}")
    migrate(engine)
    load_pack(engine, "cambridgeshire")
    return read_directory(engine)


DIRECTORY = _directory()


def seeds() -> Iterator[bytes]:
    for language in ("pl", "ar", "en"):
        for path in sorted(locale_folder(language, LOCALES).glob("*.po")):
            text = path.read_bytes()
            head, _, rest = text.partition(b"\n\n")
            entries = rest.split(b"\n\n")
            for at in (0, len(entries) // 2, len(entries) - 3):
                yield head + b"\n\n" + b"\n\n".join(entries[at : at + 3])


def try_one(data: bytes) -> None:
    try:
        changes = read_upload(data, CATALOGUES, DIRECTORY)
    except CatalogueRefused as refused:
        for _, _, fault in refused.faults:
            assert CATALOGUES.say("en", fault.key, **fault.values)
        return
    for change in changes.changes:
        assert change.draft.text
