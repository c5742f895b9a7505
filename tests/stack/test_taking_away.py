"""Take it with you: one page to print in both languages, a picture, and a link that tells nothing about anybody."""

import io
import re
from dataclasses import replace
from datetime import datetime, timezone

import pytest
import segno
from playwright.sync_api import Browser

from bot.answers.cards import make_card
from bot.codes import REPLY_LANGUAGES
from bot.directory.records import Directory
from bot.web.rendering import any_unchecked, short_id
from bot.web.sheet import SERVICES_AT_MOST
from tests.builders import the_catalogues
from tests.stack.running_stack import Stack, same_on_servers
from tests.stack.visiting import QUESTIONS, Visit, needs_chromium

pytestmark = [needs_chromium, same_on_servers]


@pytest.fixture(scope="module")
def longest(directory: Directory) -> list[str]:
    """The services that say most on paper."""
    catalogues, moment = the_catalogues(), datetime.now(timezone.utc)

    def said(service_id: str) -> int:
        service = next(s for s in directory.services if s.id == service_id)
        card = make_card(service, "uk", catalogues, directory, moment, True)
        return len(card.name) + 2 * len(card.hours) + len(card.address) + len(card.phone_note)

    return [short_id(one) for one in sorted((s.id for s in directory.services), key=said, reverse=True)]


def pages(visit: Visit) -> int:
    """Print the page on A4; give how many sheets of paper that takes."""
    return len(re.findall(rb"/Type\s*/Page\b", visit.page.pdf(format="A4", prefer_css_page_size=True)))


@pytest.mark.parametrize("language", REPLY_LANGUAGES)
@pytest.mark.parametrize("count", range(1, SERVICES_AT_MOST + 1))
def test_even_the_longest_records_fit_on_one_page(browser: Browser, stack: Stack, longest: list[str], count: int, language: str) -> None:
    visit = Visit(browser, stack)
    visit.open(language, f"/take/{'-'.join(longest[:count])}")
    assert visit.page.locator(".sheet h2").count() == count
    assert pages(visit) == 1
    visit.page.emulate_media(media="print")
    assert float(visit.page.locator(".sheet .number").first.evaluate("e => parseFloat(getComputedStyle(e).fontSize)")) >= 20
    assert float(visit.page.locator(".sheet dd").first.evaluate("e => parseFloat(getComputedStyle(e).fontSize)")) >= 16, "12 points"
    visit.close()


def test_the_code_and_the_link_open_the_same_list_and_hold_nothing_else(visit: Visit) -> None:
    page = visit.open("uk")
    visit.ask(QUESTIONS["uk"])
    session = page.locator("input[name='session']").first.input_value()
    page.locator(".card input").nth(0).check()
    page.locator(".card input").nth(2).check()
    page.locator(".take button").first.click()
    page.locator("main.sheet").wait_for()
    link = page.locator(".link a").inner_text()
    assert re.fullmatch(rf"{re.escape(visit.stack.url)}/take/[0-9a-f]{{8}}-[0-9a-f]{{8}}\?lang=uk", link)
    drawn = io.BytesIO()
    segno.make(link, micro=False, error="m").save(drawn, kind="svg", scale=3, border=2, xmldecl=False)
    path = re.findall(r' d="([^"]+)"', drawn.getvalue().decode())[-1]
    assert path in page.content(), "what the camera reads is this link"
    names = [name.inner_text() for name in page.locator(".sheet h2").all()]
    assert len(names) == 2
    assert session in page.content(), "so that the way back leads to the chat"
    page.goto(link)
    assert [name.inner_text() for name in page.locator(".sheet h2").all()] == names
    assert session not in page.content()
    for code in ("lang='uk'", "lang='en'"):
        assert page.locator(f"html[{code}], .sheet [{code}]").count() > 0


def test_where_nothing_was_ticked_all_that_was_shown_is_taken(visit: Visit) -> None:
    page = visit.open("en")
    visit.ask(QUESTIONS["en"])
    names = [name.inner_text() for name in page.locator(".card h3").all()]
    page.locator(".take button").first.click()
    page.locator("main.sheet").wait_for()
    assert [name.inner_text() for name in page.locator(".sheet h2").all()] == names


def test_a_sheet_holds_the_number_for_the_day_and_the_one_for_the_night(stack: Stack, directory: Directory) -> None:
    council = next(s for s in directory.services if {p.out_of_hours for p in s.phones} == {True, False})
    for path in (f"/take/{short_id(council.id)}", f"/take/{short_id(council.id)}.svg"):
        page = stack.client.get(f"{path}?lang=en").text
        assert all(phone.number in page for phone in council.phones[:2]), path


def test_what_nobody_has_checked_is_said_and_only_that(directory: Directory) -> None:
    card = make_card(directory.services[0], "en", the_catalogues(), directory, datetime.now(timezone.utc), True)
    checked = replace(card, checked_on="2026-11-01")
    assert any_unchecked([checked, replace(card, checked_on=None)])
    assert not any_unchecked([checked])


def test_a_list_too_long_for_a_page_says_what_was_left_off(stack: Stack, longest: list[str]) -> None:
    page = stack.client.get(f"/take/{'-'.join(longest[:7])}?lang=en").text
    assert page.count('<h2 lang="en"') == SERVICES_AT_MOST
    assert "Left off: 3" in page


def test_a_link_to_what_is_gone_says_so(stack: Stack, longest: list[str]) -> None:
    some = stack.client.get(f"/take/{longest[0]}-00000000?lang=en")
    assert some.status_code == 200
    assert "No longer in our list: 1" in some.text
    none = stack.client.get("/take/00000000?lang=en")
    assert none.status_code == 404
    assert "no longer in our list" in none.text
    assert stack.client.get("/take/00000000.svg?lang=en").status_code == 404


@pytest.mark.parametrize("language", REPLY_LANGUAGES)
def test_the_picture_holds_every_line_whole(browser: Browser, stack: Stack, longest: list[str], language: str) -> None:
    visit = Visit(browser, stack)
    visit.page.goto(f"{stack.url}/take/{'-'.join(longest[:SERVICES_AT_MOST])}.svg?lang={language}")
    boxes = visit.page.evaluate("[...document.querySelectorAll('text')].map((t) => { const b = t.getBBox(); return [b.x, b.x + b.width] })")
    assert len(boxes) > 10
    assert all(left >= 0 and right <= 720 for left, right in boxes), boxes
    visit.close()


def test_the_picture_is_kept_as_png_where_scripts_run(scripted: Visit, longest: list[str]) -> None:
    page = scripted.open("ar", f"/take/{longest[0]}")
    with page.expect_download() as kept:
        page.click("#keep a")
    assert kept.value.suggested_filename == "welcome-desk.png"
    data = kept.value.path().read_bytes()
    assert data.startswith(b"\x89PNG")
    assert int.from_bytes(data[16:20], "big") == 720
    assert len(data) > 5000


def test_the_picture_is_a_file_to_keep_where_none_do(plain: Visit, longest: list[str]) -> None:
    page = plain.open("ar", f"/take/{longest[0]}")
    with page.expect_download() as kept:
        page.click("#keep a")
    assert kept.value.path().read_text(encoding="utf-8").startswith("<svg")
