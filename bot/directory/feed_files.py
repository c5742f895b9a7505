"""Files of an Open Referral UK 3.0 feed: services saved one by one, as lists, as pages, line by line, or many files in a zip."""

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bot.directory.sheets import Problem, decoded
from bot.directory.zips import UNREADABLE, read_member
from bot.errors import PackError

LARGEST = 64 * 1024 * 1024
"""Bytes of all files together, unpacked: some 20,000 services."""
FILES_AT_MOST = 30_000
ENDINGS = (".json", ".ndjson", ".jsonl")

Json = dict[str, Any]


def read_json_pages(name: str, content: bytes) -> list[Json]:
    """Give the services of a file called ``name``: a service, a list of them, a page with ``contents``, one a line, or a zip of such files.

    Raises PackError naming file and place of all that is no JSON or not of this shape.
    """
    if not content.startswith(b"PK"):
        return _all_of([(name, content)])
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            members = [one for one in packed.infolist() if not one.is_dir() and Path(one.filename).suffix.lower() in ENDINGS]
            if sum(one.file_size for one in members) > LARGEST or len(members) > FILES_AT_MOST:
                raise PackError(
                    [_fault(name, f"this is too much for one import: at most {LARGEST // 2**20} MB and {FILES_AT_MOST} files.")]
                )
            if not members:
                raise PackError([_fault(name, "this zip has no .json file: pack the feed's pages into it.")])
            ordered = sorted(members, key=lambda one: one.filename)
            return _all_of((f"{name}/{one.filename}", read_member(packed, one)) for one in ordered)
    except UNREADABLE as error:
        raise PackError([_fault(name, "this zip cannot be unpacked: pack it anew, without a password.")]) from error


def _all_of(files: Iterator[tuple[str, bytes]] | list[tuple[str, bytes]]) -> list[Json]:
    problems: list[Problem] = []
    services: list[Json] = []
    size = 0
    for name, content in files:
        size += len(content)
        if size > LARGEST:
            raise PackError([_fault(name, f"this is too much for one import: at most {LARGEST // 2**20} MB.")])
        for place, value in _values(name, content, problems):
            services += _services(place, value, problems)
    if problems:
        raise PackError(problems)
    return services


def _values(name: str, content: bytes, problems: list[Problem]) -> Iterator[tuple[str, Any]]:
    """Give the JSON of a file, or of each of its lines, with where it stands."""
    text = decoded(content)
    if text is None:
        problems.append(_fault(name, "save it as UTF-8 and try again."))
        return
    try:
        yield name, json.loads(text)
        return
    except RecursionError:
        problems.append(_fault(name, "this is nested too deeply to be a feed."))
        return
    except ValueError as error:
        whole = error
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not lines or not _is_object(lines[0][1]):
        where = whole.lineno if isinstance(whole, json.JSONDecodeError) else 0
        problems.append(Problem(name, where, "", "", "this is no JSON: save the feed's answer as it came."))
        return
    for number, line in lines:
        if _is_object(line):
            yield f"{name}, row {number}", json.loads(line)
        else:
            problems.append(Problem(name, number, "", "", "this line is no JSON object: in such a file every line is a service."))


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _services(place: str, value: Any, problems: list[Problem]) -> list[Json]:
    """Give the services in a page, a list or an object."""
    if isinstance(value, Mapping) and isinstance(value.get("contents"), list):
        return [one for number, part in enumerate(value["contents"]) for one in _services(f"{place}, contents[{number}]", part, problems)]
    if isinstance(value, list):
        return [one for number, part in enumerate(value) for one in _services(f"{place}, [{number}]", part, problems)]
    if isinstance(value, dict) and isinstance(value.get("id"), (str, int)) and isinstance(value.get("name"), str):
        return [value]
    older = isinstance(value, Mapping) and isinstance(value.get("content"), list)
    asked = "a page of Open Referral UK 1.0: ask the feed for version 3.0." if older else "no service: one has at least an id and a name."
    problems.append(_fault(place, f"this is {asked}"))
    return []


def _fault(place: str, want: str) -> Problem:
    return Problem(place, 0, "", "", want)
