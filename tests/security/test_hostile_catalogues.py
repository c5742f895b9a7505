"""A translator's file can be as hostile as it likes: it is read in little time and memory, or refused in words."""

import time
import tracemalloc

import pytest

from bot.answers.exchange import LARGEST_FILE, read_upload
from bot.directory.records import Directory
from bot.errors import CatalogueRefused
from tests.builders import the_catalogues

HEAD = 'msgid ""\nmsgstr ""\n"Language: pl\\n"\n"Content-Type: text/plain; charset=UTF-8\\n"\n"Plural-Forms: {plurals};\\n"\n\n'
OURS = "nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2)"
FORMS = 'msgid "number.days"\nmsgid_plural "number.days"\nmsgstr[0] "{count} dzień"\nmsgstr[1] "{count} dni"\nmsgstr[2] "{count} dni"\n'
PATIENCE, ROOM = 60.0, 128 * 1024 * 1024
"""Seconds and bytes: far more than any file of ours takes, far less than what would keep others waiting."""


def read(content: bytes, directory: Directory) -> list[str]:
    """Read a file within PATIENCE and ROOM; give the keys of the faults that it is refused for."""
    catalogues = the_catalogues()
    tracemalloc.start()
    began = time.monotonic()
    try:
        read_upload(content, catalogues, directory)
        found = []
    except CatalogueRefused as refused:
        found = [fault.key for _, _, fault in refused.faults]
    took, (_, most) = time.monotonic() - began, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert took < PATIENCE
    assert most < ROOM
    return found


@pytest.mark.parametrize(
    "plurals",
    [
        "nplurals=3; plural=n%0",
        "nplurals=3; plural=n/(n-5)",
        "nplurals=99999999; plural=n",
        "nplurals=-3; plural=0",
        "nplurals=3; plural=__import__('os').system('true')",
        "nplurals=3; plural=" + "(" * 200 + "n" + ")" * 200,
        "nplurals=3; plural=" + "!" * 900 + "n",
        "nplurals=3; plural=9999999999999999999999*9999999999999999999",
        "nplurals=" + "9" * 5000 + "; plural=0",
        "nplurals=٣; plural=0",
        "",
    ],
    ids=range(11),
)
def test_a_hostile_rule_of_plurals_is_refused(directory: Directory, plurals: str) -> None:
    assert read((HEAD.format(plurals=plurals) + FORMS).encode(), directory)


def test_our_own_rule_is_not(directory: Directory) -> None:
    assert read((HEAD.format(plurals=OURS) + FORMS).encode(), directory) == []


@pytest.mark.parametrize(
    "line",
    [
        " " * 400_000 + "x",
        "msgid" + " " * 400_000 + "x",
        '"' + "\\" * 400_001,
        '"' + '\\"' * 200_000,
        "\t" * 400_000 + '"',
        "#" * 400_000 + "\x0c",
    ],
    ids=range(6),
)
def test_a_long_line_takes_no_longer_than_it_has_to(directory: Directory, line: str) -> None:
    read((HEAD.format(plurals=OURS) + line + "\n").encode(), directory)


@pytest.mark.parametrize(
    "text",
    [
        'msgid "a"\nmsgstr "b"\n' * 20_000,
        "\n".join(f'msgid "k{number}"\nmsgstr ""' for number in range(14_000)),
        'msgid "page.send"\nmsgstr ""\n' + '"a"\n' * 60_000,
        'msgid "page.send"' + "\n" * 300_000 + 'msgstr "x"\n',
        "#, fuzzy\n" * 50_000,
        '#~ msgid "a"\n#~ msgstr "b"\n\n' * 15_000,
        'msgctxt "a"\n' * 30_000,
        "#: " + "a:1 " * 100_000 + '\nmsgid "page.send"\nmsgstr "x"\n',
        "#: " + "\u2068" * 100_000 + '\nmsgid "page.send"\nmsgstr "x"\n',
        'msgid "page.send"\nmsgstr[99999999] "x"\n',
        'msgid "number.days"\nmsgid_plural "number.days"\nmsgstr[-1] "x"\n',
        "".join(f'msgid "number.days"\nmsgid_plural "number.days"\nmsgstr[{number}] "x"\n' for number in range(9)),
    ],
    ids=range(12),
)
def test_a_file_full_of_one_thing_is_read_in_time(directory: Directory, text: str) -> None:
    content = (HEAD.format(plurals=OURS) + text).encode()[: LARGEST_FILE - 10]
    read(content, directory)


@pytest.mark.parametrize(
    "header",
    [
        "Language: ../../etc/passwd",
        "Language: pl\\nLanguage: en",
        "Content-Type: text/plain; charset=../../x",
        "Content-Type: text/plain; charset=utf-7",
        "POT-Creation-Date: 9999-99-99 99:99+9999",
        "PO-Revision-Date: \\x00",
        "Language-Team: {0.__class__}",
        "X: " + "y" * 100_000,
        "",
    ],
    ids=range(9),
)
def test_a_hostile_header_is_refused_or_left_aside(directory: Directory, header: str) -> None:
    read(f'msgid ""\nmsgstr ""\n"{header}\\n"\n"Language: pl\\n"\n\nmsgid "page.send"\nmsgstr "x"\n'.encode(), directory)
    read(f'msgid ""\nmsgstr ""\n"Language: pl\\n"\n"{header}\\n"\n\nmsgid "page.send"\nmsgstr "x"\n'.encode(), directory)
