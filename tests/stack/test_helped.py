"""Did this help? Asked below an answer while an officer reads it, with and without scripts; read by officers and nobody else."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, expect

from bot.codes import REPLY_LANGUAGES
from tests.stack.at_the_desk import StaffClient, StaffTab
from tests.stack.running_stack import Stack, same_on_servers, services
from tests.stack.test_accessibility import findings
from tests.stack.visiting import QUESTIONS, Visit, needs_chromium

pytestmark = needs_chromium


@pytest.fixture(params=[True, False], ids=["scripts", "no-scripts"])
def visitor(request: pytest.FixtureRequest, browser: Browser, desk_stack: Stack) -> Iterator[Visit]:
    opened = Visit(browser, desk_stack, request.param)
    yield opened
    opened.close()


def say(visit: Visit, helped: str) -> None:
    visit.page.click(f".helped button[value='{helped}']")
    visit.page.locator("#comment").wait_for()


def test_a_visitor_says_whether_it_helped_and_what_and_an_officer_reads_it(visitor: Visit, desk_stack: Stack, browser: Browser) -> None:
    visitor.open("uk")
    visitor.ask(QUESTIONS["uk"])
    say(visitor, "0")
    assert visitor.scripts is False or visitor.page.evaluate("document.activeElement.id") == "thanks"
    words = f"зачинено {visitor.scripts}, 07700 900789"
    name = visitor.page.locator("#about option").nth(1).inner_text()
    visitor.page.select_option("#about", index=1)
    visitor.page.fill("#comment", words)
    visitor.page.click("#thanks button")
    expect(visitor.page.locator("p#thanks")).to_be_visible()
    olga = StaffTab(browser, desk_stack, "olga")
    olga.open("/officer/feedback")
    card = olga.page.locator(".card", has_text=f"зачинено {visitor.scripts}")
    expect(card).to_contain_text(f"It did not help: {name}")
    expect(card).to_contain_text("Ukrainian")
    expect(card).not_to_contain_text("900789")
    assert findings(olga.page) == []
    card.get_by_role("button", name="I have read this").click()
    expect(olga.page.locator(".card", has_text=f"зачинено {visitor.scripts}")).to_contain_text("Read by Olga on")
    olga.close()


def test_after_the_next_question_nothing_of_the_last_opinion_is_left_to_press(visitor: Visit) -> None:
    visitor.open("en")
    visitor.ask(QUESTIONS["en"])
    say(visitor, "1")
    visitor.ask("Where can I learn English in Ely?")
    assert visitor.page.locator("#thanks").count() == 0
    assert visitor.page.locator(".helped").count() == 1


def test_nobody_is_asked_below_an_answer_without_services(visitor: Visit) -> None:
    visitor.open("en")
    visitor.ask("hello")
    assert visitor.page.locator(".helped").count() == 0


def test_without_an_officer_nobody_is_asked_and_a_form_of_before_is_answered(browser: Browser, stack: Stack) -> None:
    visit = Visit(browser, stack, scripts=False)
    visit.open("en")
    visit.ask(QUESTIONS["en"])
    assert visit.page.locator(".helped").count() == 0
    session = visit.page.locator("input[name='session']").first.get_attribute("value")
    page = stack.client.post("/", data={"session": session, "helped": "1", "page_language": "en"})
    assert page.status_code == 409
    assert "Nobody reads opinions at the moment" in page.text
    visit.close()


def asked(visit: Visit, language: str) -> None:
    visit.open(language)
    visit.ask(QUESTIONS[language])
    visit.page.locator(".helped").wait_for()


def thanked(visit: Visit, language: str) -> None:
    asked(visit, language)
    say(visit, "1")


def with_english(visit: Visit, language: str) -> None:
    asked(visit, language)
    if language != "en":
        visit.page.click("button[name='english']")
        visit.page.locator(".helped .en").first.wait_for()


@same_on_servers
@pytest.mark.parametrize("language", REPLY_LANGUAGES)
@pytest.mark.parametrize("state", [asked, thanked, with_english], ids=lambda state: state.__name__)
def test_axe_finds_nothing_and_nothing_is_cut_off(
    browser: Browser, desk_stack: Stack, state: Callable[[Visit, str], None], language: str
) -> None:
    visit = Visit(browser, desk_stack, viewport={"width": 320, "height": 640})
    state(visit, language)
    assert findings(visit.page) == []
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 320
    visit.close()


def test_feedback_is_for_officers_alone(desk_stack: Stack) -> None:
    anna = StaffClient(desk_stack, "anna")
    assert anna.client.get("/officer/feedback").status_code == 403
    assert anna.post("/officer/feedback", feedback="1").status_code == 403
    assert desk_stack.client.get("/officer/feedback").status_code == 303


def test_about_no_service_there_is_and_too_many_words_are_refused(desk_stack: Stack) -> None:
    answer = desk_stack.ask("food bank in Ely")
    bearer = {"Authorization": f"Bearer {answer['session']}"}
    given = [({"about": "no-such-service"}, 422), ({"comment": "a" * 1001}, 413), ({"about": services(answer)[0]["id"]}, 204)]
    for fields, status in given:
        told = desk_stack.client.post("/api/v1/chat/feedback", json={"helped": True, **fields}, headers=bearer)
        assert told.status_code == status
