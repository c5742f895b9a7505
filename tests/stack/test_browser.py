"""The page in a real browser, in Ukrainian and Arabic, with JavaScript and without."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.stack.running_stack import Stack

CHROMIUM = next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None)
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
QUIET += ["--disable-component-update", "--disable-sync"]

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the PATH: apt-get install chromium, then run this again")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield opened
        opened.close()


class Visit:
    """A visitor's tab on an old phone; gathers what the page complained of and every address it asked for."""

    def __init__(self, browser: Browser, stack: Stack, scripts: bool) -> None:
        self.context = browser.new_context(viewport={"width": 360, "height": 640}, java_script_enabled=scripts)
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text) if message.type == "error" else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.stack = stack

    def ask(self, text: str) -> None:
        """Type a question, press the button and wait for the next exchange."""
        before = self.page.locator(".exchange").count()
        self.page.fill("#text", text)
        self.page.click("#ask .send")
        self.page.locator(".exchange").nth(before).wait_for()


@pytest.fixture(params=[True, False], ids=["scripts", "no-scripts"])
def visit(request: pytest.FixtureRequest, browser: Browser, stack: Stack) -> Iterator[Visit]:
    opened = Visit(browser, stack, request.param)
    yield opened
    assert opened.complaints == []
    assert all(address.startswith(stack.url) for address in opened.asked), "no third party is asked for anything"
    opened.context.close()


def test_a_question_in_ukrainian(visit: Visit) -> None:
    page = visit.page
    page.goto(f"{visit.stack.url}/?lang=uk")
    assert page.locator("html").get_attribute("dir") == "ltr"
    visit.ask("Де я можу вивчати англійську в Елі?")
    assert "Cambridgeshire Skills" in page.locator(".exchange").last.inner_text()
    visit.ask("А в Уісбечі?")
    assert "College of West Anglia" in page.locator(".exchange").last.inner_text()
    assert page.locator("html").get_attribute("lang") == "uk"


def test_an_urgent_question_in_arabic_is_laid_out_from_the_right(visit: Visit) -> None:
    page = visit.page
    page.goto(f"{visit.stack.url}/?lang=ar")
    assert page.locator("html").get_attribute("dir") == "rtl"
    visit.ask("لا أملك مكانًا للنوم الليلة")
    last = page.locator(".exchange").last
    assert last.locator(".urgent").count() == 1
    assert last.locator(".urgent .number").get_attribute("dir") == "ltr"
    assert last.locator(".card h3").first.get_attribute("dir") == "ltr"
    page.locator(".choices button[value='place:fenland']").click()
    page.locator(".exchange").nth(1).wait_for()
    assert "Fenland District Council" in page.locator(".exchange").last.inner_text()


def test_the_page_does_not_scroll_sideways(visit: Visit) -> None:
    page = visit.page
    for language in ("en", "uk", "ar", "fa", "zh-Hant"):
        page.goto(f"{visit.stack.url}/?lang={language}")
        box = page.locator("body").bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 360, language


def test_an_empty_question_keeps_the_page_and_says_what_to_do(visit: Visit) -> None:
    page = visit.page
    page.goto(f"{visit.stack.url}/?lang=en")
    page.click("#ask .send")
    page.locator("#error").wait_for()
    assert page.locator("#text").get_attribute("aria-describedby") == "error"
    visit.complaints[:] = [c for c in visit.complaints if "422" not in c]


def test_a_chat_can_be_erased(visit: Visit) -> None:
    page = visit.page
    page.goto(f"{visit.stack.url}/?lang=en")
    visit.ask("I need food in Ely")
    page.click("button[value='erase']")
    page.locator("text=Your chat is erased").wait_for()
    assert page.locator(".exchange").count() == 0


def test_the_language_is_changed_in_the_middle_of_a_chat(visit: Visit) -> None:
    page = visit.page
    page.goto(f"{visit.stack.url}/?lang=en")
    visit.ask("I need food in Ely")
    page.click(".languages button[value='fa']")
    page.locator("html[lang='fa']").wait_for()
    assert page.locator(".exchange").count() == 1
    visit.ask("ESOL?")
    assert page.locator(".exchange").last.locator(".reply").first.get_attribute("lang") == "fa"
