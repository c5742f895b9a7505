"""Codes: which language of ours a browser's tag stands for."""

import pytest

from bot.codes import language_of_tag


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("uk", "uk"),
        ("uk-UA", "uk"),
        ("ar-SY", "ar"),
        ("prs-AF", "prs"),
        ("fa-AF", "prs"),
        ("fa-IR", "fa"),
        ("ku-IQ", "ckb"),
        ("zh", "zh-Hant"),
        ("zh-HK", "zh-Hant"),
        ("zh-Hant-HK", "zh-Hant"),
        ("yue", "zh-Hant"),
        (" EN-gb ", "en"),
        ("de-AT", None),
        ("", None),
        ("*", None),
    ],
)
def test_a_browser_s_tag_is_looked_up_whole_and_then_by_its_beginning(tag: str, language: str | None) -> None:
    assert language_of_tag(tag) == language
