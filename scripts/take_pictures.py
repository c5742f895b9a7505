"""Takes the pictures in ``docs/pictures``: one question on small, wide, right-to-left, magnified and printed pages.

``python -m scripts.take_pictures`` starts the product and takes them anew; look at them before committing.
"""

import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from bot.settings import ROOT
from tests.stack.running_stack import Stack
from tests.stack.visiting import Visit, chromium

PICTURES = ROOT / "docs" / "pictures"
QUESTION = {"en": "Where can I learn English in Ely?", "ar": "أين يمكنني تعلم الإنجليزية في إيلي؟"}
A4 = {"width": 794, "height": 1123}
"""A4 at 96 pixels an inch."""


def ask(browser: Browser, stack: Stack, language: str, **context: Any) -> Page:
    """Ask the question in a new tab."""
    visit = Visit(browser, stack, **context)
    page = visit.open(language)
    visit.ask(QUESTION[language])
    page.wait_for_load_state("networkidle")
    return page


def main() -> None:
    """Take every picture."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        stack = Stack(Path(folder))
        stack.start()
        try:
            ask(browser, stack, "en", viewport={"width": 320, "height": 640}).screenshot(path=PICTURES / "narrow.png")
            ask(browser, stack, "en", viewport={"width": 1280, "height": 900}).screenshot(path=PICTURES / "wide.png")
            ask(browser, stack, "ar", viewport={"width": 360, "height": 640}).screenshot(path=PICTURES / "right-to-left.png")
            magnified = {"viewport": {"width": 320, "height": 256}, "device_scale_factor": 4}
            ask(browser, stack, "en", **magnified).screenshot(path=PICTURES / "zoom.png", scale="css")
            page = ask(browser, stack, "ar", viewport=A4)
            page.emulate_media(media="print")
            page.screenshot(path=PICTURES / "print.png")
            page.emulate_media(media="screen")
            page.locator(".take button").first.click()
            page.locator("main.sheet").wait_for()
            page.emulate_media(media="print")
            page.screenshot(path=PICTURES / "sheet.png")
            visit = Visit(browser, stack)
            visit.open("uk").screenshot(path=PICTURES / "first.png")
        finally:
            stack.stop()


if __name__ == "__main__":
    main()
