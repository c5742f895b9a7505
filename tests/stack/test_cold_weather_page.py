"""An officer says that emergency beds are open, and the chat says it in the next message, in every process and while Rasa is away."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser

from bot.directory.hours import BRITISH_TIME
from bot.settings import ROOT
from tests.stack.at_the_desk import StaffClient, StaffTab
from tests.stack.running_stack import Stack, free_port, same_on_servers
from tests.stack.test_accessibility import findings
from tests.stack.visiting import needs_chromium

PAGE = "/officer/cold-weather"
HOMELESS = "I have nowhere to sleep tonight in Wisbech"
UNTIL = datetime.now(BRITISH_TIME).replace(second=0, microsecond=0) + timedelta(hours=20)
SWEPT_WITHIN = 15.0


def times(starts: timedelta = timedelta(), until: datetime = UNTIL) -> dict[str, str]:
    """Give the fields of the form for beds open from now on."""
    start = datetime.now(BRITISH_TIME) + starts
    return {
        "from_day": f"{start:%Y-%m-%d}",
        "from_time": f"{start:%H:%M}",
        "until_day": f"{until:%Y-%m-%d}",
        "until_time": f"{until:%H:%M}",
    }


def beds(answer: dict[str, Any]) -> list[str]:
    return [reply["text"] for reply in answer.get("replies", answer.get("notices", [])) if "Emergency beds are open" in reply["text"]]


def switch_off_all(olga: StaffClient) -> None:
    page = olga.client.get(PAGE).text
    for number in re.findall(r'name="number" value="(\d+)"', page):
        assert olga.post(f"{PAGE}/off", number=number).headers["location"].endswith("done=off")


@pytest.fixture
def olga(desk_stack: Stack) -> Iterator[StaffClient]:
    """An officer; whatever she has switched on is off again afterwards."""
    officer = StaffClient(desk_stack, "olga")
    yield officer
    switch_off_all(officer)
    desk_stack.let_it_spread()


def test_the_next_message_hears_it_and_the_one_after_it_is_switched_off_does_not(desk_stack: Stack, olga: StaffClient) -> None:
    before = desk_stack.ask(HOMELESS)
    assert beds(before) == []
    done = olga.post(PAGE, place="fenland", note="SWEP", **times())
    assert (done.status_code, done.headers["location"]) == (303, f"{PAGE}?done=on")
    desk_stack.let_it_spread()
    (text,) = beds(desk_stack.ask(HOMELESS, before["session"]))
    assert "in Fenland" in text
    assert f"{UNTIL:%H:%M}" in text
    again = desk_stack.ask("say that again please", before["session"])
    assert beds(again) == [text]
    assert len(beds(desk_stack.ask("I need help with housing in Wisbech"))) == 1
    assert beds(desk_stack.ask("Where is there a food bank in Wisbech?")) == []
    switch_off_all(olga)
    desk_stack.let_it_spread()
    assert beds(desk_stack.ask(HOMELESS, before["session"])) == []


def test_a_reader_of_another_language_is_told_in_it(desk_stack: Stack, olga: StaffClient) -> None:
    olga.post(PAGE, place="fenland", **times())
    desk_stack.let_it_spread()
    answer = desk_stack.ask("Мені сьогодні ніде спати, я у Вісбечі")
    assert answer["language"] == "uk"
    (notice,) = [reply for reply in answer["replies"] if "Emergency beds" in reply["text_en"]]
    assert (notice["kind"], notice["lang"]) == ("notice", "uk")


def test_another_process_says_it_within_seconds(desk_stack: Stack, olga: StaffClient) -> None:
    port = str(free_port())
    environment = {**desk_stack.settings(), "PORT": port}
    with (desk_stack.folder / "second.log").open("ab") as log:
        second = subprocess.Popen([sys.executable, "-m", "bot", "web"], cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False) as client:

            def hears() -> bool:
                answer = client.post("/api/v1/chat", json={"text": HOMELESS})
                return answer.status_code == 200 and bool(beds(answer.json()))

            limit = time.monotonic() + 180
            is_ready = False
            while not is_ready and time.monotonic() < limit:
                time.sleep(0.2)
                with suppress(httpx.HTTPError):
                    is_ready = client.get("/readyz").status_code == 200
            assert is_ready
            assert not hears()
            olga.post(PAGE, place="fenland", **times())
            switched = time.monotonic()
            while not hears():
                assert time.monotonic() - switched < SWEPT_WITHIN
                time.sleep(0.2)
    finally:
        second.terminate()
        second.wait(30)


def test_it_is_said_while_rasa_is_away(desk_stack: Stack, olga: StaffClient) -> None:
    with desk_stack.rasa_hanging():
        olga.post(PAGE, place="cambridgeshire", **times())
        desk_stack.let_it_spread()
        answer = desk_stack.client.post("/api/v1/chat", json={"text": HOMELESS})
        while answer.status_code != 503:
            answer = desk_stack.client.post("/api/v1/chat", json={"text": HOMELESS})
        assert len(beds(answer.json())) == 1
        page = desk_stack.client.post("/", data={"text": HOMELESS, "page_language": "en"})
        assert page.status_code == 503
        assert "Emergency beds are open tonight in Cambridgeshire" in page.text
        elsewhere = desk_stack.client.post("/api/v1/chat", json={"text": "I have nowhere to sleep tonight in Norwich"})
        assert (elsewhere.status_code, beds(elsewhere.json())) == (503, [])


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"place": "norwich"}, "Choose a place"),
        ({"place": "wisbech"}, "Choose a place"),
        ({"from_day": "tomorrow"}, "Give a day such as"),
        ({"until_time": ""}, "Give a day such as"),
        (times(until=UNTIL - timedelta(days=1)), "over already|not after the start"),
        (times(until=UNTIL + timedelta(days=14)), "more than 14 days ahead"),
        (times(starts=timedelta(days=-3)), "more than a day ago"),
    ],
)
def test_what_cannot_be_is_said_with_what_was_typed_still_there(
    desk_stack: Stack, olga: StaffClient, fields: dict[str, str], words: str
) -> None:
    refused = olga.post(PAGE, **{"place": "fenland", "note": "minus <b>four</b>", **times(), **fields})
    assert refused.status_code == 422
    assert re.search(words, refused.text)
    assert "minus &lt;b&gt;four&lt;/b&gt;" in refused.text
    assert beds(desk_stack.ask(HOMELESS)) == []


def test_one_place_is_switched_on_once_at_a_time(olga: StaffClient) -> None:
    assert olga.post(PAGE, place="fenland", **times()).status_code == 303
    refused = olga.post(PAGE, place="fenland", **times(starts=timedelta(hours=1)))
    assert refused.status_code == 422
    assert "Switch that one off first" in refused.text
    assert olga.post(PAGE, place="cambridge", **times()).status_code == 303


def test_a_planned_one_waits_and_can_be_taken_back(desk_stack: Stack, olga: StaffClient) -> None:
    olga.post(PAGE, place="fenland", **times(starts=timedelta(hours=2)))
    page = olga.client.get(PAGE).text
    assert "Planned" in page
    assert beds(desk_stack.ask(HOMELESS)) == []
    switch_off_all(olga)
    assert "Taken back before it began" in olga.client.get(PAGE).text
    gone = olga.post(f"{PAGE}/off", number="999999")
    assert gone.headers["location"].endswith("done=over")


def test_staff_of_the_library_and_other_sites_cannot_switch(desk_stack: Stack, olga: StaffClient) -> None:
    anna = StaffClient(desk_stack, "anna")
    assert anna.client.get(PAGE).status_code == 403
    assert anna.post(PAGE, place="fenland", **times()).status_code == 403
    assert olga.client.post(PAGE, data={"place": "fenland", **times()}).status_code == 403
    assert beds(desk_stack.ask(HOMELESS)) == []


@needs_chromium
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_an_officer_switches_on_and_off_in_a_browser(browser: Browser, desk_stack: Stack, olga: StaffClient, scripts: bool) -> None:
    tab = StaffTab(browser, desk_stack, "olga", java_script_enabled=scripts)
    page = tab.open(PAGE)
    assert page.get_by_text("Nothing is on.").is_visible()
    page.select_option("#place", label="East Cambridgeshire")
    page.fill("#note", "Ring the night shelter first")
    page.get_by_role("button", name="Switch on").click()
    page.wait_for_url("**/officer/cold-weather?done=on")
    assert page.locator(".card blockquote").inner_text().startswith("Emergency beds are open tonight in East Cambridgeshire")
    assert page.locator(".card .lines", has_text="Ring the night shelter first").is_visible()
    page.get_by_role("button", name="Switch off now").click()
    page.wait_for_url("**/officer/cold-weather?done=off")
    assert page.get_by_text("Nothing is on.").is_visible()
    tab.close()


@same_on_servers
@needs_chromium
def test_axe_finds_nothing_and_nothing_is_cut_off_in_a_narrow_window(browser: Browser, desk_stack: Stack, olga: StaffClient) -> None:
    tab = StaffTab(browser, desk_stack, "olga")
    page = tab.open(PAGE)
    assert findings(page) == []
    olga.post(PAGE, place="fenland", note="SWEP", **times())
    olga.post(PAGE, place="cambridge", **times(starts=timedelta(hours=2)))
    page = tab.open(PAGE)
    page.fill("#until_day", "2020-01-01")
    page.get_by_role("button", name="Switch on").click()
    page.locator("#error").wait_for()
    assert findings(page) == []
    page.set_viewport_size({"width": 320, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    tab.context.close()
