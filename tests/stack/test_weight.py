"""The page stays light: bytes, requests and time to usable in every language, over an emulated slow line; the limits are the product's."""

import re

import pytest
from playwright.sync_api import Browser

from benchmarks.page_weight import OUT, measure
from bot.codes import REPLY_LANGUAGES
from tests.stack.running_stack import Stack, same_on_servers
from tests.stack.visiting import needs_chromium

pytestmark = [needs_chromium, same_on_servers, pytest.mark.waits]


@pytest.mark.parametrize("language", REPLY_LANGUAGES)
def test_nothing_is_over_its_limit(browser: Browser, desk_stack: Stack, language: str) -> None:
    """With an officer, so that visitors are asked whether an answer helped."""
    weight = measure(browser, desk_stack.url, language)
    assert weight.everything > weight.read_and_ask > 1000, "something was weighed"
    assert weight.faults() == []


def test_every_language_is_in_the_table() -> None:
    assert all(f"\n| {language} |" in OUT.read_text(encoding="utf-8") for language in REPLY_LANGUAGES)


def test_what_a_page_loads_may_be_kept_for_good_and_the_page_itself_not(stack: Stack) -> None:
    page = stack.client.get("/?lang=en")
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["content-encoding"] == "gzip"
    for path in ("desk.css", "desk.js", "pictures.svg", "icon.svg"):
        start = page.text.index(f"/static/{path}?v=")
        address = page.text[start : page.text.index('"', start)].split("#")[0]
        assert stack.client.get(address).headers["cache-control"] == "public, max-age=31536000, immutable"


def test_the_policy_of_every_page_allows_no_exception(stack: Stack) -> None:
    for path in ("/", "/directory", "/privacy", "/accessibility", "/ended", "/still", "/demo", "/no-such-page", "/static/desk.js"):
        answer = stack.client.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert not re.search(r"""<[^>]*\s(?:style|on\w+)=["']""", answer.text), path
