"""Signing in with the council in a real browser: the front door alone, a provider on another site, there, back and out again."""

import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from bot.settings import ROOT
from tests.builders import PASSWORD
from tests.signing_in import OFFICER_ROLE, STAFF_ROLE, Gateway, a_council, council_settings
from tests.stack.at_the_desk import WIDE, add_staff
from tests.stack.running_stack import Stack
from tests.stack.test_accessibility import findings
from tests.stack.visiting import needs_chromium

pytestmark = needs_chromium
ELSEWHERE = re.compile(r"https?://(?!(127\.0\.0\.1|localhost):)")
BODY = "Cambridgeshire County Council"


@pytest.fixture(scope="module")
def council() -> Iterator[Gateway]:
    with a_council() as gateway:
        gateway.knows("sub-anna", given_name="Anna", preferred_username="anna.lee@council.example", roles=[STAFF_ROLE])
        gateway.knows("sub-olga", given_name="Olga", preferred_username="olga@council.example", roles=[OFFICER_ROLE])
        gateway.knows("sub-eve", given_name="Eve", preferred_username="eve@council.example")
        yield gateway


@pytest.fixture(scope="module")
def front_door(prepared: None, council: Gateway, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The front door without Rasa, which nobody needs to sign in. Browsers take localhost and 127.0.0.1 for two sites."""
    running = Stack(tmp_path_factory.mktemp("front-door"))
    running.url = running.url.replace("127.0.0.1", "localhost")
    running.environment = council_settings(council.url, running.url, PUBLIC_BODY=BODY)
    add_staff(running, "ben")
    with running.log.open("ab") as log:
        for command in ("prepare", "web"):
            running.process = subprocess.Popen(
                [sys.executable, "-m", "bot", command], cwd=ROOT, env=running.settings(), stdout=log, stderr=log, start_new_session=True
            )
            if command == "prepare":
                assert running.process.wait(300) == 0, running.log.read_text(errors="replace")[-3000:]
    running.wait_alive()
    yield running
    assert running.stop() == 0


class Arrival:
    """Somebody at the door, with a browser."""

    def __init__(self, browser: Browser, front_door: Stack, scripts: bool = True) -> None:
        options: dict[str, Any] = {"viewport": WIDE, "java_script_enabled": scripts}
        self.context = browser.new_context(**options)
        # The provider's own pages ask for a style sheet from elsewhere.
        self.context.route(ELSEWHERE, lambda route: route.abort())
        self.page: Page = self.context.new_page()
        self.url = front_door.url
        self.complaints: list[str] = []
        self.page.on("console", self._note)
        self.page.goto(f"{self.url}/staff/sign-in")

    def _note(self, message: ConsoleMessage) -> None:
        """Keep what our own pages complain of."""
        if message.type == "error" and message.location["url"].startswith(self.url):
            self.complaints.append(message.text)

    def go_to_the_council(self) -> None:
        self.page.get_by_role("link", name=f"Sign in with your account of {BODY}").click()
        self.page.get_by_role("heading", name="Authorize Client").wait_for()

    def sign_in(self, subject: str) -> None:
        self.go_to_the_council()
        self.page.get_by_placeholder("sub").fill(subject)
        self.page.get_by_role("button", name="Authorize").click()

    def close(self) -> None:
        assert self.complaints == []
        self.context.close()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_staff_come_from_the_council_s_site_to_the_desk_and_are_signed_in(browser: Browser, front_door: Stack, scripts: bool) -> None:
    anna = Arrival(browser, front_door, scripts)
    anna.sign_in("sub-anna")
    anna.page.wait_for_url(f"{anna.url}/staff")
    expect(anna.page.locator(".top .who")).to_have_text("Anna")
    anna.page.get_by_role("link", name="Chats").click()
    expect(anna.page.get_by_role("heading", level=1)).to_have_text("Chats")
    cookies = {cookie["path"]: cookie for cookie in anna.context.cookies() if cookie["name"] == "desk"}
    assert {path: (cookie["httpOnly"], cookie["sameSite"]) for path, cookie in cookies.items()} == {
        "/staff": (True, "Strict"),
        "/officer": (True, "Strict"),
    }
    assert [cookie for cookie in anna.context.cookies() if cookie["name"] == "council"] == [], "nothing is carried any more"
    anna.close()


def test_an_officer_comes_to_the_officers_pages(browser: Browser, front_door: Stack) -> None:
    olga = Arrival(browser, front_door)
    olga.sign_in("sub-olga")
    olga.page.wait_for_url(f"{olga.url}/staff")
    olga.page.goto(f"{olga.url}/officer")
    expect(olga.page.locator(".top .who")).to_have_text("Olga")
    olga.close()


def test_signing_out_leads_to_signing_out_with_the_council_and_back_to_the_door(browser: Browser, front_door: Stack) -> None:
    anna = Arrival(browser, front_door)
    anna.sign_in("sub-anna")
    anna.page.wait_for_url(f"{anna.url}/staff")
    anna.page.get_by_role("button", name="Sign out").click()
    expect(anna.page.locator("main")).to_contain_text("may still be signed in on this computer")
    assert findings(anna.page) == []
    anna.page.get_by_role("link", name="Sign out of the council account").click()
    anna.page.get_by_role("button", name="End session").click()
    expect(anna.page.locator("#username")).to_be_visible()
    anna.page.goto(f"{anna.url}/staff")
    expect(anna.page.locator("#username")).to_be_visible()
    anna.close()


def test_who_has_no_role_or_stops_is_told_and_can_start_again(browser: Browser, front_door: Stack) -> None:
    eve = Arrival(browser, front_door)
    assert findings(eve.page) == [], "the door itself"
    eve.sign_in("sub-eve")
    expect(eve.page.get_by_role("alert")).to_contain_text("has no role at the desk")
    assert findings(eve.page) == []
    eve.page.get_by_role("link", name="Start again").click()
    eve.page.get_by_role("button", name="Deny").click()
    expect(eve.page.get_by_role("alert")).to_contain_text("was stopped before it was done")
    eve.page.get_by_role("link", name="Other ways to sign in").click()
    expect(eve.page.locator("#username")).to_be_visible()
    eve.context.close()


def test_while_the_council_is_away_a_page_says_so_and_passwords_go_on(browser: Browser, front_door: Stack, council: Gateway) -> None:
    ben = Arrival(browser, front_door)
    council.broken = ("/oauth2/token",)
    try:
        ben.sign_in("sub-anna")
        expect(ben.page.get_by_role("alert")).to_contain_text("does not answer at the moment")
    finally:
        council.broken = ()
    ben.page.get_by_role("link", name="Other ways to sign in").click()
    ben.page.fill("#username", "ben")
    ben.page.fill("#password", PASSWORD)
    ben.page.press("#password", "Enter")
    ben.page.wait_for_url(f"{ben.url}/staff")
    expect(ben.page.locator(".top .who")).to_have_text("Ben")
    ben.context.close()
