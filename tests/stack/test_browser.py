"""The page in a real browser: whole journeys with JavaScript and without, in Ukrainian, Arabic and the others."""

import json
import re
import time
from typing import Any

import pytest
from playwright.sync_api import Route
from sqlalchemy import select, update

from bot.codes import REPLY_LANGUAGES
from bot.conversation.models import Message
from tests.stack.running_stack import same_on_servers
from tests.stack.visiting import QUESTIONS, Visit, needs_chromium

pytestmark = [needs_chromium, same_on_servers]


def choose(visit: Visit, button: str) -> None:
    """Press a button that brings a whole page."""
    visit.page.click(button)
    visit.page.wait_for_load_state()


def test_a_journey_in_ukrainian_from_the_first_question_to_the_end(visit: Visit) -> None:
    page = visit.open("uk")
    assert page.locator("html").get_attribute("dir") == "ltr"
    visit.ask(QUESTIONS["uk"])
    assert "Cambridgeshire Skills" in visit.last()
    visit.ask("А в Уісбечі?")
    assert "College of West Anglia" in visit.last()
    assert page.locator("html").get_attribute("lang") == "uk"
    visit.press("button[value='more']")
    page.locator(".card input").last.check()
    chosen = page.locator(".card").last.locator("h3").inner_text()
    page.locator(".take button").last.click()
    page.locator("main.sheet").wait_for()
    assert [card.inner_text() for card in page.locator(".sheet h2").all()] == [chosen]
    assert "session" not in page.url
    choose(visit, "footer button[value='show']")
    assert page.locator(".exchange").count() == 3
    page.click("button[value='human']")
    page.locator(".exchange").nth(3 if visit.scripts else 2).wait_for()
    assert "0345 045 5225" in visit.last()
    page.click("button[value='erase']")
    page.locator(".notice").wait_for()
    assert page.locator(".exchange").count() == 0


def test_a_journey_in_arabic_that_begins_with_somebody_out_in_the_street(visit: Visit) -> None:
    page = visit.open("ar")
    assert page.locator("html").get_attribute("dir") == "rtl"
    visit.ask(QUESTIONS["ar"])
    last = page.locator(".exchange").last
    assert last.locator(".urgent").count() == 1
    assert last.locator(".urgent .number").get_attribute("dir") == "ltr"
    assert last.locator(".card h3").first.get_attribute("dir") == "ltr"
    assert last.locator(".urgent p[lang='en']").count() == 1, "nobody has reviewed the words, so the English stands beside them"
    visit.press(".choices button[value='place:fenland']")
    assert "Fenland District Council" in visit.last()
    choose(visit, "footer form[action='/directory'] button:not([formaction])")
    page.locator("#topic").select_option("food")
    page.click("main .search button")
    page.locator(".card").first.wait_for()
    choose(visit, "footer button[value='show']")
    assert page.locator("html").get_attribute("lang") == "ar"
    assert page.locator(".exchange").count() == 2, "the chat is still there"
    page.click(".languages summary")
    page.click(".languages button[value='en']")
    page.locator("html[lang='en']").wait_for()
    visit.ask("what about food")
    assert page.locator(".exchange").last.locator(".reply").first.get_attribute("lang") == "en"


def test_a_topic_is_chosen_by_its_picture(visit: Visit) -> None:
    page = visit.open("fa")
    page.click("details.topics details summary")
    page.click("button[value='topic:food']")
    page.locator(".exchange").wait_for()
    assert page.locator(".asked").inner_text().split("\n")[-1] == page.locator("button[value='topic:food'] span").text_content()
    assert not page.locator("details.topics").get_attribute("open"), "the pictures make room for the answer"


def test_english_is_shown_beside_it_for_a_helper_and_goes_again(visit: Visit) -> None:
    page = visit.open("uk")
    visit.ask(QUESTIONS["uk"])
    page.click("button[name='english']")
    page.locator(".reply .en").first.wait_for()
    assert "Learning English: these can help in Ely." in page.locator(".services .said .en").first.inner_text()
    assert all(piece.get_attribute("lang") == "en" for piece in page.locator(".en").all())
    visit.ask("А в Уісбечі?")
    assert any("in Wisbech" in piece.inner_text() for piece in page.locator(".exchange").last.locator(".said .en").all())
    page.click("button[name='english']")
    page.wait_for_load_state()
    page.locator(".en").first.wait_for(state="detached")
    assert page.locator(".en").count() == 0


def test_a_card_says_what_the_call_costs_and_how_to_ask_for_an_interpreter(visit: Visit) -> None:
    page = visit.open("en")
    visit.ask("where can I learn English in Ely")
    visit.press("button[value='more']")
    for card in page.locator(".card:has(.call)").all():
        assert re.search(r"The call (is free|is not free|may cost)", card.locator(".call").inner_text())
        assert "Interpreter, please" in card.locator(".ask").inner_text()
    page = visit.open("uk")
    visit.ask(QUESTIONS["uk"])
    said = page.locator(".card .ask b").first
    assert (said.inner_text(), said.get_attribute("lang")) == ("“Interpreter, please: Ukrainian.”", "en")


def test_only_the_last_exchanges_are_sent_until_the_earlier_ones_are_asked_for(plain: Visit) -> None:
    page = plain.open("en")
    for place in ("Ely", "Wisbech", "March", "St Ives", "Huntingdon"):
        plain.ask(f"food bank in {place}")
    assert page.locator(".exchange").count() == 3
    page.click("button[value='earlier']")
    assert page.locator(".exchange").count() == 5


def test_the_page_is_sent_to_the_newest_answer_where_no_script_can(visit: Visit) -> None:
    page = visit.open("en")
    visit.ask("food bank in Ely")
    assert page.locator("#last").count() == 1
    box = page.locator("#last .asked").bounding_box()
    bar = page.locator(".bar").bounding_box()
    assert box is not None
    assert bar is not None
    assert bar["height"] - 2 <= box["y"] < 300, "below the bar, not under it"


def test_an_empty_question_keeps_the_page_and_says_what_to_do(visit: Visit) -> None:
    page = visit.open("en")
    page.click("#ask .send")
    page.locator("#error").wait_for()
    assert page.locator("#text").get_attribute("aria-describedby") == "error"
    assert page.title().startswith("Please correct this")
    visit.complaints[:] = [c for c in visit.complaints if "422" not in c]


def test_what_was_typed_is_still_there_when_a_person_is_asked_for(visit: Visit) -> None:
    page = visit.open("en")
    page.fill("#text", "my landlord")
    page.click("button[value='human']")
    page.locator(".exchange").wait_for()
    assert page.locator("#text").input_value() == "my landlord"


def test_a_reload_brings_the_chat_back_and_an_erased_one_it_does_not(scripted: Visit) -> None:
    page = scripted.open("en")
    scripted.ask("food bank in Ely")
    scripted.ask("and in March?")
    page.reload()
    page.locator(".exchange").nth(1).wait_for()
    scripted.ask("and in Wisbech?")
    page.click("button[value='erase']")
    page.locator(".notice").wait_for()
    page.reload()
    page.wait_for_load_state("networkidle")
    assert page.locator(".exchange").count() == 0


def test_what_is_typed_while_an_answer_is_on_its_way_is_kept(scripted: Visit) -> None:
    page = scripted.open("uk")
    page.fill("#text", "I need food in Ely")
    page.click("#ask .send")
    page.fill("#text", "and also")
    page.locator("html[lang='en'] .exchange").wait_for()
    assert page.locator("#text").input_value() == "and also"


def test_whoever_is_answered_in_another_language_is_told_to_ask_for_their_own(visit: Visit) -> None:
    page = visit.open("en")
    visit.ask("Где в Или можно учить английский язык?")
    said = page.locator(".card .ask").first.inner_text()
    assert "Interpreter, please: Russian." in said


def test_a_chat_from_before_an_upgrade_can_still_be_read(visit: Visit) -> None:
    """Answers are kept as they were given: an older one lacks what newer ones have."""
    page = visit.open("uk")
    visit.ask("Мені ніде спати сьогодні вночі у Вісбечі")
    engine = visit.stack.database()
    with engine.begin() as connection:
        for row, answer in connection.execute(select(Message.id, Message.answer).where(Message.answer.is_not(None))).all():
            old = json.loads(json.dumps(answer), object_hook=without_the_new)
            connection.execute(update(Message).where(Message.id == row).values(answer=old))
    engine.dispose()
    page.click("button[name='english']")
    page.locator("#ask .en").first.wait_for()
    assert page.locator(".urgent").count() == 1
    assert page.locator(".card").count() > 0


def without_the_new(value: dict[str, Any]) -> dict[str, Any]:
    newer = {"call_price", "hours_en", "label_en", "text_en", "reason_en", "reviewed"}
    newer |= {"name_meaning", "summary_en", "hours_note", "for_whom", "for_whom_en", "spoken", "serves_said"}
    return {k: v for k, v in value.items() if k not in newer}


def test_the_language_is_changed_in_the_middle_of_a_chat(visit: Visit) -> None:
    page = visit.open("en")
    visit.ask("I need food in Ely")
    page.click(".languages summary")
    page.click(".languages button[value='fa']")
    page.locator("html[lang='fa']").wait_for()
    assert page.locator(".exchange").count() == 1
    visit.ask("ESOL?")
    assert page.locator(".exchange").last.locator(".reply").first.get_attribute("lang") == "fa"


@pytest.mark.parametrize("language", REPLY_LANGUAGES)
def test_every_piece_of_text_is_in_its_own_language_and_direction(visit: Visit, language: str) -> None:
    page = visit.open(language)
    visit.ask(QUESTIONS[language])
    for card in page.locator(".card").all():
        assert card.locator("h3").get_attribute("lang") == "en"
        assert card.evaluate("c => c.closest('[dir]').dir") == page.locator("html").get_attribute("dir")
    for number in page.locator("a[href^='tel:']").all():
        assert number.get_attribute("dir") == "ltr"
        assert number.locator("bdi").count() == 1


def test_the_answer_is_read_aloud_by_a_voice_of_the_device_only(scripted: Visit) -> None:
    spoken = """
      window.spoken = [];
      const voices = [{ lang: "uk-UA", localService: false, name: "far" }, { lang: "uk", localService: true, name: "near" },
                      { lang: "ar-SA", localService: false, name: "far" }];
      Object.defineProperty(window, "speechSynthesis", { value: {
        getVoices: () => voices, cancel: () => {}, addEventListener: () => {},
        speak: (words) => window.spoken.push([words.text, words.voice.name]) } });
      window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
    """
    scripted.page.add_init_script(spoken)
    page = scripted.open("uk")
    scripted.ask(QUESTIONS["uk"])
    page.locator(".listen").first.click()
    said = page.evaluate("window.spoken")
    assert said[0][0].startswith("Cambridgeshire Skills навчає")
    assert {name for _, name in said} == {"near"}
    page = scripted.open("ar")
    scripted.ask(QUESTIONS["ar"])
    assert page.locator(".listen").count() == 0, "the only Arabic voice would send the text away"


@pytest.mark.parametrize("way_out", ["button[value='erase']", "#leave button"])
def test_a_voice_stops_with_what_it_reads(scripted: Visit, way_out: str) -> None:
    """It would go on reading aloud what is no longer on the screen."""
    page, stops = scripted.page, list[int]()
    page.expose_function("stopped", lambda: stops.append(1))
    page.add_init_script(
        """
        const voices = [{ lang: "en-GB", localService: true, name: "near" }];
        Object.defineProperty(window, "speechSynthesis", { value: {
          getVoices: () => voices, cancel: () => window.stopped(), addEventListener: () => {}, speak: () => {} } });
        window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
        """
    )
    page.route("**/*", lambda route: route.continue_() if route.request.url.startswith(scripted.stack.url) else route.fulfill(body="Sunny"))
    scripted.open("en")
    scripted.ask("food bank in Ely")
    page.locator(".listen").first.click()
    page.wait_for_timeout(300)
    before = len(stops)
    page.click(way_out)
    limit = time.monotonic() + 20
    while len(stops) <= before and time.monotonic() < limit:
        page.wait_for_timeout(100)
    assert len(stops) > before
    scripted.asked[:] = [address for address in scripted.asked if address.startswith(scripted.stack.url)]


@pytest.mark.parametrize("tells_the_button", [True, False])
def test_what_is_sent_right_after_a_reload_belongs_to_the_chat(scripted: Visit, tells_the_button: bool) -> None:
    """Its page is still asking for the chat then. Safari before 15.4 does not tell a script which button sent a form."""
    if not tells_the_button:
        scripted.page.add_init_script("delete SubmitEvent.prototype.submitter")
    page = scripted.open("en")
    scripted.ask("food bank in Ely")
    session = page.locator("input[name='session']").first.input_value()
    held: list[Route] = []

    def hold(route: Route) -> None:
        if "action=show" in (route.request.post_data or "") and not held:
            held.append(route)
        else:
            route.continue_()

    page.route(f"{scripted.stack.url}/", hold)
    page.reload()
    page.fill("#text", "and in March?")
    page.click("#ask .send")
    page.locator(".exchange").nth(1).wait_for()
    assert len(held) == 1
    if tells_the_button:
        # What it asked for comes late. A page that the browser itself loaded has ended that one.
        held[0].continue_()
    page.wait_for_timeout(1000)
    assert page.locator(".exchange").count() == 2
    assert page.locator("input[name='session']").first.input_value() == session
    assert "March" in scripted.last()


def test_a_page_of_the_proxys_takes_no_chat_away(scripted: Visit) -> None:
    """While no front door answers the browser sends the form itself, and can come back to the chat."""
    page = scripted.open("en")
    scripted.ask("food bank in Ely")
    session = page.locator("input[name='session']").first.input_value()

    def refuse(route: Route) -> None:
        if route.request.resource_type == "fetch":
            route.fulfill(status=502, body="<main>Emergency numbers</main>", content_type="text/html")
        else:
            route.continue_()

    page.route(f"{scripted.stack.url}/", refuse)
    page.fill("#text", "and in March?")
    page.click("#ask .send")
    page.locator(".exchange").nth(1).wait_for()
    assert page.locator("input[name='session']").first.input_value() == session
    scripted.complaints[:] = [text for text in scripted.complaints if "502" not in text]


def test_a_new_answer_is_announced_once_and_nothing_else_is(scripted: Visit) -> None:
    page = scripted.open("uk")
    page.evaluate(
        "window.told = []; new MutationObserver(() => told.push(document.getElementById('announced').innerText))"
        ".observe(document.getElementById('announced'), { childList: true })"
    )
    scripted.ask(QUESTIONS["uk"])
    told = [text for text in page.evaluate("window.told") if text]
    assert len(told) == 1
    assert told[0].count("Cambridgeshire Skills (County Council adult learning)") == 1
    assert page.locator("[aria-live], [role=status], [role=alert]").count() == 1
    assert page.locator("#announced p[lang='en']").count() >= 1
    assert page.locator("#announced p[lang='uk']").count() >= 1


def test_a_message_that_the_network_swallowed_is_sent_again_in_full(scripted: Visit) -> None:
    page = scripted.open("en")
    swallowed: list[str] = []

    def swallow(route: Route) -> None:
        if swallowed:
            return route.continue_()
        swallowed.append(route.request.url)
        return route.abort()

    page.route("**/", swallow)
    page.fill("#text", "food bank in Ely")
    page.click("#ask .send")
    page.locator(".exchange").wait_for()
    assert "Ely Foodbank" in scripted.last()
    assert page.locator(".exchange").count() == 1
    scripted.complaints[:] = [c for c in scripted.complaints if "ERR_FAILED" not in c]
