"""An officer switches the assistant or the handover off: every visitor is told from the next message on, and danger is still answered."""

import subprocess
import sys
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser

from bot.codes import REPLY_LANGUAGES, direction
from bot.settings import ROOT
from tests.builders import the_catalogues
from tests.stack.at_the_desk import StaffClient, StaffTab
from tests.stack.running_stack import Stack, kinds, same_on_servers, services
from tests.stack.test_accessibility import findings
from tests.stack.test_taking_over import Visitor, chat_of
from tests.stack.visiting import QUESTIONS, Visit, needs_chromium

PAGE = "/officer/switches"
REASON, MESSAGE = "it names closed shelters", "Back on Monday. <b>Call</b> the library."
ASSISTANT, HANDOVER = "assistant", "handover"
WORDS = the_catalogues()


def said(answer: dict[str, Any]) -> list[str]:
    return [reply["text"] for reply in answer["replies"]]


def off_words(what: str, language: str = "en") -> str:
    return WORDS.say(language, f"off.{what}")


class Officer(StaffClient):
    """Olga, who switches."""

    def __init__(self, stack: Stack) -> None:
        super().__init__(stack, "olga")
        self.stack = stack

    def switch(self, what: str, to: str, why: str = REASON, message: str = "") -> httpx.Response:
        answer = self.post(PAGE, what=what, to=to, why=why, message=message)
        if not answer.headers.get("location", "").endswith("already"):
            self.stack.let_it_spread()
        return answer


@pytest.fixture
def olga(desk_stack: Stack) -> Iterator[Officer]:
    """An officer; everything is on again afterwards."""
    officer = Officer(desk_stack)
    yield officer
    for what in (ASSISTANT, HANDOVER):
        officer.switch(what, "on", "the test is over")


def test_while_the_handover_is_off_nobody_in_danger_is_sent_to_a_person_who_is_not_there(desk_stack: Stack, olga: Officer) -> None:
    def buttons(answer: dict[str, Any]) -> list[str]:
        return [choice["value"] for reply in answer["replies"] for choice in reply.get("choices", ())]

    on = desk_stack.ask("My husband hits me and I am afraid")
    assert "human" in buttons(on)
    olga.switch(HANDOVER, "off")
    off = desk_stack.ask("My husband hits me and I am afraid")
    assert off["replies"][0] == on["replies"][0]
    assert "human" not in buttons(off)
    assert "0345 045 5225" in said(off)[-1], "other ways to a person are told"


# ---- The assistant


def test_the_next_message_is_told_that_the_assistant_is_off_and_the_one_after_it_is_on_is_answered(
    desk_stack: Stack, olga: Officer
) -> None:
    before = desk_stack.ask("Where is there a food bank in Ely?")
    assert services(before)
    done = olga.switch(ASSISTANT, "off", message=MESSAGE)
    assert (done.status_code, done.headers["location"]) == (303, f"{PAGE}?done=off")
    answer = desk_stack.ask("And in Wisbech?", before["session"])
    assert said(answer)[:2] == [off_words(ASSISTANT), MESSAGE]
    assert kinds(answer) == ["notice", "notice", "choices"]
    assert [choice["value"] for choice in answer["replies"][2]["choices"]] == ["human"]
    assert services(answer) == []
    assert answer["understood"]["place"] == "Wisbech"
    assert REASON not in str(answer)
    for choice in ("more", "start_again"):
        assert off_words(ASSISTANT) in said(desk_stack.choose(choice, before["session"]))
    assert olga.switch(ASSISTANT, "on", "mended").headers["location"] == f"{PAGE}?done=on"
    assert services(desk_stack.ask("And in Wisbech?", before["session"]))
    assert olga.switch(ASSISTANT, "on", "mended").headers["location"] == f"{PAGE}?done=already"


@pytest.mark.parametrize(
    ("text", "urgent"),
    [
        ("My husband hits me and I am afraid", "domestic_abuse"),
        ("I want to kill myself", "self_harm"),
        ("Мені ніде спати сьогодні вночі у Вісбечі", "homeless_tonight"),
        ("أريد أن أقتل نفسي", "self_harm"),
    ],
)
def test_danger_is_answered_first_and_as_ever(desk_stack: Stack, olga: Officer, text: str, urgent: str) -> None:
    on = next(reply for reply in desk_stack.ask(text)["replies"] if reply["kind"] == "urgent")
    for what in (ASSISTANT, HANDOVER):
        olga.switch(what, "off", message=MESSAGE)
    answer = desk_stack.ask(text)
    assert answer["understood"]["urgent"] == urgent
    assert answer["replies"][0] == on
    assert off_words(ASSISTANT, answer["language"]) in said(answer)


@pytest.mark.parametrize("language", REPLY_LANGUAGES)
def test_each_language_is_told_in_its_own_words_with_the_english(desk_stack: Stack, olga: Officer, language: str) -> None:
    olga.switch(ASSISTANT, "off")
    answer = desk_stack.ask(QUESTIONS[language], language=language)
    notice = next(reply for reply in answer["replies"] if reply["kind"] == "notice")
    assert (notice["lang"], notice["text"]) == (language, off_words(ASSISTANT, language))
    assert notice["text_en"] == ("" if language == "en" else off_words(ASSISTANT))


def test_it_needs_no_rasa_and_the_directory_and_erasing_go_on(desk_stack: Stack, olga: Officer) -> None:
    olga.switch(ASSISTANT, "off")
    with desk_stack.rasa_hanging():
        answer = desk_stack.ask("I need food. Call me on 07700 900123.")
        assert off_words(ASSISTANT) in said(answer)
        assert "personal" in said(answer)[-1]
        found = desk_stack.client.post("/directory", data={"words": "food bank", "place": "ely", "page_language": "en"})
        assert "Ely Foodbank" in found.text
    assert said(desk_stack.choose("erase", answer["session"])) == [WORDS.say("en", "page.erased")]


def test_a_person_is_still_there(desk_stack: Stack, olga: Officer, anna: StaffClient) -> None:
    olga.switch(ASSISTANT, "off")
    visitor = Visitor(desk_stack, "I need help with housing in Ely")
    code = visitor.wait()
    assert off_words(ASSISTANT) in said(visitor.ask("Is anybody there?"))
    chat = chat_of(anna, code)
    assert anna.act(chat, "text", text="Hello, how can I help?").status_code == 303
    assert "Hello, how can I help?" in visitor.heard()
    assert said(visitor.ask("I need a room")) == [WORDS.say("en", "desk.arrived", name="Anna")]
    assert anna.act(chat, "hand_back").status_code == 303
    assert visitor.heard()[-2:] == ["Anna has left this chat.", off_words(ASSISTANT)]
    assert off_words(ASSISTANT) in said(visitor.ask("I need a room"))


# ---- The handover


def test_nobody_new_is_taken_and_who_waited_is_served(desk_stack: Stack, olga: Officer, anna: StaffClient) -> None:
    waits, offered, writes = (Visitor(desk_stack) for _ in range(3))
    code = waits.wait()
    offered.choose("human")
    writes.choose("human")
    writes.choose("desk:message")
    olga.switch(HANDOVER, "off", message=MESSAGE)
    for answer in (offered.choose("desk:wait"), Visitor(desk_stack).choose("human"), writes.ask("I am afraid of my husband, he hits me")):
        assert off_words(HANDOVER) in said(answer)
        assert MESSAGE in said(answer)
        assert "0345 045 5225" in " ".join(said(answer))
        assert answer["handover"] == {"state": "none", "reference": None}
        assert not any(choice["value"].startswith("desk:") for reply in answer["replies"] for choice in reply.get("choices", []))
    assert (answer["replies"][0]["kind"], answer["understood"]["urgent"]) == ("urgent", "domestic_abuse")
    assert services(writes.ask("Where is there a food bank in Ely?")), "the assistant goes on"
    assert "no new chats begin" in anna.post("/staff/start", chat_language="uk").text
    chat = chat_of(anna, code)
    assert anna.act(chat, "text", text="Hello").status_code == 303
    assert "Hello" in waits.heard()
    assert anna.act(chat, "close", outcome="helped").status_code == 303
    assert waits.heard()[-1] == "Anna has left this chat."
    refused = anna.act(chat, "claim", by_code=code)
    assert refused.status_code == 409
    assert "no new chats begin" in refused.text
    olga.switch(HANDOVER, "on", "staff are back")
    assert waits.wait()


# ---- Who sees what


def test_the_pages_of_staff_and_officers_say_what_is_off_since_when_and_by_whom(
    desk_stack: Stack, olga: Officer, anna: StaffClient
) -> None:
    reason = f"a reason of its own ({uuid.uuid4().hex})"
    olga.switch(ASSISTANT, "off", reason, MESSAGE)
    olga.switch(HANDOVER, "off", "nobody is trained yet")
    told = ("The assistant is switched off since", "The handover to staff is switched off since", "by Olga")
    for page in (anna.client.get("/staff").text, anna.client.get("/staff/queue").text, olga.client.get("/officer").text):
        assert all(words in page for words in told)
        assert reason not in page
    page = olga.client.get(PAGE).text
    assert page.count(reason) == 2, "above the switch and in the history"
    assert "&lt;b&gt;Call&lt;/b&gt;" in page
    assert "<b>Call</b>" not in page
    figures = desk_stack.client.get("/metrics").text
    assert 'welcome_desk_switched_off{what="assistant"} 1.0' in figures
    olga.switch(ASSISTANT, "on", "mended at last")
    assert "mended at last" in olga.client.get(PAGE).text
    assert "The assistant is switched off" not in anna.client.get("/staff").text


@pytest.mark.parametrize("fields", [{"why": ""}, {"why": "x" * 501}, {"message": "y" * 301}, {"what": "everything"}, {"to": "up"}])
def test_what_cannot_be_taken_is_said_and_switches_nothing(desk_stack: Stack, olga: Officer, fields: dict[str, str]) -> None:
    refused = olga.post(PAGE, **{"what": ASSISTANT, "to": "off", "why": REASON, "message": "Sorry.", **fields})
    assert refused.status_code == 422
    assert services(desk_stack.ask("Where is there a food bank in Ely?"))


def test_staff_of_the_library_and_other_sites_cannot_switch(desk_stack: Stack, olga: Officer, anna: StaffClient) -> None:
    assert anna.client.get(PAGE).status_code == 403
    assert anna.post(PAGE, what=ASSISTANT, to="off", why=REASON).status_code == 403
    assert olga.client.post(PAGE, data={"what": ASSISTANT, "to": "off", "why": REASON}).status_code == 403
    assert services(desk_stack.ask("Where is there a food bank in Ely?"))


def test_the_operator_switches_at_night_and_an_officer_on_again_in_the_morning(desk_stack: Stack, olga: Officer) -> None:
    command = [sys.executable, "-m", "bot", "switch", ASSISTANT, "off", "--why", "wrong answers", "--message", "Back at nine."]
    subprocess.run(command, cwd=ROOT, env=desk_stack.settings(), check=True, capture_output=True)
    for _ in range(100):
        answer = desk_stack.ask("Where is there a food bank in Ely?")
        if off_words(ASSISTANT) in said(answer):
            break
    assert "Back at nine." in said(answer)
    assert "by the operator" in olga.client.get("/officer").text
    assert olga.switch(ASSISTANT, "on", "mended").status_code == 303
    assert services(desk_stack.ask("Where is there a food bank in Ely?"))


# ---- In a browser


@needs_chromium
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_visitor_sees_it_before_and_after_asking(
    browser: Browser, desk_stack: Stack, olga: Officer, scripts: bool, language: str
) -> None:
    olga.switch(ASSISTANT, "off", message="Back on Monday.")
    visit = Visit(browser, desk_stack, scripts)
    page = visit.open(language)
    notice = page.locator(".notice.passing")
    assert off_words(ASSISTANT, language) in notice.inner_text()
    assert page.locator("html").get_attribute("dir") == direction(language)
    message = notice.locator("[lang=en]")
    assert (message.inner_text(), message.get_attribute("dir")) == ("Back on Monday.", "ltr")
    if scripts:
        assert findings(page) == []
    visit.ask(QUESTIONS["ar"])
    assert notice.count() == 0
    assert page.locator(".exchange .urgent").count() == 1
    assert off_words(ASSISTANT, "ar") in visit.last()
    assert page.locator(".reply[lang=en][dir=ltr]", has_text="Back on Monday.").count() == 1
    if scripts:
        assert findings(page) == []
    visit.close()


@needs_chromium
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_an_officer_switches_off_and_on_in_a_browser(browser: Browser, desk_stack: Stack, olga: Officer, scripts: bool) -> None:
    tab = StaffTab(browser, desk_stack, "olga", java_script_enabled=scripts)
    page = tab.open(PAGE)
    page.get_by_role("button", name="Switch the assistant off").click()
    assert page.url.endswith(PAGE), "the browser itself asks for a reason"
    page.fill("#why-assistant", REASON)
    page.fill("#message-assistant", "Bak soon.")
    page.get_by_role("button", name="Switch the assistant off").click()
    page.wait_for_url(f"**{PAGE}?done=off")
    assert page.locator("section .lines", has_text=REASON).is_visible()
    assert page.locator("td.lines", has_text=REASON).first.is_visible()
    page.fill("#why-assistant", "a slip")
    page.fill("#message-assistant", "Back soon.")
    page.get_by_role("button", name="Change the message only").click()
    page.wait_for_url(f"**{PAGE}?done=off")
    assert page.locator("#message-assistant").input_value() == "Back soon."
    page.fill("#why-assistant", "mended")
    page.get_by_role("button", name="Switch the assistant on").click()
    page.wait_for_url(f"**{PAGE}?done=on")
    assert page.locator("#off-assistant").count() == 0
    tab.close()


@needs_chromium
def test_a_page_that_is_open_at_the_desk_tells_it_at_once(browser: Browser, desk_stack: Stack, olga: Officer) -> None:
    tab = StaffTab(browser, desk_stack, "anna")
    page = tab.open("/staff")
    olga.switch(HANDOVER, "off", message=MESSAGE)
    page.locator("#notices #off-handover").wait_for(timeout=10_000)
    olga.switch(HANDOVER, "on", "mended")
    page.locator("#off-handover").wait_for(state="detached", timeout=10_000)
    tab.close()


@same_on_servers
@needs_chromium
def test_axe_finds_nothing_and_nothing_is_cut_off_in_a_narrow_window(browser: Browser, desk_stack: Stack, olga: Officer) -> None:
    olga.switch(ASSISTANT, "off", "x" * 120, MESSAGE)
    olga.switch(HANDOVER, "off", message=MESSAGE)
    tab = StaffTab(browser, desk_stack, "olga")
    for address in ("/officer", PAGE):
        page = tab.open(address)
        assert findings(page) == []
    page.evaluate("document.querySelectorAll('form').forEach(form => form.noValidate = true)")
    page.get_by_role("button", name="Switch the handover on").click()
    page.locator("#error").wait_for()
    assert findings(page) == []
    page.set_viewport_size({"width": 320, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    tab.context.close()
