"""Takes the pictures in ``docs/pictures``: one question on small, wide, right-to-left, magnified and printed pages, the desk's, officers'.

``python -m scripts.take_pictures`` starts the product and takes them anew, ``python -m scripts.take_pictures office`` the officers' alone;
look at them before committing.
"""

import io
import sys
import tempfile
import zipfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from bot.directory.hours import BRITISH_TIME
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


def take_the_office(browser: Browser, stack: Stack) -> None:
    """Take the officers' pages: what to do, a record with its preview, something to approve, what people ask for, a file, the switches."""
    olga, peter = StaffTab(browser, stack, "olga"), StaffTab(browser, stack, "peter")
    page = olga.open("/officer/service/ely_foodbank")
    page.check('[name="times.0.days"][value="TH"]')
    page.fill('[name="times.0.opens"]', "13:15")
    page.fill('[name="times.0.closes"]', "14:45")
    page.select_option("#preview_language", "ar")
    page.get_by_role("button", name="Show").click()
    page.locator(".preview").wait_for()
    page.locator(".preview").screenshot(path=PICTURES / "officer-preview.png")
    page.check("[name=assure]")
    page.locator(".choices button.send").click()
    page.wait_for_load_state()
    page.screenshot(path=PICTURES / "officer-record.png")
    page = olga.open("/officer/guidance/rf110")
    page.fill('[name="guidance.0.statement"]', "Most food banks need a voucher. A library can tell you who gives one.")
    page.locator(".choices button.send").click()
    page.wait_for_load_state()
    peter.open("/officer").screenshot(path=PICTURES / "officer-home.png")
    peter.open("/officer/approvals").screenshot(path=PICTURES / "officer-approve.png")
    peter.open("/officer/insights")
    gaps = peter.page.locator("svg.chart.grid").first
    gaps.scroll_into_view_if_needed()
    peter.page.screenshot(path=PICTURES / "officer-gaps.png")
    page = olga.open("/officer/files")
    page.set_input_files("#file", {"name": "services.csv", "mimeType": "text/csv", "buffer": a_changed_sheet(page)})
    page.get_by_role("button", name="Check").click()
    page.get_by_role("button", name="Import").wait_for()
    page.screenshot(path=PICTURES / "officer-file.png")
    take_the_switches(olga)


def a_changed_sheet(page: Page) -> bytes:
    """Give the directory's sheet of services with one description changed, as somebody would send it back."""
    archive = page.request.get(f"{page.url}/directory.zip").body()
    with zipfile.ZipFile(io.BytesIO(archive)) as sheets:
        services = next(name for name in sheets.namelist() if name.endswith("services.csv"))
        return sheets.read(services).replace(b"Emergency food with a voucher.", b"Emergency food. You need a voucher.")


def take_the_switches(olga: StaffTab) -> None:
    """Take the page of the cold-weather switch while it is on, and that of the off switches while the assistant is off."""
    page = olga.open("/officer/cold-weather")
    page.select_option("#place", label="Fenland")
    page.fill("#until_day", f"{datetime.now(BRITISH_TIME) + timedelta(days=1):%Y-%m-%d}")
    page.get_by_role("button", name="Switch on").click()
    page.wait_for_url("**done=on")
    page.screenshot(path=PICTURES / "officer-cold-weather.png")
    page = olga.open("/officer/switches")
    page.fill("#why-assistant", "It names a food bank that has closed. The directory is being mended.")
    page.fill("#message-assistant", "The chat will be back on Monday. Please call us on 0345 045 5225.")
    page.get_by_role("button", name="Switch the assistant off").click()
    page.wait_for_url("**done=off")
    page.screenshot(path=PICTURES / "officer-switches.png")


def take_the_page(browser: Browser, stack: Stack) -> None:
    """Take the chat page in every shape, and what can be taken along from it."""
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


TAKERS = {"page": take_the_page, "desk": take_the_desk, "office": take_the_office}


def main(wanted: list[str]) -> None:
    """Take the pictures of ``wanted`` (page, desk, office), or all."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        stack = Stack(Path(folder), {**DESK_OPEN, "SAFEGUARDING_CONTACT": "Jo Lee, 01223 555 000"})
        for username, role in (("anna", "staff"), ("olga", "officer"), ("peter", "officer")):
            add_staff(stack, username, role)
        stack.start()
        try:
            for name, take in TAKERS.items():
                if name in wanted or not wanted:
                    take(browser, stack)
        finally:
            stack.stop()


if __name__ == "__main__":
    main(sys.argv[1:])
