"""A visitor's browser: a real Chromium, on an old phone unless said otherwise."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from bot.codes import REPLY_LANGUAGES
from tests.stack.running_stack import Stack

CHROMIUM = next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None)
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
QUIET += ["--disable-component-update", "--disable-sync"]
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the PATH: apt-get install chromium, then run this again")
OLD_PHONE = {"width": 360, "height": 640}
QUESTIONS = {
    "en": "I need food in Ely",
    "uk": "Де я можу вивчати англійську в Елі?",
    "ar": "لا أملك مكانًا للنوم الليلة",
    "fa": "به من گفتند NRPF دارم، چه کمکی می‌توانم بگیرم؟",
    "zh-Hant": "我想搵律師幫我申請庇護",
    "ru": "Где в Уисбече бесплатно раздают еду?",
    "prs": "داکتر را کجا پیدا کنم؟",
    "ps": "زه په ایلي کې چېرته انګلیسي زده کولی شم؟",
    "ckb": "پێویستم بە خواردنە، پارەم نییە",
    "ti": "ኣበይ እንግሊዝኛ ክመሃር እኽእል?",
    "so": "Guri ma haysto, yaa i caawin kara?",
    "ro": "Cum mă înscriu la bibliotecă?",
    "lt": "Kur galiu nemokamai mokytis anglų kalbos?",
    "pl": "Potrzebuję lekarza w Cambridge",
}
"""A question for each language the product writes."""
assert set(QUESTIONS) == set(REPLY_LANGUAGES)


@contextmanager
def chromium(**launch: Any) -> Iterator[Browser]:
    """Start Chromium, and stop it at the end."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, *launch.pop("more", [])], **launch)
        yield opened
        opened.close()


class Visit:
    """A visitor's tab; gathers what the page complained of and every address it asked for."""

    def __init__(self, browser: Browser, stack: Stack, scripts: bool = True, **context: Any) -> None:
        self.context = browser.new_context(**{"viewport": OLD_PHONE, "java_script_enabled": scripts, **context})
        self.page: Page = self.context.new_page()
        self.scripts = scripts
        self.complaints: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text) if message.type == "error" else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.stack = stack

    def open(self, language: str, path: str = "/") -> Page:
        """Open a page in a language."""
        self.page.goto(f"{self.stack.url}{path}?lang={language}")
        return self.page

    def _press_and_wait(self, button: Locator) -> None:
        """Press a button that brings an answer, and wait for it: a new part of the page, or without scripts a new page."""
        if not self.scripts:
            with self.page.expect_navigation():
                button.click()
            return
        before = self.page.locator(".exchange").count()
        button.click()
        self.page.locator(".exchange").nth(before).wait_for()

    def ask(self, text: str) -> None:
        """Type a question, press the button and wait for the next exchange."""
        self.page.fill("#text", text)
        self._press_and_wait(self.page.locator("#ask .send"))

    def press(self, selector: str) -> None:
        """Press what brings a next exchange, and wait for it."""
        self._press_and_wait(self.page.locator(selector).last)

    def last(self) -> str:
        """Give the text of the last exchange."""
        return self.page.locator(".exchange").last.inner_text()

    def close(self) -> None:
        """Close the tab; nothing may have gone wrong in it, and no third party may have been asked for anything."""
        assert self.complaints == [], self.complaints
        assert all(address.startswith((self.stack.url, "data:", "blob:")) for address in self.asked), self.asked
        self.context.close()
