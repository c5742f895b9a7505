"""What people ask for, as officers see it: counted as it is asked, small numbers hidden on the page, in pictures and in files alike."""

import csv
import re
from io import StringIO

import pytest
from playwright.sync_api import Browser, expect

from tests.stack.at_the_desk import StaffClient, StaffTab
from tests.stack.running_stack import Stack, same_on_servers
from tests.stack.test_accessibility import findings
from tests.stack.visiting import needs_chromium

MARKER = "timbuktuquux"
TABLES = ("totals", "topic", "place", "language", "week", "gaps")


@pytest.fixture(scope="module")
def olga(desk_stack: Stack) -> StaffClient:
    """An officer, after people have asked: much of one thing, little of another."""
    for number in range(7):
        desk_stack.ask(f"I need food in Ely {MARKER}{number}")
    for _ in range(6):
        desk_stack.ask("qwrtz")
    desk_stack.ask("Wo kann ich in Wisbech Englisch lernen?")
    return StaffClient(desk_stack, "olga")


def rows(olga: StaffClient, table: str, **query: str) -> list[list[str]]:
    answer = olga.client.get(f"/officer/insights/{table}.csv", params=query)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/csv")
    assert "attachment" in answer.headers["content-disposition"]
    return list(csv.reader(StringIO(answer.content.decode("utf-8-sig"))))


def number(words: str) -> int:
    return int(words) if words.isdecimal() else 0


def test_what_is_asked_is_counted_at_once(olga: StaffClient, desk_stack: Stack) -> None:
    def answered() -> int:
        return number(dict(rows(olga, "totals")[1:])["Questions answered"])

    before = answered()
    session = desk_stack.ask("I need food in Soham", message_id="one")["session"]
    desk_stack.ask("I need food in Soham", session, message_id="one")
    assert answered() == before + 1


def test_a_question_that_is_told_its_place_stays_one(olga: StaffClient, desk_stack: Stack) -> None:
    before = number(dict(rows(olga, "totals")[1:])["Questions answered"])
    session = desk_stack.ask("I need food")["session"]
    desk_stack.ask("in Ely", session)
    assert number(dict(rows(olga, "totals")[1:])["Questions answered"]) == before + 1


@pytest.mark.parametrize("what", ["asked", "not_understood", "no_service", "withheld", "handed_over", "waited", "left"])
@pytest.mark.parametrize("weeks", ["4", "12", "52"])
def test_no_number_under_five_is_on_the_page_in_a_picture_or_in_a_file(olga: StaffClient, what: str, weeks: str) -> None:
    page = olga.client.get("/officer/insights", params={"what": what, "weeks": weeks}).text
    before_gaps = page[: page.index('id="gaps"')]
    figures = re.findall(r"<td>([^<]+)</td>", before_gaps)
    drawn = re.findall(r'<text x="[\d.]+" y="\d+"(?: class="hidden-figure")?>([^<]+)</text>', before_gaps)
    told = [cells[1] for table in ("totals", "topic", "place", "language", "week") for cells in _table(olga, table, what, weeks)]
    assert len(figures) > 20
    assert drawn
    for words in (*figures, *drawn, *told):
        assert words in ("fewer than 5", "hidden") or int(words) >= 5


def _table(olga: StaffClient, table: str, what: str, weeks: str) -> list[list[str]]:
    if (table, what) == ("topic", "not_understood"):
        return []
    return rows(olga, table, what=what, weeks=weeks)[1:]


def test_no_word_of_a_conversation_is_anywhere_on_the_pages_of_officers(olga: StaffClient) -> None:
    pages = [olga.client.get(path).text for path in ("/officer", "/officer/insights", "/officer/feedback")]
    pages += [olga.client.get(f"/officer/insights/{table}.csv").text for table in TABLES]
    assert not any(MARKER in page or "qwrtz" in page for page in pages)


def test_the_gaps_of_every_language_are_in_one_file_and_of_one_in_its_own(olga: StaffClient) -> None:
    head, *everything = rows(olga, "gaps")
    assert head[:4] == ["Topic", "District", "Language", "Services"]
    assert head[-1] == "In short"
    assert {row[2] for row in everything} >= {"any", "Ukrainian", "Tigrinya"}
    tigrinya = rows(olga, "gaps", language="ti")[1:]
    assert tigrinya == [row for row in everything if row[2] == "Tigrinya"]
    without = sum(row[6] == "no service" for row in tigrinya)
    page = olga.client.get("/officer/insights", params={"language": "ti"}).text
    assert without > 0
    assert f"No service at all: {without} of {len(tigrinya)} squares." in page


def test_only_officers_see_it_and_what_is_asked_for_wrongly_is_as_if_it_were_not(olga: StaffClient, desk_stack: Stack) -> None:
    anna = StaffClient(desk_stack, "anna")
    for path in ("/officer/insights", "/officer/insights/topic.csv"):
        assert anna.client.get(path).status_code == 403
        assert desk_stack.client.get(path).status_code == 303
    assert olga.client.get("/officer/insights", params={"what": "'", "weeks": "9", "language": "<b>"}).status_code == 200
    assert olga.client.get("/officer/insights/secrets.csv").status_code == 404


@same_on_servers
@needs_chromium
def test_axe_finds_nothing_and_every_picture_has_its_table(browser: Browser, desk_stack: Stack, olga: StaffClient) -> None:
    tab = StaffTab(browser, desk_stack, "olga")
    for query in ("", "?weeks=52&language=ti", "?what=not_understood&weeks=12"):
        tab.open(f"/officer/insights{query}")
        assert findings(tab.page) == []
        pictures, parts, tables = (tab.page.locator(f".insight{inside}").count() for inside in (" svg[role=img]", "", " table"))
        assert pictures == parts == tables > 3
    tab.page.set_viewport_size({"width": 320, "height": 800})
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= 320
    tab.close()


@needs_chromium
def test_an_officer_narrows_what_is_shown_without_scripts(browser: Browser, desk_stack: Stack, olga: StaffClient) -> None:
    tab = StaffTab(browser, desk_stack, "olga", java_script_enabled=False)
    tab.open("/officer/insights")
    tab.page.select_option("#weeks", "12")
    tab.page.select_option("#what", "not_understood")
    tab.page.select_option("#language", "ti")
    tab.page.click("main .send")
    expect(tab.page.locator("h2", has_text="Not understood: by language")).to_be_visible()
    expect(tab.page.locator("#gaps h2")).to_contain_text("Tigrinya")
    tab.close()


@same_on_servers
@needs_chromium
@pytest.mark.parametrize("scheme", [{"color_scheme": "dark"}, {"forced_colors": "active"}], ids=["dark", "forced"])
def test_axe_finds_nothing_in_the_dark_and_with_forced_colours(
    browser: Browser, desk_stack: Stack, olga: StaffClient, scheme: dict[str, str]
) -> None:
    tab = StaffTab(browser, desk_stack, "olga", **scheme)
    tab.open("/officer/insights?language=ti")
    assert findings(tab.page) == []
    tab.close()
