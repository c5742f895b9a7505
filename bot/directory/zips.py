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


def read_member(packed: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """Give a member's bytes, at most as many as ``unpacked_size`` counted for it. Raises one of UNREADABLE.

    ``ZipFile.read`` unpacks all that is there before it looks how much that was to be: a file can say ten bytes and hold gigabytes.
    """
    with packed.open(entry) as member:
        return member.read(entry.file_size)


def as_it_says(content: bytes) -> bytes:
    """Give a zip file in which every member has at most the bytes that it says, for a library that reads it by itself."""
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as packed, zipfile.ZipFile(written, "w") as plain:
        for entry in packed.infolist():
            plain.writestr(entry.filename, read_member(packed, entry))
    return written.getvalue()


def endings_in(content: bytes) -> set[str]:
    """Give the endings of the names in a zip file, in lower case. Raises one of UNREADABLE."""
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        return {PurePosixPath(entry.filename.lower()).suffix for entry in packed.infolist()}
