"""Zip files that somebody else has made, an Excel workbook among them."""

import io
import lzma
import struct
import zipfile
import zlib
from pathlib import PurePosixPath

UNREADABLE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, RuntimeError, ValueError, OSError, EOFError)
"""What ``zipfile`` raises for a file that is damaged, needs a password or is packed in a way that it does not know."""


def unpacked_size(content: bytes) -> int:
    """Give the bytes that a zip file says it unpacks to. Raises one of UNREADABLE."""
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        return sum(entry.file_size for entry in packed.infolist())


def endings_in(content: bytes) -> set[str]:
    """Give the endings of the names in a zip file, in lower case. Raises one of UNREADABLE."""
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        return {PurePosixPath(entry.filename.lower()).suffix for entry in packed.infolist()}
