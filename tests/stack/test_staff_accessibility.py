"""Staff's pages: axe-core finds nothing, a keyboard is enough, a narrow window is wide enough."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.stack.at_the_desk import StaffTab
from tests.stack.running_stack import Stack, same_on_servers
from tests.stack.test_accessibility import findings
from tests.stack.test_taking_over import Visitor
from tests.stack.visiting import needs_chromium

pytestmark = [needs_chromium, same_on_servers]


@pytest.fixture(scope="module")
def tab_of_ben(browser: Browser, desk_stack: Stack) -> Iterator[StaffTab]:
    tab = StaffTab(browser, desk_stack, "ben")
    yield tab
    tab.context.close()


@pytest.fixture
def ben(tab_of_ben: StaffTab) -> Iterator[StaffTab]:
    yield tab_of_ben
    # A page that shows a chat loads itself again when that is ended after the test: it would come between the next test and its page.
    tab_of_ben.page.goto("about:blank")


@pytest.fixture
def olga(browser: Browser, desk_stack: Stack) -> Iterator[StaffTab]:
    """An officer."""
    tab = StaffTab(browser, desk_stack, "olga")
    yield tab
    tab.context.close()


def look_up(tab: StaffTab) -> None:
    tab.open("/staff")
    with tab.page.expect_response(lambda response: response.request.method == "POST"):
        tab.page.fill("#words", "food in Ely")
    expect(tab.page.locator(".card").first).to_be_visible()


def left_out(tab: StaffTab) -> None:
    tab.open("/staff")
    tab.page.fill("#words", "housing advice Peterborough")
    tab.page.locator("#place").select_option(label="Ely")
    expect(tab.page.locator("#results")).to_contain_text("Left out, and why")


def nothing(tab: StaffTab) -> None:
    tab.open("/staff")
    tab.page.fill("#words", "qwrtz")
    tab.page.locator("#topic").select_option("hong_kong")
    tab.page.locator("#spoken").select_option("ti")
    tab.page.locator("#found").wait_for()


def queue(tab: StaffTab) -> None:
    tab.open("/staff/queue")
    expect(tab.page.locator("#queue")).to_contain_text("Ben")
    waits = Visitor(tab.stack)
    waits.wait()
    expect(tab.page.locator("#queue .send").first).to_be_visible()


def chat(tab: StaffTab) -> None:
    queue(tab)
    tab.page.locator("#queue .send").first.click()
    tab.page.locator("#phrases-title").wait_for()
    tab.page.evaluate("for (const closed of document.querySelectorAll('details')) closed.open = true")


def not_yours(tab: StaffTab) -> None:
    waits = Visitor(tab.stack)
    waits.wait()
    tab.open("/staff/queue")
    form = tab.page.locator("#queue form[action^='/staff/chat/']").last
    tab.open(str(form.get_attribute("action")))


def reported(tab: StaffTab) -> None:
    look_up(tab)
    tab.page.locator(".report button").first.click()
    expect(tab.page.locator("#told")).to_contain_text("officers")


def at(path: str) -> Callable[[StaffTab], None]:
    def go(tab: StaffTab) -> None:
        tab.open(path)

    return go


STATES: dict[str, Callable[[StaffTab], None]] = {
    "look up": look_up,
    "left out": left_out,
    "nothing": nothing,
    "reported": reported,
    "queue": queue,
    "chat": chat,
    "not yours": not_yours,
    "gone": at("/staff/chat/999999"),
    "refused": at("/officer/wrong"),
}


@pytest.mark.parametrize("state", STATES)
def test_axe_finds_nothing_on_any_page_of_staff(ben: StaffTab, state: str) -> None:
    STATES[state](ben)
    assert findings(ben.page) == []


def test_axe_finds_nothing_on_the_pages_of_officers(ben: StaffTab, olga: StaffTab) -> None:
    reported(ben)
    olga.open("/officer/wrong")
    expect(olga.page.locator(".card").first).to_be_visible()
    assert findings(olga.page) == []
    olga.open("/staff/queue")
    assert findings(olga.page) == []


def test_axe_finds_nothing_where_staff_sign_in(browser: Browser, desk_stack: Stack) -> None:
    page = browser.new_page()
    page.goto(f"{desk_stack.url}/staff/sign-in")
    assert findings(page) == []
    page.fill("#username", "anna")
    page.fill("#password", "not this one at all")
    page.press("#password", "Enter")
    page.locator("#error").wait_for()
    assert findings(page) == []
    page.close()


@pytest.mark.parametrize("state", [look_up, queue, chat], ids=lambda state: state.__name__)
def test_nothing_of_a_page_is_cut_off_in_a_narrow_window(ben: StaffTab, state: Callable[[StaffTab], None]) -> None:
    state(ben)
    ben.page.set_viewport_size({"width": 320, "height": 800})
    wide = ben.page.evaluate("document.documentElement.scrollWidth")
    ben.page.set_viewport_size({"width": 1280, "height": 900})
    assert wide <= 320


def test_a_chat_is_taken_answered_and_handed_back_by_the_keyboard_alone(ben: StaffTab) -> None:
    visitor = Visitor(ben.stack)
    reference = visitor.wait()
    ben.open("/staff/queue")
    page = ben.page

    def reach(words: str) -> None:
        """Press Tab until a button, a heading that opens or a field is reached that begins with ``words`` or has them for its id."""
        for _ in range(200):
            page.keyboard.press("Tab")
            if page.evaluate(
                "words => { const at = document.activeElement; "
                "return at.matches('button, summary, textarea') && (at.id === words || at.innerText.startsWith(words)) }",
                words,
            ):
                return
        raise AssertionError(f"{words} is not reached")

    page.locator("#code").focus()
    page.keyboard.type(reference)
    page.keyboard.press("Enter")
    page.locator("button", has_text="Take").first.wait_for()
    reach("Take")
    page.keyboard.press("Enter")
    page.locator("#text").wait_for()
    page.locator("h1").focus()
    reach("text")
    page.keyboard.type("Good morning")
    page.keyboard.press("Enter")
    expect(page.locator(".talk")).to_contain_text("Good morning")
    assert "Good morning" in visitor.heard()
    reach("Finish")
    page.keyboard.press("Enter")
    reach("Hand back")
    page.keyboard.press("Enter")
    page.wait_for_url("**/staff/queue")
    assert visitor.events()["handover"]["state"] == "none"
