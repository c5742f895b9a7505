"""The person's safety: leaving quickly, the end of an idle chat, and that nothing stays in the browser."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route
from sqlalchemy import update

from bot.conversation.models import Access, Conversation
from bot.moments import utc_now
from tests.stack.breaking import writer_held
from tests.stack.running_stack import Stack, same_in_any_case
from tests.stack.visiting import Visit, chromium, needs_chromium

pytestmark = needs_chromium
SECRET = "my husband hits me zanzibarquux"
ELSEWHERE = "https://weather.example/"


@pytest.fixture(scope="module")
def remembering() -> Iterator[Browser]:
    """A browser that keeps pages for its back button, as people's browsers do and test browsers do not."""
    with chromium(ignore_default_args=["--disable-back-forward-cache"]) as opened:
        yield opened


@pytest.fixture(scope="module")
def stack(prepared: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A product that sends people who leave to a page this test answers for."""
    running = Stack(tmp_path_factory.mktemp("leaving"), {"LEAVE_TO": ELSEWHERE})
    running.start()
    yield running
    assert running.stop() == 0


def is_soon(true: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not true():
        assert time.monotonic() < until
        time.sleep(0.1)


@pytest.fixture(params=[True, False], ids=["scripts", "no-scripts"])
def leaver(request: pytest.FixtureRequest, remembering: Browser, stack: Stack) -> Iterator[Visit]:
    visit = Visit(remembering, stack, request.param)
    visit.context.route(ELSEWHERE, lambda route: route.fulfill(body="<title>Weather</title>Sunny", content_type="text/html"))
    yield visit
    visit.context.close()


def tell(visit: Visit) -> None:
    visit.open("en")
    visit.ask(SECRET)
    assert "zanzibarquux" in visit.page.content()


def assert_gone(visit: Visit) -> None:
    """The secret is on no page that the back button brings, whatever the browser asks on the way."""
    page = visit.page
    page.wait_for_url(ELSEWHERE)
    for _ in range(6):
        try:
            page.go_back(timeout=3000, wait_until="load")
        except Exception:
            # The browser wants to ask whether to send a form again; a person may say yes, so say it.
            page.keyboard.press("Escape")
        page.wait_for_timeout(300)
        shown = page.content()
        assert "zanzibarquux" not in shown, page.url
        fields = page.evaluate("[...document.querySelectorAll('textarea, input:not([type=hidden])')].map((f) => f.value).join('')")
        assert fields == ""


def test_leaving_by_the_button_leaves_no_text_behind_the_back_button(leaver: Visit) -> None:
    tell(leaver)
    leaver.page.click("#leave button")
    assert_gone(leaver)


def test_leaving_from_a_page_beside_the_chat_leaves_no_text_of_the_chat_behind(leaver: Visit) -> None:
    tell(leaver)
    leaver.page.click("footer form[action='/directory'] button:not([formaction])")
    leaver.page.locator("#words").wait_for()
    leaver.page.click("#leave button")
    assert_gone(leaver)


def test_leaving_by_key(remembering: Browser, stack: Stack) -> None:
    visit = Visit(remembering, stack)
    visit.context.route(ELSEWHERE, lambda route: route.fulfill(body="Sunny", content_type="text/html"))
    tell(visit)
    for letter in "ABCD":
        visit.page.keyboard.press(f"Shift+{letter}")
    for _ in range(4):
        visit.page.keyboard.press("Control+Shift")
    assert visit.page.url.startswith(stack.url), "writing capitals and changing the keyboard is not leaving"
    for _ in range(3):
        visit.page.keyboard.press("Shift")
    assert_gone(visit)
    visit.context.close()


def test_other_tabs_of_the_page_leave_too(remembering: Browser, stack: Stack) -> None:
    visit = Visit(remembering, stack)
    visit.context.route(ELSEWHERE, lambda route: route.fulfill(body="Sunny", content_type="text/html"))
    tell(visit)
    other = visit.context.new_page()
    other.goto(f"{stack.url}/?lang=en")
    other.click("#leave button")
    visit.page.wait_for_url(ELSEWHERE)
    visit.context.close()


def test_a_chat_that_was_left_is_opened_by_nothing_and_shows_nothing_that_was_typed(stack: Stack) -> None:
    session = stack.ask(SECRET)["session"]
    left = stack.client.post("/leave", data={"session": session})
    assert f'content="0;url={ELSEWHERE}"' in left.text
    assert left.headers["clear-site-data"] == '"cache"'
    again = stack.client.post("/", data={"session": session, "text": SECRET, "page_language": "en"})
    assert "zanzibarquux" not in again.text
    assert stack.client.post("/api/v1/chat", json={"text": "hello", "session": session}).status_code == 404
    assert stack.client.post("/stay", data={"session": session}).status_code == 404
    assert stack.client.get("/leave", follow_redirects=False).headers["location"] == ELSEWHERE


@same_in_any_case
def test_leaving_waits_for_no_database_and_the_chat_ends_once_it_is_back(prepared: None, tmp_path: Path) -> None:
    own = Stack(tmp_path, {"LEAVE_TO": ELSEWHERE}, on_servers=False)
    own.start()
    try:
        session = own.ask(SECRET)["session"]
        with writer_held(tmp_path / "var" / "cambridgeshire.db"):
            is_soon(lambda: not own.client.get("/readyz").json()["ready"])
            started = time.monotonic()
            left = own.client.post("/leave", data={"session": session})
            assert time.monotonic() - started < 1
            assert f'content="0;url={ELSEWHERE}"' in left.text
            assert left.headers["clear-site-data"] == '"cache"'
            assert own.client.post("/stay", data={"session": session}).status_code == 503
        is_soon(lambda: own.client.post("/stay", data={"session": session}).status_code == 404)
    finally:
        assert own.stop() == 0


def test_a_page_outlives_a_moment_without_a_database(stack: Stack, remembering: Browser) -> None:
    """Somebody who types has their page say so now and then; that nothing can be said for a moment ends no chat."""
    scripted = Visit(remembering, stack)
    tell(scripted)
    scripted.context.route("**/stay", lambda route: route.fulfill(status=503, body="away"))
    scripted.page.fill("#text", "and my children")
    scripted.page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    scripted.page.wait_for_timeout(500)
    assert scripted.page.locator("#text").input_value() == "and my children"
    assert "/ended" not in scripted.page.url
    scripted.context.unroute("**/stay")
    scripted.context.route("**/stay", lambda route: route.fulfill(status=404, body="ended"))
    scripted.page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    scripted.page.wait_for_url("**/ended?**")
    scripted.context.close()


@pytest.mark.parametrize("refusal", ["away", "proxy", "too many", "network"])
def test_a_reload_that_finds_no_database_loses_no_chat(stack: Stack, remembering: Browser, refusal: str) -> None:
    scripted = Visit(remembering, stack)
    tell(scripted)
    page = scripted.page
    session = page.locator("input[name='session']").first.input_value()
    refused: list[str] = []

    def refuse(route: Route) -> None:
        if route.request.method != "POST" or len(refused) > 1:
            return route.continue_()
        refused.append(route.request.url)
        if refusal == "network":
            return route.abort()
        if refusal == "away":
            away = stack.client.get("/?lang=en").text.replace('name="session" value=""', f'name="session" value="{session}"')
            assert session in away
            return route.fulfill(status=503, body=away, content_type="text/html")
        body = "<main>Emergency numbers</main>"
        return route.fulfill(status=429 if refusal == "too many" else 502, body=body, content_type="text/html")

    page.route(f"{stack.url}/", refuse)
    page.route(f"{stack.url}/?lang=en", refuse)
    page.reload()
    page.wait_for_timeout(500)
    page.type("#text", "and my chil")
    page.locator(".exchange").wait_for()
    assert "zanzibarquux" in page.content()
    assert len(refused) == 2
    assert page.locator("#text").input_value() == "and my chil"
    page.keyboard.type("dren")
    assert page.locator("#text").input_value() == "and my children"
    assert page.locator("input[name='session']").first.input_value() == session
    assert page.evaluate("history.state.session") == session
    scripted.context.close()


def test_a_reload_of_a_chat_that_is_over_forgets_it(stack: Stack, remembering: Browser) -> None:
    scripted = Visit(remembering, stack)
    tell(scripted)
    session = scripted.page.locator("input[name='session']").first.input_value()
    assert stack.client.delete("/api/v1/chat", headers={"Authorization": f"Bearer {session}"}).status_code in (202, 204)
    with scripted.page.expect_response(lambda answer: answer.request.method == "POST") as told:
        scripted.page.reload()
    assert told.value.status == 404
    scripted.page.wait_for_function("history.state === null")
    assert "zanzibarquux" not in scripted.page.content()
    scripted.context.close()


def test_what_was_refused_is_not_shown_again_either(stack: Stack) -> None:
    long = {"text": f"{SECRET} " * 100, "page_language": "en", "message_id": "a-page-s-own-id"}
    assert "zanzibarquux" in stack.client.post("/", data=long).text
    stack.client.post("/leave", data={"session": "", "message_id": "a-page-s-own-id"})
    assert "zanzibarquux" not in stack.client.post("/", data=long).text


def test_nothing_is_kept_in_the_browser(leaver: Visit) -> None:
    tell(leaver)
    kept: dict[str, Any] = leaver.page.evaluate(
        "async () => ({ local: localStorage.length, session: sessionStorage.length, cookie: document.cookie,"
        " databases: (await indexedDB.databases()).length, caches: (await caches.keys()).length })"
    )
    assert kept == {"local": 0, "session": 0, "cookie": "", "databases": 0, "caches": 0}
    assert leaver.context.cookies() == []
    assert leaver.page.locator("#text").get_attribute("autocomplete") == "off"


def test_the_session_stands_in_no_address(leaver: Visit) -> None:
    tell(leaver)
    session = leaver.page.locator("input[name='session']").first.input_value()
    leaver.page.click("footer form[action='/directory'] button[formaction='/privacy']")
    leaver.page.wait_for_load_state()
    assert len(session) == 32
    assert not any(session in address for address in leaver.asked)


# ---- The end of an idle chat


def age(stack: Stack, minutes: int) -> None:
    """Put the last sign of every conversation into the past."""
    engine, then = stack.database(), utc_now() - timedelta(minutes=minutes)
    with engine.begin() as connection:
        for table in (Conversation, Access):
            connection.execute(update(table).values(last_seen_at=then))
    engine.dispose()


@pytest.fixture
def waiting(remembering: Browser, stack: Stack) -> Iterator[Visit]:
    """A visitor whose clock this test holds."""
    visit = Visit(remembering, stack)
    visit.page.clock.install()
    tell(visit)
    yield visit
    visit.context.close()


def pass_minutes(page: Page, minutes: float) -> None:
    page.clock.run_for(int(minutes * 60_000))


def test_an_idle_chat_warns_and_goes_on_when_asked_to(waiting: Visit) -> None:
    page = waiting.page
    pass_minutes(page, 12.9)
    assert page.locator("[role=alertdialog]").count() == 0
    pass_minutes(page, 0.2)
    assert page.locator("[role=alertdialog] button").first.evaluate("button => button === document.activeElement")
    with page.expect_response("**/stay") as stayed:
        page.keyboard.press("Enter")
    assert stayed.value.status == 204
    page.locator("[role=alertdialog]").wait_for(state="detached")
    pass_minutes(page, 12)
    assert "zanzibarquux" in page.content()


def test_an_idle_chat_ends_and_the_screen_is_cleared(waiting: Visit) -> None:
    page = waiting.page
    pass_minutes(page, 15.1)
    page.wait_for_url("**/ended?lang=en")
    assert "zanzibarquux" not in page.content()
    assert "15 minutes" in page.inner_text("main")


def test_writing_is_being_there(waiting: Visit) -> None:
    page = waiting.page
    for _ in range(3):
        pass_minutes(page, 6)
        with page.expect_response("**/stay"):
            page.type("#text", "a")
    assert page.locator("[role=alertdialog]").count() == 0
    assert "zanzibarquux" in page.content()


def test_a_page_beside_the_chat_warns_and_clears_too(waiting: Visit) -> None:
    page = waiting.page
    page.click("footer form[action='/directory'] button:not([formaction])")
    page.locator("#words").wait_for()
    pass_minutes(page, 13.1)
    assert page.locator("[role=alertdialog]").count() == 1
    pass_minutes(page, 2)
    page.wait_for_url("**/ended?lang=en")


@pytest.mark.parametrize("sign", ["/directory", "/privacy", "/"])
def test_every_page_of_the_chat_is_a_sign_that_somebody_is_there(stack: Stack, sign: str) -> None:
    session = stack.ask("food bank in Ely")["session"]
    for _ in range(2):
        age(stack, 14)
        assert stack.client.post(sign, data={"session": session, "action": "show", "page_language": "en"}).status_code == 200
    assert stack.client.post("/api/v1/chat", json={"text": "hello", "session": session}).status_code == 200


def test_without_scripts_the_page_asks_by_itself_and_the_address_alone_shows_nothing(remembering: Browser, stack: Stack) -> None:
    visit = Visit(remembering, stack, scripts=False)
    tell(visit)
    page = visit.page
    seconds, _, address = str(page.locator("noscript meta[http-equiv=refresh]").get_attribute("content")).partition(";url=")
    assert int(seconds) == 13 * 60
    page.goto(stack.url + address)
    assert "zanzibarquux" not in page.content()
    page.click("main button[value='show']")
    page.locator(".exchange").wait_for()
    assert "zanzibarquux" in page.content()
    visit.ask("food bank in Ely")
    assert page.locator(".exchange").count() == 2
    used = stack.client.post("/", data={"ticket": address.split("ticket=")[1], "action": "show"})
    assert used.status_code == 404
    assert "zanzibarquux" not in used.text
    visit.close()


def test_after_fifteen_minutes_nobody_can_go_on_but_what_was_typed_is_not_lost(stack: Stack) -> None:
    session = stack.ask("food bank in Ely")["session"]
    age(stack, 14)
    assert stack.client.post("/api/v1/chat", json={"text": "and in March", "session": session}).status_code == 200
    age(stack, 16)
    ended = stack.client.post("/", data={"session": session, "text": "a long message", "page_language": "uk"})
    assert ended.status_code == 404
    assert "a long message" in ended.text
    assert "food bank" not in ended.text.lower()
    assert 'class="urgent"' not in ended.text
    # Who comes back in need is told what helps now, not only that the chat is over.
    need = stack.client.post("/", data={"session": session, "text": "Мій чоловік мене б'є", "page_language": "uk"})
    assert need.status_code == 404
    assert "б&#39;є" in need.text
    assert 'class="urgent"' in need.text
    assert stack.client.post("/api/v1/chat", json={"text": "hello", "session": session}).status_code == 404


@pytest.mark.parametrize("scripts", [True, False])
def test_whoever_closes_an_idle_chat_is_told_that_it_has_ended(remembering: Browser, stack: Stack, scripts: bool) -> None:
    visit = Visit(remembering, stack, scripts)
    page = visit.page
    if scripts:
        page.clock.install()
    tell(visit)
    session = page.locator("input[name='session']").first.input_value()
    if scripts:
        pass_minutes(page, 13.1)
        page.locator("[role=alertdialog] button").last.click()
        page.wait_for_url("**/ended?lang=en")
    else:
        address = str(page.locator("noscript meta[http-equiv=refresh]").get_attribute("content")).partition(";url=")[2]
        page.goto(stack.url + address)
        page.click("main button[value='end']")
        page.wait_for_url("**/leave")
    assert "This chat has ended" in page.inner_text("h1")
    # With scripts the browser says so on its way to the page above, and waits for no answer.
    is_soon(lambda: stack.client.post("/stay", data={"session": session}).status_code == 404)
    visit.context.close()


def test_a_chat_that_has_ended_can_still_be_erased(stack: Stack) -> None:
    session = stack.ask("food bank in Ely")["session"]
    age(stack, 16)
    assert stack.client.delete("/api/v1/chat", headers={"Authorization": f"Bearer {session}"}).status_code in (202, 204)
    assert stack.client.delete("/api/v1/chat", headers={"Authorization": f"Bearer {session}"}).status_code == 404
