"""A person takes over and hands back, through the real thing: the API, staff's pages, and two browsers side by side."""

import json
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import APIResponse, Browser, Page, Route, expect
from sqlalchemy import text as sql

from tests.stack.at_the_desk import StaffClient, StaffTab
from tests.stack.running_stack import Stack, kinds, services
from tests.stack.visiting import Visit, needs_chromium


class Visitor:
    """A visitor over the API."""

    def __init__(self, stack: Stack, text: str = "I need help with housing in Ely", **more: Any) -> None:
        self.stack = stack
        self.last = stack.ask(text, **more)
        self.session: str = self.last["session"]
        self.bearer = {"Authorization": f"Bearer {self.session}"}

    def ask(self, text: str, **more: Any) -> dict[str, Any]:
        return self.stack.ask(text, self.session, **more)

    def choose(self, choice: str) -> dict[str, Any]:
        return self.stack.choose(choice, self.session)

    def wait(self) -> str:
        """Ask for a person and wait; give the reference code."""
        self.choose("human")
        handover = self.choose("desk:wait")["handover"]
        assert handover["state"] == "waiting"
        return str(handover["reference"])

    def events(self, after: int = 0) -> dict[str, Any]:
        answer = self.stack.client.get(f"/api/v1/chat/events?after={after}", headers=self.bearer)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def heard(self) -> list[str]:
        """Give every text that the desk said."""
        return [reply["text"] for event in self.events()["events"] for reply in event["replies"]]


AGAIN = "Can you say that again please?"


def test_what_was_said_of_a_person_is_said_again_as_it_is_now(desk_stack: Stack, anna: StaffClient) -> None:
    visitor = Visitor(desk_stack)
    visitor.wait()
    (waits,) = visitor.ask(AGAIN)["replies"]
    assert "desk:bot" in [choice["value"] for choice in waits["choices"]]
    visitor.choose("desk:keep")
    again = visitor.ask(AGAIN)
    assert again["handover"]["state"] == "message_left"
    offered = [choice["value"] for reply in again["replies"] for choice in reply.get("choices", ())]
    assert "desk:bot" not in offered, "nobody is told of a queue that they are not in"
    assert offered == ["desk:wait", "desk:message"]


def test_after_staff_have_gone_nobody_is_told_again_that_a_message_has_arrived(desk_stack: Stack, anna: StaffClient) -> None:
    visitor = Visitor(desk_stack)
    number = number_of(anna, visitor.wait())
    anna.act(number, "claim")
    assert [reply["kind"] for reply in visitor.ask("I need a room")["replies"]] == ["notice"]
    anna.act(number, "hand_back")
    again = visitor.ask(AGAIN)["replies"]
    assert "has arrived" not in str(again)
    assert "desk:wait" in [choice["value"] for reply in again for choice in reply.get("choices", ())], "a person was what it was about"


def number_of(staff: StaffClient, reference: str) -> int:
    """Find the number of a chat by its code."""
    page = staff.post("/staff/code", code=reference).text
    found = re.search(r'action="/staff/chat/(\d+)"', page)
    assert found, page
    return int(found[1])


def chat_of(staff: StaffClient, reference: str) -> int:
    """Find a chat by its code and take it."""
    number = number_of(staff, reference)
    assert staff.act(number, "claim", by_code=reference).status_code == 303
    return number


# ---- The API


def test_who_reads_is_said_before_a_person_can_be_asked_for(desk_stack: Stack, anna: StaffClient) -> None:
    visitor = Visitor(desk_stack)
    offer = visitor.choose("human")
    assert offer["handover"] == {"state": "none", "reference": None}
    values = [choice["value"] for reply in offer["replies"] for choice in reply.get("choices", [])]
    assert values == ["desk:wait", "desk:message"]
    reads = next(at for at, reply in enumerate(offer["replies"]) if "in danger" in reply["text"])
    assert reads < next(at for at, reply in enumerate(offer["replies"]) if reply["kind"] == "choices")


def test_a_wait_cannot_be_chosen_that_was_not_offered(desk_stack: Stack, anna: StaffClient) -> None:
    visitor = Visitor(desk_stack)
    refused = desk_stack.client.post("/api/v1/chat", json={"choice": "desk:wait", "session": visitor.session})
    assert refused.status_code == 422


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("uk", "Я хочу поговорити з людиною"),
        ("ar", "أريد التحدث إلى شخص حقيقي"),
        ("fa", "می‌خواهم با یک انسان صحبت کنم"),
        ("en", "can I talk to a human"),
    ],
)
def test_a_person_is_offered_to_who_asks_in_words(desk_stack: Stack, anna: StaffClient, language: str, text: str) -> None:
    answer = desk_stack.ask(text, language=language)
    assert "desk:wait" in [choice["value"] for reply in answer["replies"] for choice in reply.get("choices", [])], answer["understood"]


@pytest.mark.parametrize(
    "text",
    [
        "What should I write in my asylum appeal statement so that the judge believes me?",
        "I want to complain about the man at your desk, he shouted at me",
        "My father died this morning, what must I do now?",
        "I am 15 and I came here alone, I have nobody",
    ],
)
def test_a_person_is_offered_for_what_the_assistant_must_not_settle(desk_stack: Stack, text: str) -> None:
    answer = desk_stack.ask(text)
    values = {choice["value"] for reply in answer["replies"] for choice in reply.get("choices", [])}
    assert values & {"human", "desk:message"}, answer["understood"]


def test_a_person_is_offered_on_the_second_misunderstanding(desk_stack: Stack, anna: StaffClient) -> None:
    visitor = Visitor(desk_stack, "blorf qwrtz")
    second = visitor.ask("qwrtz blorf xq")
    values = [choice["value"] for reply in second["replies"] for choice in reply.get("choices", [])]
    assert "desk:wait" in values or "human" in values, second["understood"]


def test_while_waiting_the_bot_answers_and_after_the_claim_it_is_silent_until_the_hand_back(desk_stack: Stack, anna: StaffClient) -> None:
    visitor = Visitor(desk_stack)
    reference = visitor.wait()
    assert services(visitor.ask("I need food in Ely"))
    assert visitor.events()["queue"]["place"] >= 1
    chat = chat_of(anna, reference)
    silent = visitor.ask("where is the library")
    assert kinds(silent) == ["notice"]
    assert silent["handover"] == {"state": "with_staff", "reference": reference}
    anna.act(chat, "text", text="Hello, I am Anna.")
    assert "Hello, I am Anna." in visitor.heard()
    assert "where is the library" in anna.read(chat)
    anna.act(chat, "hand_back")
    again = visitor.ask("I need food in Ely")
    assert services(again)
    assert again["handover"] == {"state": "none", "reference": None}


@pytest.mark.parametrize("choice", ["desk:keep", "desk:wait", "desk:message", "human", "more"])
def test_a_button_of_before_does_nothing_while_somebody_has_the_chat(desk_stack: Stack, anna: StaffClient, choice: str) -> None:
    visitor = Visitor(desk_stack)
    chat = chat_of(anna, visitor.wait())
    answer = visitor.choose(choice)
    assert kinds(answer) == ["notice"]
    assert answer["handover"]["state"] == "with_staff"
    anna.act(chat, "hand_back")
    assert services(visitor.ask("I need food in Ely")), "and the next message is the assistant's"


def test_an_urgent_message_in_a_claimed_chat_is_answered_at_once_and_alarms(desk_stack: Stack, anna: StaffClient) -> None:
    visitor = Visitor(desk_stack)
    chat = chat_of(anna, visitor.wait())
    answer = visitor.ask("my husband is beating me and he is here")
    assert kinds(answer) == ["urgent", "notice"]
    page = anna.client.get("/staff/queue?part=1").text
    assert "URGENT" in page
    assert "URGENT" in anna.read(chat)


def test_the_same_message_twice_is_kept_once_on_both_sides(desk_stack: Stack, anna: StaffClient) -> None:
    visitor = Visitor(desk_stack)
    chat = chat_of(anna, visitor.wait())
    for _ in range(2):
        visitor.ask("only once please", message_id="v-1")
        anna.act(chat, "text", text="I say this once.", message_id="s-1")
    assert anna.read(chat).count("only once please") == 1
    assert visitor.heard().count("I say this once.") == 1


def test_what_was_sent_on_a_stream_has_not_arrived_before_the_visitor_says_so(desk_stack: Stack, anna: StaffClient) -> None:
    visitor = Visitor(desk_stack)
    reference = visitor.wait()
    chat = chat_of(anna, reference)
    anna.act(chat, "text", text="did this arrive")
    with desk_stack.client.stream("GET", "/api/v1/chat/events", headers={**visitor.bearer, "Accept": "text/event-stream"}) as stream:
        for line in stream.iter_lines():
            if "did this arrive" in line:
                break
        time.sleep(3)
    other = desk_stack.client.post("/api/v1/chat/reference", json={"reference": reference}).json()
    bearer = {"Authorization": f"Bearer {other['session']}"}
    told = desk_stack.client.get(f"/api/v1/chat/events?after={other['after']}", headers=bearer).json()
    assert "did this arrive" in [reply["text"] for event in told["events"] for reply in event["replies"]]


def test_more_streams_than_anybody_needs_are_refused(desk_stack: Stack) -> None:
    visitor = Visitor(desk_stack)
    headers = {**visitor.bearer, "Accept": "text/event-stream"}
    front_doors = int(desk_stack.settings().get("WEB_WORKERS", "1"))
    with ExitStack() as opened:
        client = opened.enter_context(httpx.Client(base_url=desk_stack.url, timeout=10, trust_env=False))
        statuses, lines = [], []
        for _ in range(6 * front_doors):
            stream = opened.enter_context(client.stream("GET", "/api/v1/chat/events", headers=headers))
            if stream.status_code == 200:
                lines.append(stream.iter_lines())  # a stream is closed with its iterator
                next(lines[-1])
            statuses.append(stream.status_code)
        # Each front door counts for itself.
        assert statuses[:4] == [200] * 4
        assert statuses.count(200) <= 4 * front_doors
        assert 429 in statuses
        assert set(statuses) == {200, 429}


def test_events_come_once_each_by_number_and_as_a_stream(desk_stack: Stack, anna: StaffClient) -> None:
    visitor = Visitor(desk_stack)
    chat = chat_of(anna, visitor.wait())
    for number in range(3):
        anna.act(chat, "text", text=f"line {number}")
    body = visitor.events()
    numbers = [event["number"] for event in body["events"]]
    assert numbers == list(range(1, 5))
    assert visitor.events(after=numbers[-1])["events"] == []
    assert visitor.events(after=2)["events"] == body["events"][2:]
    heard: list[str] = []
    headers = {**visitor.bearer, "Accept": "text/event-stream", "Last-Event-ID": "2"}
    with desk_stack.client.stream("GET", "/api/v1/chat/events", headers=headers) as stream:
        event = ""
        for line in stream.iter_lines():
            if line.startswith("event:"):
                event = line.split(":", 1)[1].strip()
            if line.startswith("data:") and event == "said":
                heard.append(json.loads(line[5:])["replies"][0]["text"])
                if len(heard) == 2:
                    anna.act(chat, "text", text="written while they listen")
                if len(heard) == 3:
                    break
    assert heard == ["line 1", "line 2", "written while they listen"]


def test_a_stream_of_an_unknown_session_is_refused(desk_stack: Stack) -> None:
    answer = desk_stack.client.get("/api/v1/chat/events", headers={"Authorization": "Bearer nobody", "Accept": "text/event-stream"})
    assert answer.status_code == 404


def test_a_message_is_left_with_a_code_and_answered_on_another_device(desk_stack: Stack, anna: StaffClient) -> None:
    visitor = Visitor(desk_stack)
    visitor.choose("human")
    visitor.choose("desk:message")
    left = visitor.ask("please call the school for me, my number is 07700 900123")
    assert left["handover"]["state"] == "message_left"
    reference = left["handover"]["reference"]
    assert kinds(left) == ["notice"]
    assert services(visitor.ask("I need food in Ely")), "the bot goes on"
    chat = chat_of(anna, reference)
    page = anna.read(chat)
    assert "please call the school" in page
    assert "900123" not in page
    anna.act(chat, "text", text="We have called them.")
    anna.act(chat, "close", outcome="answered")
    other = desk_stack.client.post("/api/v1/chat/reference", json={"reference": reference})
    assert other.status_code == 200
    bearer = {"Authorization": f"Bearer {other.json()['session']}"}
    told = desk_stack.client.get(f"/api/v1/chat/events?after={other.json()['after']}", headers=bearer).json()
    texts = [reply["text"] for event in told["events"] for reply in event["replies"]]
    assert "We have called them." in texts
    assert told["handover"]["state"] == "closed"


def test_a_number_to_call_back_is_taken_only_with_the_tick_and_shown_to_the_holder(desk_stack: Stack, anna: StaffClient) -> None:
    visitor = Visitor(desk_stack)
    reference = visitor.wait()

    def leave(**fields: Any) -> httpx.Response:
        return desk_stack.client.post("/api/v1/chat/callback", json=fields, headers=visitor.bearer)

    assert leave(contact="07700 900123", wanted=False).status_code == 422
    assert leave(contact="nonsense", wanted=True).status_code == 422
    assert leave(contact="07700 900123", wanted=True).status_code == 204
    chat = chat_of(anna, reference)
    assert "900123" not in anna.read(chat)
    assert "07700 900123" in anna.act(chat, "contact").text
    assert [where for where, data in desk_stack.kept().items() if b"900123" in data] == []


def test_who_goes_back_to_the_assistant_is_answered_by_it(desk_stack: Stack, anna: StaffClient) -> None:
    visitor = Visitor(desk_stack)
    chat = chat_of(anna, visitor.wait())
    assert visitor.choose("desk:bot")["handover"] == {"state": "none", "reference": None}
    assert services(visitor.ask("I need food in Ely"))
    assert anna.act(chat, "text", text="are you there").status_code == 409


def test_erasing_ends_it_for_staff_too(desk_stack: Stack, anna: StaffClient) -> None:
    visitor = Visitor(desk_stack)
    reference = visitor.wait()
    chat = chat_of(anna, reference)
    assert desk_stack.client.delete("/api/v1/chat", headers=visitor.bearer).status_code in (202, 204)
    assert anna.client.get(f"/staff/chat/{chat}").status_code == 404
    assert anna.act(chat, "text", text="hello?").status_code == 404
    assert desk_stack.client.post("/api/v1/chat/reference", json={"reference": reference}).status_code == 404


# ---- The seven ways in which Rasa's own pause goes wrong: none of them can, since Rasa is not asked


def tracker_events(stack: Stack) -> int:
    engine = stack.tracker()
    with engine.connect() as connection:
        count = int(connection.execute(sql("SELECT count(*) FROM events")).scalar_one())
    engine.dispose()
    return count


@pytest.fixture
def paused(desk_stack: Stack, anna: StaffClient) -> tuple[Visitor, int]:
    """A visitor whose chat Anna has."""
    visitor = Visitor(desk_stack, "where can I learn English in Ely")
    return visitor, chat_of(anna, visitor.wait())


def test_pause_1_the_claim_leaves_nothing_half_done_in_rasa(desk_stack: Stack, anna: StaffClient, paused: tuple[Visitor, int]) -> None:
    visitor, chat = paused
    anna.act(chat, "hand_back")
    understood = visitor.ask("and in Wisbech?")["understood"]
    assert (understood["topic"], understood["place"]) == ("esol", "Wisbech")


def test_pause_2_what_is_written_to_staff_never_reaches_rasa(desk_stack: Stack, anna: StaffClient, paused: tuple[Visitor, int]) -> None:
    visitor, _ = paused
    before = tracker_events(desk_stack)
    visitor.ask("I live in Wisbech and I need food")
    assert tracker_events(desk_stack) == before


def test_pause_3_after_the_hand_back_the_next_message_is_answered_and_nothing_is_run_again(
    desk_stack: Stack, anna: StaffClient, paused: tuple[Visitor, int]
) -> None:
    visitor, chat = paused
    visitor.ask("hello Anna")
    anna.act(chat, "hand_back")
    answer = visitor.ask("I need food in Ely")
    assert answer["understood"]["topic"] == "food"
    assert answer["handover"]["state"] == "none"
    assert visitor.events()["handover"]["state"] == "none"


def test_pause_4_the_place_and_the_need_of_before_are_remembered_after_it(
    desk_stack: Stack, anna: StaffClient, paused: tuple[Visitor, int]
) -> None:
    visitor, chat = paused
    visitor.ask("thank you")
    anna.act(chat, "hand_back")
    understood = visitor.choose("more")["understood"]
    assert (understood["topic"], understood["place"]) == ("esol", "Ely")


@pytest.mark.parametrize("text", ["/restart", "/session_start", "start again"])
def test_pause_5_no_command_ends_it(desk_stack: Stack, anna: StaffClient, paused: tuple[Visitor, int], text: str) -> None:
    visitor, chat = paused
    assert kinds(visitor.ask(text)) == ["notice"]
    assert kinds(visitor.choose("start_again")) == ["notice"]
    assert visitor.events()["handover"]["state"] == "with_staff"
    anna.act(chat, "hand_back")
    assert services(visitor.ask("I need food in Ely"))


def test_pause_6_a_session_of_rasas_that_ends_ends_no_handover(desk_stack: Stack, anna: StaffClient, paused: tuple[Visitor, int]) -> None:
    visitor, _ = paused
    engine = desk_stack.tracker()
    with engine.begin() as connection:
        # As if the last thing that Rasa knows of were a year old.
        connection.execute(sql("UPDATE events SET timestamp = timestamp - 31536000"))
    engine.dispose()
    assert kinds(visitor.ask("are you still there")) == ["notice"]
    assert visitor.events()["handover"]["state"] == "with_staff"


def test_pause_7_while_rasa_cannot_read_or_is_away_the_bot_is_as_silent_and_staff_get_every_word(
    desk_stack: Stack, anna: StaffClient, paused: tuple[Visitor, int]
) -> None:
    visitor, chat = paused
    with desk_stack.rasa_hanging():
        time.sleep(1.5)
        answer = visitor.ask("can you hear me")
        assert kinds(answer) == ["notice"]
        anna.act(chat, "text", text="I hear you.")
        assert "I hear you." in visitor.heard()
    assert "can you hear me" in anna.read(chat)


# ---- Two browsers side by side


@needs_chromium
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_an_arab_visitor_and_a_librarian_without_a_common_language(
    browser: Browser, desk_stack: Stack, scripts: bool, tmp_path: Path
) -> None:
    staff = StaffTab(browser, desk_stack, "ben")
    staff.open("/staff/queue")
    expect(staff.page.locator("#queue")).to_contain_text("Ben")
    visitor = Visit(browser, desk_stack, scripts)
    page = visitor.open("ar")
    visitor.ask("أحتاج مساعدة في السكن في إيلي")
    visitor.press("#ask button[value=human]")
    visitor.press('button[value="desk:wait"]')
    panel = page.locator("#desk")
    expect(panel).to_have_attribute("data-state", "waiting")
    code = panel.locator(".reference b").inner_text()

    # The queue shows the chat without being loaded again, by its number: its code is the visitor's. Ben takes it by the keyboard.
    take = staff.page.locator("#queue button", has_text="Take")
    expect(take).to_have_count(1)
    assert "(1)" in staff.page.title()
    assert code not in staff.page.locator("#queue").inner_text()
    take.focus()
    staff.page.keyboard.press("Enter")
    staff.page.wait_for_url(re.compile(r"/staff/chat/\d+"))
    expect(staff.page.locator(".talk")).to_contain_text("أحتاج مساعدة في السكن في إيلي")

    def look() -> None:
        """Without scripts a visitor presses the button that looks for an answer."""
        if not scripts:
            with page.expect_navigation():
                panel.locator(".look").click()

    look()
    expect(panel).to_have_attribute("data-state", "with_staff")
    assert "Ben" in panel.inner_text()
    if scripts:
        staff.page.fill("#text", "One mo")
        expect(panel.locator(".writing")).to_be_visible()
        staff.page.fill("#text", "")

    # A checked phrase that asks something, answered by a button; then a service.
    group = staff.page.locator("details.phrases").nth(3)
    group.locator("summary").click()
    question = group.locator("button[name=phrase]").first
    arabic = question.locator("[lang=ar]").inner_text().rstrip("*")  # which marks what no native speaker has checked
    question.click()
    expect(staff.page.locator(".talk")).to_contain_text(arabic)
    look()
    expect(page.locator(".exchange.desk").last).to_contain_text(arabic)
    answer = page.locator('.exchange button[name=choice][value^="answer:"]').first
    said = answer.get_attribute("value")
    answer.click()
    expect(page.locator(".exchange .asked").last).to_be_visible()
    english = {"answer:yes": "Yes", "answer:housing": "Housing"}.get(str(said))
    if english:
        expect(staff.page.locator(".talk li.visitor").last).to_contain_text(english)
    staff.page.locator("a.button", has_text="Send a service").click()
    staff.page.locator(".card", has_text="Send to the visitor").first.locator("button", has_text="Send to the visitor").click()
    staff.page.wait_for_url(re.compile(r"/staff/chat/\d+"))
    look()
    expect(page.locator(".exchange.desk .card").last).to_be_visible()

    staff.page.locator("summary", has_text="Finish").click()
    staff.page.locator("button[value=hand_back]").click()
    staff.page.wait_for_url(re.compile(r"/staff/queue"))
    look()
    expect(panel).to_be_hidden()
    visitor.ask("أين يمكنني أن أتعلم الإنجليزية في إيلي؟")
    assert page.locator(".exchange").last.locator(".card").count() > 0
    visitor.close()
    staff.close()


# ---- A page of staff's is brought up to what was told last, whatever comes in between


@pytest.fixture
def ben(browser: Browser, desk_stack: Stack) -> Iterator[StaffTab]:
    """Ben, in a browser; a test may refuse him things."""
    tab = StaffTab(browser, desk_stack, "ben")
    yield tab
    tab.complaints[:] = [text for text in tab.complaints if "Failed to load resource" not in text]
    tab.close()


class Looks:
    """What a page of staff's fetches to write itself anew; the first one is kept under way until ``let_go``."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._held: list[tuple[Route, APIResponse]] = []
        page.route(re.compile(r"[?]part=1$"), self._hold)

    def _hold(self, route: Route) -> None:
        if self._held:
            route.continue_()
        else:
            self._held.append((route, route.fetch()))

    def wait(self) -> None:
        """Wait for the first look."""
        until = time.monotonic() + 20
        while not self._held:
            assert time.monotonic() < until
            self._page.wait_for_timeout(100)

    def let_go(self) -> None:
        route, answer = self._held[0]
        route.fulfill(response=answer)


def have_open(tab: StaffTab, visitor: Visitor) -> int:
    """Let a member of staff take a visitor's chat and open it; give its number."""
    staff = StaffClient(tab.stack, "ben")
    number = chat_of(staff, visitor.wait())
    page = tab.open(f"/staff/chat/{number}")
    expect(page.locator("#write")).to_be_visible()
    return number


@needs_chromium
def test_what_is_written_while_a_page_of_staffs_looks_is_shown_too(desk_stack: Stack, ben: StaffTab) -> None:
    visitor = Visitor(desk_stack)
    chat = have_open(ben, visitor)
    looks = Looks(ben.page)
    visitor.ask("the first of two")
    looks.wait()
    visitor.ask("the second of two")
    ben.page.wait_for_timeout(3000)
    looks.let_go()
    expect(ben.page.locator(".talk")).to_contain_text("the first of two")
    expect(ben.page.locator(".talk")).to_contain_text("the second of two")
    StaffClient(desk_stack, "ben").act(chat, "close", outcome="other")


@needs_chromium
def test_who_asks_while_the_queue_is_looked_at_is_in_it_too(desk_stack: Stack, anna: StaffClient, ben: StaffTab) -> None:
    looks = Looks(ben.page)
    page = ben.open("/staff/queue")
    looks.wait()
    reference = Visitor(desk_stack).wait()
    number = number_of(anna, reference)
    page.wait_for_timeout(3000)
    looks.let_go()
    expect(page.locator("#queue")).to_contain_text(f"#{number}")
    page.wait_for_timeout(1000)
    expect(page.locator("#queue")).to_contain_text(f"#{number}")
    anna.act(chat_of(anna, reference), "close", outcome="other")


@needs_chromium
@pytest.mark.parametrize("status", [503, 502, 0], ids=["away", "proxy", "network"])
def test_a_look_that_failed_is_made_again(desk_stack: Stack, anna: StaffClient, ben: StaffTab, status: int) -> None:
    refused: list[float] = []

    def refuse(route: Route) -> None:
        refused.append(time.monotonic())
        if refused[-1] - refused[0] > 2:
            route.continue_()
        elif status:
            route.fulfill(status=status, body="<main>away</main>", content_type="text/html")
        else:
            route.abort()

    visitor = Visitor(desk_stack)
    chat = have_open(ben, visitor)
    ben.page.evaluate("window.never_loaded_again = true")
    ben.page.route(re.compile(r"[?]part=1$"), refuse)
    visitor.ask("do you hear me")
    expect(ben.page.locator(".talk")).to_contain_text("do you hear me", timeout=15_000)
    assert ben.page.evaluate("window.never_loaded_again")

    # The queue is looked at as soon as it is open; somebody who asks meanwhile is told of while nothing can be looked at.
    refused.clear()
    page = ben.open("/staff/queue")
    page.wait_for_timeout(500)
    reference = Visitor(desk_stack).wait()
    number = number_of(anna, reference)
    expect(page.locator("#queue")).to_contain_text(f"#{number}", timeout=15_000)
    assert len(refused) > 1
    StaffClient(desk_stack, "ben").act(chat, "close", outcome="other")
    anna.act(chat_of(anna, reference), "close", outcome="other")


# ---- A chat that is taken from who writes in it


def unsent(page: str) -> str:
    """Give what a page shows as typed and not sent, empty where it is hidden."""
    found = re.search(r'<div><label for="unsent">[^<]*</label><textarea[^>]*>([^<]*)</textarea>', page)
    return found[1] if found else ""


def test_what_was_typed_where_the_chat_was_taken_away_is_shown_and_comes_along_when_it_is_taken_again(
    desk_stack: Stack, anna: StaffClient
) -> None:
    visitor = Visitor(desk_stack)
    chat = chat_of(anna, visitor.wait())
    anna.act(chat, "put_back")
    assert unsent(anna.read(chat)) == ""
    refused = anna.act(chat, "text", text="a long answer")
    assert refused.status_code == 409
    assert unsent(refused.text) == "a long answer"
    ben = StaffClient(desk_stack, "ben")
    ben.act(chat, "claim")
    assert unsent(anna.act(chat, "claim", text="a long answer").text) == "a long answer"
    ben.act(chat, "put_back")
    taken = anna.act(chat, "claim", text="a long answer")
    assert taken.status_code == 200
    assert re.search(r'<textarea id="text"[^>]*>a long answer</textarea>', taken.text)
    assert "a long answer" not in visitor.heard(), "nothing is sent by taking it"


@needs_chromium
@pytest.mark.parametrize("told", [True, False], ids=["told", "sends"])
def test_a_page_keeps_what_is_typed_when_its_chat_is_taken_away(desk_stack: Stack, ben: StaffTab, told: bool) -> None:
    """Its page is told so, or learns it when it sends."""
    if not told:
        ben.page.route("**/staff/events", lambda route: route.fulfill(body=": \n\n", content_type="text/event-stream"))
    visitor = Visitor(desk_stack, "a secret about housing in Ely")
    chat = have_open(ben, visitor)
    page, code = ben.page, visitor.ask("hello")["handover"]["reference"]
    page.fill("#text", "a long answer")
    StaffClient(desk_stack, "ben").act(chat, "put_back")
    if not told:
        page.click("#write button")
    expect(page.locator("#unsent")).to_be_visible()
    assert page.locator("#unsent").input_value() == "a long answer"
    assert "no longer yours" in page.inner_text("main .error")
    assert "a secret" not in page.content()
    assert code not in re.sub(r"\W", "", page.title() + page.inner_text("main")), "to others a chat has a number"
    page.click("button[value=claim]")
    expect(page.locator("#text")).to_have_value("a long answer")
    page.click("#write button")
    expect(page.locator(".talk li.by-staff").last).to_contain_text("a long answer")
    assert "a long answer" in visitor.heard()
    StaffClient(desk_stack, "ben").act(chat, "close", outcome="other")


@needs_chromium
def test_who_gives_a_chat_back_comes_to_the_queue_however_late_it_comes(desk_stack: Stack, ben: StaffTab) -> None:
    """The page is told meanwhile that the chat is no longer its own, and must not look at it or load itself again for that."""
    visitor, page = Visitor(desk_stack), ben.page
    chat = have_open(ben, visitor)
    held: list[tuple[Route, APIResponse]] = []
    looks: list[str] = []

    def hold(route: Route) -> None:
        if route.request.method == "POST":
            held.append((route, route.fetch(max_redirects=0)))
        else:
            route.continue_()

    page.route(f"**/staff/chat/{chat}", hold)
    page.locator("summary", has_text="Finish").click()
    page.click("button[value=hand_back]", no_wait_after=True)
    page.on("request", lambda request: looks.append(request.url) if "?part=1" in request.url else None)
    page.wait_for_timeout(4000)
    assert looks == []
    [(route, answer)] = held
    route.fulfill(response=answer)
    page.wait_for_url(re.compile(r"/staff/queue"))


@needs_chromium
def test_a_page_that_is_refused_its_stream_asks_again_and_keeps_what_is_typed(desk_stack: Stack, ben: StaffTab) -> None:
    visitor, page = Visitor(desk_stack), ben.page
    refused: list[Route] = []

    def refuse(route: Route) -> None:
        if refused:
            route.continue_()
        else:
            refused.append(route)
            route.fulfill(status=503, body="<main>away</main>", content_type="text/html")

    page.route("**/staff/events", refuse)
    chat = have_open(ben, visitor)
    expect(page.locator("#offline")).to_be_visible()
    page.evaluate("window.never_loaded_again = true")
    page.fill("#text", "a long answer")
    expect(page.locator("#offline")).to_be_hidden(timeout=15_000)
    visitor.ask("do you hear me")
    expect(page.locator(".talk")).to_contain_text("do you hear me")
    assert page.evaluate("window.never_loaded_again")
    expect(page.locator("#text")).to_have_value("a long answer")
    StaffClient(desk_stack, "ben").act(chat, "close", outcome="other")


@needs_chromium
def test_a_note_that_was_being_written_is_still_there_when_the_chat_is_taken_away(desk_stack: Stack, ben: StaffTab) -> None:
    visitor, page = Visitor(desk_stack), ben.page
    chat = have_open(ben, visitor)
    page.locator("summary", has_text="Note for the next person").click()
    page.fill("#note", "two children, needs a room")
    StaffClient(desk_stack, "ben").act(chat, "put_back")
    expect(page.locator("main .error")).to_contain_text("no longer yours")
    expect(page.locator("#note")).to_have_value("two children, needs a room")
    expect(page.locator("#note")).to_have_attribute("readonly", "")
    expect(page.locator("#unsent")).to_be_hidden()


@needs_chromium
def test_who_reads_what_was_said_earlier_goes_on_reading_when_more_is_said(desk_stack: Stack, ben: StaffTab) -> None:
    visitor, page = Visitor(desk_stack, "where can I learn English in Ely"), ben.page
    chat = have_open(ben, visitor)
    for number in range(12):
        visitor.ask(f"one thing more, number {number}")
    expect(page.locator(".talk")).to_contain_text("number 11")
    list_of_all = page.locator(".talk")
    left = "(list) => list.scrollHeight - list.clientHeight - list.scrollTop"
    assert list_of_all.evaluate(left) < 5, "the newest is shown"
    list_of_all.locator("summary").first.click()
    list_of_all.evaluate("(list) => (list.scrollTop = 0)")
    list_of_all.focus()
    visitor.ask("and the last one")
    expect(page.locator(".talk")).to_contain_text("and the last one")
    assert list_of_all.locator("details").first.get_attribute("open") is not None
    assert list_of_all.evaluate("(list) => list.scrollTop") == 0
    expect(list_of_all).to_be_focused()
    list_of_all.evaluate("(list) => (list.scrollTop = list.scrollHeight)")
    visitor.ask("and another")
    expect(list_of_all).to_contain_text("and another")
    assert list_of_all.evaluate(left) < 5
    StaffClient(desk_stack, "ben").act(chat, "close", outcome="other")


@needs_chromium
def test_the_language_for_paper_stays_as_chosen_while_somebody_looks_on(ben: StaffTab) -> None:
    page = ben.open("/staff")
    page.fill("#words", "food")
    page.locator("#sheet_language").select_option("uk")
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        page.fill("#words", "food bank")
    expect(page.locator("#results")).to_have_attribute("aria-busy", "false")
    expect(page.locator("#sheet_language")).to_have_value("uk")


@needs_chromium
def test_who_signs_out_comes_where_that_leads_however_late_it_comes(desk_stack: Stack, ben: StaffTab) -> None:
    page = ben.open("/staff/queue")
    held: list[tuple[Route, APIResponse]] = []
    led: list[str] = []
    page.route("**/staff/sign-out", lambda route: held.append((route, route.fetch(max_redirects=0))))
    page.on("request", lambda request: led.append(request.url) if request.is_navigation_request() else None)
    page.click("form[action='/staff/sign-out'] button", no_wait_after=True)
    page.wait_for_timeout(3000)
    assert [address for address in led if "sign-in" in address] == []
    [(route, answer)] = held
    route.fulfill(response=answer)
    page.wait_for_url("**/staff/sign-in")


@needs_chromium
def test_the_keyboard_stays_on_its_chat_when_the_queue_is_written_anew(desk_stack: Stack, anna: StaffClient, ben: StaffTab) -> None:
    first = number_of(anna, Visitor(desk_stack).wait())
    page = ben.open("/staff/queue")
    button = page.locator(f"form[action='/staff/chat/{first}'] button").first
    button.focus()
    second = number_of(anna, Visitor(desk_stack).wait())
    expect(page.locator("#queue")).to_contain_text(f"#{second}")
    expect(button).to_be_focused()


# ---- A visitor's page whose stream is refused


def is_answered_by(anna: StaffClient, visit: Visit) -> None:
    """Have a visitor ask for a person, and read what she writes."""
    visit.ask("I need help with housing in Ely")
    visit.press("#ask button[value=human]")
    visit.press('button[value="desk:wait"]')
    chat = chat_of(anna, re.sub(r"\W", "", visit.page.locator("#desk .reference b").inner_text()))
    anna.act(chat, "text", text="Hello, I am Anna.")
    expect(visit.page.locator(".exchange.desk").last).to_contain_text("Hello, I am Anna.", timeout=15_000)


@needs_chromium
def test_a_page_whose_looks_break_off_goes_on_looking(browser: Browser, desk_stack: Stack, anna: StaffClient) -> None:
    visit = Visit(browser, desk_stack)
    visit.page.add_init_script(
        """
        const real = window.fetch;
        let broken = 0;
        window.fetch = async (path, options) => {
          const answer = await real(path, options);
          if (options && String(options.body).includes("part=desk") && broken++ < 2)
            answer.text = () => Promise.reject(new TypeError("the line broke off"));
          return answer;
        };
        """
    )
    visit.open("en")
    is_answered_by(anna, visit)
    visit.close()


@needs_chromium
@pytest.mark.parametrize("status", [429, 503])
def test_a_page_whose_stream_is_refused_looks_by_itself_ever_less_often(
    browser: Browser, desk_stack: Stack, anna: StaffClient, status: int
) -> None:
    asked: list[float] = []

    def refuse(route: Route) -> None:
        asked.append(time.monotonic())
        route.fulfill(status=status, body='{"error": "refused"}', content_type="application/json")

    visit = Visit(browser, desk_stack)
    page = visit.open("en")
    page.route("**/api/v1/chat/events*", refuse)
    is_answered_by(anna, visit)
    until = time.monotonic() + 30
    while len(asked) < 4:
        assert time.monotonic() < until
        page.wait_for_timeout(500)
    waits = [after - before for before, after in pairwise(asked)]
    assert waits[2] > waits[1] + 1 > waits[0] + 1
    visit.complaints[:] = [text for text in visit.complaints if str(status) not in text]
    visit.close()
