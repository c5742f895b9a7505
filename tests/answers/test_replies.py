"""Replies that an older version of the product kept."""

import json
from dataclasses import fields
from typing import Any

from bot.answers.replies import Choice, Reply, ServiceCard, completed

NOTHING: dict[str, Any] = {field.name: "" for field in fields(ServiceCard)}
CARD = ServiceCard(**{**NOTHING, "name": "Ely Foodbank", "serves": ("Ely",), "hours": "Mo"})


def kept(reply: Reply) -> dict[str, Any]:
    """Give a reply as it comes out of the database."""
    read: dict[str, Any] = json.loads(json.dumps(reply.as_json()))
    return read


def test_a_reply_of_now_is_left_as_it_is() -> None:
    choices = kept(Reply("choices", "uk", "Що?", "What?", choices=(Choice("Їжа", "topic:food", "Food"),)))
    assert completed(choices) == {**choices, "reviewed": False}


def test_what_an_older_reply_lacks_is_empty_and_its_places_are_named_as_they_were() -> None:
    newer = ("name_meaning", "hours_en", "for_whom", "serves_said")
    old = kept(Reply("services", "uk", "Ось хто допоможе", services=(CARD,), left_out=({"name": "Other", "reason": "x"},)))
    for name in newer:
        del old["services"][0][name]
    del old["text_en"]
    whole = completed(old)
    (card,) = whole["services"]
    assert set(card) == {field.name for field in fields(ServiceCard)}
    assert [card[name] for name in newer] == ["", "", "", ["Ely"]]
    assert (card["name"], card["hours"], whole["text_en"]) == ("Ely Foodbank", "Mo", "")
    assert whole["left_out"] == [{"name": "Other", "reason": "x", "reason_en": ""}]
    assert "name_meaning" not in old["services"][0], "what is kept is not changed"


def test_urgent_words_of_then_count_as_read_by_nobody() -> None:
    assert completed({"kind": "urgent", "lang": "uk", "text": "999: …", "phone": "999"})["reviewed"] is False
