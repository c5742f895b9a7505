"""WCAG 2.2 AA: axe-core on every state of every page in every language; and what axe cannot see: keyboard, zoom, targets, modes."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from bot.codes import REPLY_LANGUAGES
from tests.stack.running_stack import Stack, same_on_servers
from tests.stack.visiting import QUESTIONS, Visit, needs_chromium

pytestmark = [needs_chromium, same_on_servers]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def first(visit: Visit, language: str) -> None:
    visit.open(language)
    for closed in visit.page.locator("details:not([open]) > summary").all():
        closed.click()


def answer(visit: Visit, language: str) -> None:
    visit.open(language)
    visit.ask(QUESTIONS[language])
    for closed in visit.page.locator("details:not([open]) > summary").all():
        if closed.is_visible():
            closed.click()


def with_english(visit: Visit, language: str) -> None:
    answer(visit, language)
    if language != "en":
        visit.page.click("button[name='english']")
        visit.page.locator(".said .en").first.wait_for()


def urgent(visit: Visit, language: str) -> None:
    visit.open(language)
    visit.press("button[value='topic:housing']")
    visit.ask(QUESTIONS["ar"])
    visit.page.locator(".urgent").wait_for()


def not_understood(visit: Visit, language: str) -> None:
    visit.open(language)
    visit.ask("qwrtz")


def a_person(visit: Visit, language: str) -> None:
    visit.open(language)
    visit.press("#ask button[value='human']")


def error(visit: Visit, language: str) -> None:
    visit.open(language)
    visit.page.click("#ask .send")
    visit.page.locator("#error").wait_for()
    visit.complaints[:] = [c for c in visit.complaints if "422" not in c]


def erased(visit: Visit, language: str) -> None:
    answer(visit, language)
    visit.page.click("button[value='erase']")
    visit.page.locator(".notice").wait_for()


def warned(visit: Visit, language: str) -> None:
    visit.page.clock.install()
    visit.open(language)
    visit.ask(QUESTIONS[language])
    visit.page.clock.run_for(13 * 60_000 + 2000)
    visit.page.locator("[role=alertdialog]").wait_for()


def at(path: str) -> Callable[[Visit, str], None]:
    def go(visit: Visit, language: str) -> None:
        visit.open(language, path)

    return go


def found(visit: Visit, language: str) -> None:
    visit.open(language, "/directory")
    visit.page.locator("#topic").select_option("food")
    visit.page.click("main .search button")
    visit.page.locator(".card").first.wait_for()


def nothing_found(visit: Visit, language: str) -> None:
    visit.open(language, "/directory")
    visit.page.fill("#words", "qwrtz")
    visit.page.click("main .search button")
    visit.page.locator("h2").wait_for()


def sheet(visit: Visit, language: str) -> None:
    answer(visit, language)
    visit.page.locator(".take button").first.click()
    visit.page.locator("main.sheet").wait_for()


def missing(visit: Visit, language: str) -> None:
    visit.open(language, "/no-such-page")
    visit.complaints[:] = [c for c in visit.complaints if "404" not in c]


def expired(visit: Visit, language: str) -> None:
    visit.open(language)
    visit.page.evaluate("for (const field of document.querySelectorAll('input[name=session]')) field.value = 'of-a-chat-long-ago'")
    visit.page.fill("#text", QUESTIONS[language])
    visit.page.click("#ask .send")
    visit.page.locator("#error").wait_for()
    visit.complaints[:] = [c for c in visit.complaints if "404" not in c]


STATES: dict[str, Callable[[Visit, str], None]] = {
    "first": first,
    "answer": answer,
    "with English": with_english,
    "urgent": urgent,
    "not understood": not_understood,
    "a person": a_person,
    "error": error,
    "expired": expired,
    "erased": erased,
    "warned": warned,
    "still there": at("/still"),
    "ended": at("/ended"),
    "directory": at("/directory"),
    "found": found,
    "nothing found": nothing_found,
    "sheet": sheet,
    "privacy": at("/privacy"),
    "accessibility": at("/accessibility"),
    "missing": missing,
}
"""Every state a page can be in, by what brings it there."""
OF_EACH_LANGUAGE = ("first", "answer", "with English", "urgent", "found", "sheet")
"""States that show texts, names and fonts of a language; the others differ by which way they are written alone."""


def findings(page: Page) -> list[str]:
    """Let axe-core look at the page; give what it finds, each with the rule and the first places."""
    page.evaluate("scrollTo(0, 0)")  # What the fixed top of the page happens to cover is no fault of its size.
    result: dict[str, Any] = Axe().run(page, options={"runOnly": RULES, "resultTypes": ["violations"]}).response
    assert len(result["passes"]) > 5, "axe looked at nothing"
    return [f"{v['id']}: {v['help']} {[node['html'][:200] for node in v['nodes'][:3]]}" for v in result["violations"]]


@pytest.mark.parametrize(
    ("state", "language"), [(state, code) for state in STATES for code in (REPLY_LANGUAGES if state in OF_EACH_LANGUAGE else ("en", "ar"))]
)
def test_axe_finds_nothing(browser: Browser, stack: Stack, state: str, language: str) -> None:
    visit = Visit(browser, stack)
    STATES[state](visit, language)
    assert findings(visit.page) == []
    visit.close()


@pytest.mark.parametrize("scheme", ["dark", "forced"])
@pytest.mark.parametrize("state", ["first", "urgent", "found", "sheet"])
def test_axe_finds_nothing_in_the_dark_and_with_forced_colours(browser: Browser, stack: Stack, state: str, scheme: str) -> None:
    modes: dict[str, Any] = {"color_scheme": "dark"} if scheme == "dark" else {"forced_colors": "active"}
    visit = Visit(browser, stack, **modes)
    STATES[state](visit, "ar")
    assert findings(visit.page) == []
    visit.close()


def test_axe_finds_nothing_on_the_sample_page_of_the_council(browser: Browser, stack: Stack) -> None:
    visit = Visit(browser, stack)
    visit.open("en", "/demo")
    assert findings(visit.page) == []
    visit.page.locator("welcome-desk").locator("button").first.click()
    visit.page.frame_locator("iframe").locator("#text").wait_for()
    assert findings(visit.page) == []
    visit.close()


# ---- What axe cannot see


@pytest.fixture
def small(browser: Browser, stack: Stack) -> Iterator[Visit]:
    """A screen of 1280 by 1024 pixels at 400%: WCAG 2.2, 1.4.10."""
    visit = Visit(browser, stack, viewport={"width": 320, "height": 256})
    yield visit
    visit.close()


@pytest.mark.parametrize("language", REPLY_LANGUAGES)
@pytest.mark.parametrize("state", ["first", "with English", "urgent", "found", "sheet", "accessibility", "privacy"])
def test_at_400_percent_nothing_scrolls_sideways_or_is_cut_off(small: Visit, state: str, language: str) -> None:
    STATES[state](small, language)
    widths = small.page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert widths[0] <= widths[1]
    outside = small.page.evaluate(
        "[...document.querySelectorAll('main *, .bar *, footer *')].filter((e) => { const b = e.getBoundingClientRect();"
        " return b.width > 1 && !e.closest('.unseen') && (b.left < -1 || b.right > innerWidth + 1) }).map((e) => e.outerHTML.slice(0, 120))"
    )
    assert outside == []


@pytest.mark.parametrize("state", ["first", "with English", "urgent", "found", "sheet", "accessibility"])
def test_every_target_is_24_pixels_or_stands_in_a_sentence(browser: Browser, stack: Stack, state: str) -> None:
    visit = Visit(browser, stack)
    STATES[state](visit, "uk")
    small = visit.page.evaluate(
        "[...document.querySelectorAll('button, a, input:not([type=hidden]), select, textarea, summary')].filter((e) => {"
        " const b = e.getBoundingClientRect(); return b.width > 1 && (b.height < 24 || b.width < 24) && !e.closest('p, .skip') })"
        ".map((e) => e.outerHTML.slice(0, 160))"
    )
    assert small == []
    visit.close()


def focused(page: Page) -> str:
    return str(page.evaluate("(document.activeElement.innerText || document.activeElement.id || document.activeElement.tagName).trim()"))


def test_by_keyboard_alone_a_question_is_asked_a_service_chosen_and_the_sheet_reached(browser: Browser, stack: Stack) -> None:
    visit = Visit(browser, stack, viewport={"width": 1280, "height": 800}, has_touch=False)
    page = visit.open("en")
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to the main part"
    page.keyboard.press("Enter")

    def tab_to(selector: str) -> None:
        for _ in range(80):
            page.keyboard.press("Tab")
            if page.evaluate("(s) => document.activeElement.matches(s)", selector):
                assert seen(page)
                return
        raise AssertionError(selector)

    tab_to("#text")
    page.keyboard.type("where can I learn English in Ely")
    page.keyboard.press("Enter")
    page.locator(".exchange").wait_for()
    assert focused(page) == "text", "the next question can be typed at once"
    page.keyboard.press("Shift+Tab")
    for _ in range(40):
        if page.evaluate("document.activeElement.matches('.card input')"):
            break
        page.keyboard.press("Shift+Tab")
    page.keyboard.press("Space")
    assert page.locator(".card input:checked").count() == 1
    tab_to(".take button")
    page.keyboard.press("Enter")
    page.locator("main.sheet").wait_for()
    assert page.locator(".sheet h2").count() == 1
    visit.close()


def seen(page: Page) -> bool:
    """Tell whether the focused element has a visible mark and is not under something else: WCAG 2.2, 2.4.7 and 2.4.11."""
    return bool(
        page.evaluate(
            "(() => { const e = document.activeElement, s = getComputedStyle(e), b = e.getBoundingClientRect();"
            " const there = document.elementFromPoint(b.left + b.width / 2, Math.min(b.bottom, innerHeight) - 4);"
            " return parseFloat(s.outlineWidth) >= 2 && s.outlineStyle !== 'none' && (e.contains(there) || !!there?.contains(e)) })()"
        )
    )


@pytest.mark.parametrize("language", ["en", "ar"])
def test_whatever_has_the_focus_is_marked_and_not_hidden_by_the_bar(browser: Browser, stack: Stack, language: str) -> None:
    visit = Visit(browser, stack, viewport={"width": 640, "height": 400})
    answer(visit, language)
    page = visit.page
    page.evaluate("scrollTo(0, 0); document.activeElement.blur()")
    steps = page.locator("button:visible, a:visible, input:visible, summary:visible, textarea:visible").count()
    assert steps > 20
    for key in ("Tab", "Shift+Tab"):
        for _ in range(steps):
            page.keyboard.press(key)
            if page.evaluate("document.activeElement !== document.body"):
                assert seen(page), page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
    visit.close()


def test_where_motion_is_not_wanted_nothing_moves(browser: Browser, stack: Stack) -> None:
    visit = Visit(browser, stack, reduced_motion="reduce")
    visit.open("en")
    assert visit.page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"
    assert visit.page.evaluate("document.getAnimations().length") == 0
    visit.close()


def test_every_state_has_a_title_of_its_own(browser: Browser, stack: Stack) -> None:
    visit = Visit(browser, stack)
    titles = {}
    for state in ("first", "answer", "error", "still there", "ended", "directory", "sheet", "privacy", "accessibility"):
        STATES[state](visit, "en")
        titles[state] = visit.page.title()
    assert len(set(titles.values())) == len(titles), titles
    visit.close()
