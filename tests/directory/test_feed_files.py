"""Files of a feed: in whatever shape they were saved, and told by name and place where they are none."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from bot.directory.feed_files import read_json_pages
from bot.errors import PackError

ONE, TWO = {"id": "1", "name": "Tea"}, {"id": "2", "name": "Coffee"}


def page(*services: Any) -> dict[str, Any]:
    return {"total_items": len(services), "contents": list(services)}


def packed(**files: str) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name, text in files.items():
            archive.writestr(name.replace("__", "."), text)
    return written.getvalue()


SHAPES = [
    ("a service", json.dumps(ONE), [ONE]),
    ("a list", json.dumps([ONE, TWO]), [ONE, TWO]),
    ("a page", json.dumps(page(ONE, TWO)), [ONE, TWO]),
    ("a list of pages", json.dumps([page(ONE), page(TWO)]), [ONE, TWO]),
    ("lines", f"{json.dumps(ONE)}\n\n{json.dumps(TWO)}\n", [ONE, TWO]),
    ("an empty page", json.dumps(page()), []),
]


@pytest.mark.parametrize(("text", "services"), [shape[1:] for shape in SHAPES], ids=[shape[0] for shape in SHAPES])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_services_are_read_in_every_shape_they_may_be_saved_in(text: str, services: list[Any], encoding: str) -> None:
    assert read_json_pages("feed.json", text.encode(encoding)) == services


def test_a_zip_is_read_in_the_order_of_its_names() -> None:
    files = {"b__json": json.dumps(TWO), "a__json": json.dumps(page(ONE)), "read_me__txt": "not for us"}
    assert read_json_pages("feed.zip", packed(**files)) == [ONE, TWO]


FAULTS = [
    ("no JSON", b"<html>", "feed.json, row 1: this is no JSON"),
    ("nothing", b"", "feed.json, row 1: this is no JSON"),
    ("cut off", b'{"contents": [\n{"id"', "feed.json, row 2: this is no JSON"),
    ("another encoding", b'{"id": "1", "name": "caf\xe9"}', "feed.json: save it as UTF-8"),
    ("a line that is cut off", b'{"id": "1", "name": "Tea"}\n{"id"', "feed.json, row 2: this line is no JSON object"),
    ("a number", b"5", "feed.json: this is no service"),
    ("a service without a name", b'{"contents": [{"id": "1", "name": "Tea"}, {"id": "2"}]}', "feed.json, contents[1]: this is no service"),
    ("an older standard", b'{"totalElements": 0, "content": []}', "Open Referral UK 1.0"),
    ("deeply nested", b"[" * 100_000, "feed.json"),
    ("a zip of nothing", packed(read_me__txt="x"), "feed.json: this zip has no .json file"),
    ("half a zip", packed(a__json=json.dumps(ONE))[:40], "feed.json: this zip cannot be unpacked"),
    ("a fault in a zip", packed(a__json="{"), "feed.json/a.json, row 1: this is no JSON"),
]


@pytest.mark.parametrize(("content", "told"), [fault[1:] for fault in FAULTS], ids=[fault[0] for fault in FAULTS])
def test_what_is_no_feed_is_told_by_file_and_place(content: bytes, told: str) -> None:
    with pytest.raises(PackError) as raised:
        read_json_pages("feed.json", content)
    assert told in "\n".join(raised.value.problems)


def test_every_fault_of_every_file_is_told_at_once() -> None:
    with pytest.raises(PackError) as raised:
        read_json_pages("feed.zip", packed(a__json="{", b__json="5", c__json=json.dumps(ONE)))
    assert len(raised.value.problems) == 2


def test_what_unpacks_to_more_than_any_directory_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("bot.directory.feed_files.LARGEST", 1000)
    many = json.dumps([ONE] * 100)
    for content in (many.encode(), packed(a__json=many)):
        with pytest.raises(PackError, match="too much"):
            read_json_pages("feed.json", content)
