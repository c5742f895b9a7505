"""Takes the pictures in ``docs/pictures``: one question on small, wide, right-to-left, magnified and printed pages, and staff's pages.

``python -m scripts.take_pictures`` starts the product and takes them anew; look at them before committing.
"""

import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from bot.settings import ROOT
from tests.stack.at_the_desk import DESK_OPEN, StaffTab, add_staff
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


def take_the_desk(browser: Browser, stack: Stack) -> None:
    """Take staff's pages, with two visitors who wait."""
    staff = StaffTab(browser, stack, "anna")
    page = staff.page
    with page.expect_response(lambda response: response.request.method == "POST"):
        page.fill("#words", "англійська в Елі")
    page.locator(".card").first.wait_for()
    page.wait_for_timeout(500)
    page.screenshot(path=PICTURES / "look-up.png")
    staff.open("/staff/queue")
    page.wait_for_timeout(1000)
    for language, text in (("uk", "Мені потрібен одяг для дитини в Елі"), ("ar", "زوجي يضربني وأنا خائفة")):
        visit = Visit(browser, stack)
        visit.open(language)
        visit.ask(text)
        visit.press("#ask button[value=human]")
        visit.press('button[value="desk:wait"]')
    page.locator("#queue .send").nth(1).wait_for()
    page.screenshot(path=PICTURES / "queue.png")
    page.locator("#queue .send").first.click()
    page.locator("#phrases-title").wait_for()
    group = page.locator("details.phrases").nth(6)
    group.locator("summary").click()
    group.locator("button[name=phrase]").first.click()
    page.wait_for_timeout(1000)
    page.screenshot(path=PICTURES / "chat.png")
    visit.page.locator("#desk").scroll_into_view_if_needed()
    visit.page.screenshot(path=PICTURES / "with-staff.png")


def main() -> None:
    """Take every picture."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        stack = Stack(Path(folder), {**DESK_OPEN, "SAFEGUARDING_CONTACT": "Jo Lee, 01223 555 000"})
        add_staff(stack, "anna")
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
            take_the_desk(browser, stack)
        finally:
            stack.stop()


if __name__ == "__main__":
    main()
