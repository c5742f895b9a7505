"""Officers keep it true, in a real browser: an overdue record assured, guidance approved by a second officer and undone, files imported."""

import re
import shutil
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import update

from bot.directory import models
from bot.directory.files import write_csv
from bot.settings import read_settings
from tests.stack.at_the_desk import DESK_OPEN, StaffClient, StaffTab, add_staff
from tests.stack.running_stack import Stack, same_on_servers, services
from tests.stack.test_accessibility import findings
from tests.stack.visiting import needs_chromium

# How changes, lists and files get into either database is tested by tests/directory.
pytestmark = [needs_chromium, same_on_servers]

FOOD_BANK = "ely_foodbank"
QUESTION = "Where is the food bank in Ely?"


@pytest.fixture(scope="module")
def office(prepared: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A product of its own, since its directory is changed: Olga and Peter are officers, Anna is staff."""
    folder = tmp_path_factory.mktemp("office")
    # Place names are learnt here, which the other tests must not read.
    shutil.copytree(read_settings().models, folder / "models")
    running = Stack(folder, {**DESK_OPEN, "MODELS_DIR": str(folder / "models")})
    for username, role in (("anna", "staff"), ("olga", "officer"), ("peter", "officer")):
        add_staff(running, username, role)
    running.start()
    yield running
    assert running.stop() == 0


@pytest.fixture
def olga(browser: Browser, office: Stack) -> Iterator[StaffTab]:
    tab = StaffTab(browser, office, "olga")
    yield tab
    tab.context.close()


@pytest.fixture
def peter(browser: Browser, office: Stack) -> Iterator[StaffTab]:
    tab = StaffTab(browser, office, "peter")
    yield tab
    tab.context.close()


def ask(office: Stack, text: str) -> dict[str, Any]:
    """Ask as a visitor, once every front door has heard what officers saved."""
    office.let_it_spread()
    return office.ask(text)


def age(office: Stack, key: str, days: int) -> None:
    """Let a service have been assured so many days ago, and the running product see it."""
    engine = office.database()
    with engine.begin() as connection:
        then = date.today() - timedelta(days=days)  # noqa: DTZ011 - what the product has, too, is a British day
        connection.execute(update(models.Service).where(models.Service.key == key).values(assured_date=then, assurer_email="Maria"))
        connection.execute(update(models.LoadedPack).values(edition=models.LoadedPack.edition + 1))
    engine.dispose()


def save(page: Page) -> None:
    page.locator(".choices button.send").click()
    page.wait_for_load_state()


def shown(office: Stack, name: str = "Ely Foodbank", question: str = QUESTION) -> dict[str, object]:
    return next(service for service in services(ask(office, question)) if service["name"] == name)


def test_an_overdue_record_is_found_corrected_previewed_in_arabic_and_assured_and_the_chat_says_so(office: Stack, olga: StaffTab) -> None:
    age(office, FOOD_BANK, 250)
    page = olga.open("/officer/records?show=overdue")
    page.get_by_role("link", name="Ely Foodbank", exact=True).last.click()
    expect(page.locator("main")).to_contain_text("Overdue since")
    page.check('[name="times.0.days"][value="TH"]')
    page.fill('[name="times.0.opens"]', "13:15")
    page.fill('[name="times.0.closes"]', "14:45")
    page.select_option("#preview_language", "ar")
    page.get_by_role("button", name="Show").click()
    preview = page.locator(".preview [lang=ar]").first
    expect(preview).to_have_attribute("dir", "rtl")
    expect(preview).to_contain_text("13:15–14:45")
    expect(preview).to_contain_text("الخميس")
    page.check("[name=assure]")
    page.fill("#why", "They rang back")
    save(page)
    expect(page.locator("main [role=status].notice").first).to_contain_text("Saved")
    card = shown(office)
    assert card["hours"] == "Thu 13:15–14:45"
    assert card["freshness"] == "fresh"
    assert card["checked_on"] == date.today().isoformat()  # noqa: DTZ011
    olga.close()


def test_a_long_overdue_record_says_please_phone_first_and_one_that_is_assured_again_does_not(office: Stack, browser: Browser) -> None:
    age(office, FOOD_BANK, 3 * 365)
    page = browser.new_page()
    card, limit = page.locator(".card", has_text="Ely Foodbank"), time.monotonic() + 20
    while "Спочатку зателефонуйте" not in (card.inner_text() if card.count() else "") and time.monotonic() < limit:
        # Another process sees it within some seconds.
        page.wait_for_timeout(1000)
        page.goto(f"{office.url}/directory?lang=uk")
        page.fill("input[name=words]", "Ely Foodbank")
        page.keyboard.press("Enter")
        card.wait_for()
    expect(card).to_contain_text("Спочатку зателефонуйте")
    page.close()
    client = StaffClient(office, "olga")
    record = client.client.get(f"/officer/service/{FOOD_BANK}").text
    base = re.search(r'name="base" value="(\d+)"', record)
    assert base
    answer = client.post("/officer/records", record=f"service/{FOOD_BANK}/{base[1]}")
    assert answer.headers["location"].endswith("assured=1")
    assert shown(office)["freshness"] == "fresh"


def test_guidance_is_changed_by_two_and_undone_by_two_and_the_history_shows_both(office: Stack, olga: StaffTab, peter: StaffTab) -> None:
    def told() -> str:
        return next(
            str(reply["text"]) for reply in ask(office, "I need food, where is a food bank?")["replies"] if reply["kind"] == "guidance"
        )

    before = told()
    page = olga.open("/officer/guidance/rf110")
    page.fill('[name="guidance.0.statement"]', "Most food banks need a voucher. Ask at the library who can give one.")
    page.fill("#why", "The library asks")
    save(page)
    expect(page.locator("main")).to_contain_text("Another officer must approve")
    assert told() == before
    olga.open("/officer/approvals")
    expect(olga.page.locator(".card").last).to_contain_text("This is your own change")
    assert olga.page.get_by_role("button", name="Approve").count() == 0
    page = peter.open("/officer/approvals")
    expect(page.locator("ins")).to_contain_text("Ask at the library")
    page.get_by_role("button", name="Approve").click()
    expect(page.locator("main [role=status].notice")).to_contain_text("Approved.")
    assert told() == "Most food banks need a voucher. Ask at the library who can give one."
    page.goto(f"{office.url}/officer/history?kind=guidance&key=rf110")
    expect(page.locator("tbody tr")).to_contain_text("Olga")
    expect(page.locator("tbody tr")).to_contain_text("approved by Peter")
    expect(page.locator("tbody tr")).to_contain_text("The library asks")
    page.get_by_role("link", name="changed rf110").click()
    page.get_by_role("button", name="Undo").click()
    page.wait_for_load_state()
    assert told() != before
    olga.open("/officer/approvals").get_by_role("button", name="Approve").click()
    olga.page.wait_for_load_state()
    assert told() == before
    olga.close()
    peter.close()


def test_a_statement_changed_in_english_is_told_in_english_until_it_is_translated_again(office: Stack, olga: StaffTab) -> None:
    peter = StaffClient(office, "peter")

    def told() -> dict[str, object]:
        answer = ask(office, "Де взяти продукти, мені потрібна їжа?")
        return next(reply for reply in answer["replies"] if reply["kind"] == "guidance")

    assert told()["lang"] == "uk"
    page = olga.open("/officer/guidance/rf110")
    page.fill('[name="guidance.0.statement"]', "Most food banks need a voucher. A library can tell you who gives one.")
    save(page)
    number = re.search(r'name="proposal" value="(\d+)"', peter.client.get("/officer/approvals").text)
    assert number
    peter.post("/officer/approvals", proposal=number[1], do="approve")
    assert (told()["lang"], told()["text"]) == ("en", "Most food banks need a voucher. A library can tell you who gives one.")
    olga.close()


def test_the_second_of_two_is_shown_the_difference_and_overwrites_nothing_unseen(office: Stack, olga: StaffTab, peter: StaffTab) -> None:
    first, second = olga.open(f"/officer/service/{FOOD_BANK}"), peter.open(f"/officer/service/{FOOD_BANK}")
    first.fill('[name="services.0.alert"]', "Closed on Friday")
    save(first)
    second.fill('[name="services.0.alert"]', "Moved to the hall")
    save(second)
    expect(second.locator("[role=alert]:not([hidden])").first).to_contain_text("Somebody else has changed this record")
    expect(second.locator(".compared del")).to_have_text("Closed on Friday")
    expect(second.locator(".compared ins")).to_have_text("Moved to the hall")
    assert second.input_value('[name="services.0.alert"]') == "Moved to the hall"
    save(second)
    expect(second.locator("main [role=status].notice").first).to_contain_text("Saved")


def test_still_true_pressed_twice_says_why_nothing_was_saved_beside_the_record_as_it_is(office: Stack) -> None:
    client = StaffClient(office, "olga")
    base = re.search(r'name="base" value="(\d+)"', client.client.get(f"/officer/service/{FOOD_BANK}").text)
    assert base
    deed = {"do": "assure", "base": base[1]}
    assert client.post(f"/officer/service/{FOOD_BANK}", **deed).status_code == 303
    again = client.post(f"/officer/service/{FOOD_BANK}", **deed)
    assert again.status_code == 409
    assert "Somebody has changed a record meanwhile" in again.text
    assert 'value="Ely Foodbank"' in again.text


def test_a_fault_is_said_beside_its_field_as_it_is_typed_and_by_saving(office: Stack, olga: StaffTab) -> None:
    page = olga.open(f"/officer/service/{FOOD_BANK}")
    for name, wrong, want in (
        ("services.0.phone", "1353 123456", "leading 0"),
        ("services.0.url", "www.example.org", "https://"),
        ("places.0.postcode", "CB7", "CB7 4EE"),
        ("services.0.email", "nobody", "e-mail address"),
        ("services.0.area", "Elyy", "did you mean"),
    ):
        page.fill(f'[name="{name}"]', wrong)
        page.keyboard.press("Tab")
        expect(page.locator(f'[id="{name}-how"] .error')).to_contain_text(want)
        expect(page.locator(f'[name="{name}"]')).to_have_attribute("aria-invalid", "true")
    page.fill('[name="services.0.phone"]', "01353 123456")
    page.keyboard.press("Tab")
    expect(page.locator('[id="services.0.phone-how"] .error')).to_have_count(0)
    page.fill('[name="places.0.address_1"]', "1 Lynn Road")
    save(page)
    expect(page.locator("[role=alert]:not([hidden])").first).to_contain_text("Not saved. To put right: 4")
    assert page.input_value('[name="services.0.url"]') == "www.example.org"
    assert page.input_value('[name="places.0.postcode"]') == "CB7"


def test_everything_works_without_scripts(office: Stack, browser: Browser) -> None:
    tab = StaffTab(browser, office, "olga", java_script_enabled=False)
    page = tab.open("/officer/service/new?organization=org_ely_foodbank")
    page.fill('[name="services.0.name"]', "Winter Kitchen")
    page.fill('[name="services.0.description"]', "A warm meal for everyone.")
    page.check('[name="services.0.service_types"][value="food"]')
    page.fill('[name="services.0.area"]', "Ely")
    page.fill('[name="services.0.source"]', "their letter of November")
    page.fill('[name="places.0.address_1"]', "2 Lynn Road")
    page.fill('[name="places.0.city"]', "Ely")
    save(page)
    assert page.locator("[role=alert]:not([hidden])").all_inner_texts() == []
    assert "/officer/service/winter_kitchen" in page.url
    assert shown(office, "Winter Kitchen")["address"] == "2 Lynn Road, Ely"
    page.get_by_role("button", name="Closed today").click()
    page.wait_for_load_state()
    assert "closed" in str(shown(office, "Winter Kitchen")["hours"])
    assert shown(office, "Winter Kitchen")["open_now"] is False
    page.fill("#why", "It never opened")
    page.get_by_role("button", name="Take this record out").click()
    page.wait_for_load_state()
    assert all(service["name"] != "Winter Kitchen" for service in services(ask(office, QUESTION)))
    tab.context.close()


def test_a_file_is_checked_previewed_and_imported(office: Stack, olga: StaffTab, tmp_path: Path) -> None:
    sound = {
        "organisation": "org_ely_foodbank",
        "description": "Help.",
        "status": "active",
        "service_types": "food",
        "area": "Ely",
        "public": "yes",
    }
    rows = [
        {**sound, "key": "new_one", "name": "New Kitchen", "source": "x"},
        {**sound, "key": "new_two", "name": "Other Kitchen", "source": "x", "phone": "1353123456"},
    ]
    (tmp_path / "new.csv").write_bytes(write_csv("services.csv", rows))
    page = olga.open("/officer/files")
    page.set_input_files("#file", tmp_path / "new.csv")
    page.get_by_role("button", name="Check it").click()
    expect(page.locator(".problems")).to_contain_text("new.csv, row 3, column phone: '1353123456'")
    assert page.get_by_role("button", name="Import").count() == 0
    page.check("[name=leave_out]")
    page.get_by_role("button", name="Check again").click()
    page.get_by_role("button", name="Import").click()
    expect(page.locator("[role=status].notice")).to_contain_text("1 records were imported")
    assert shown(office, "New Kitchen", "Where can I get food in Ely? Show New Kitchen please")["checked_on"] is None
    olga.close()


PAGES = [
    "/officer",
    "/officer/records",
    "/officer/records?show=unchecked",
    "/officer/records?words=nothing+like+this",
    f"/officer/service/{FOOD_BANK}",
    "/officer/service/new",
    "/officer/organization/org_ely_foodbank",
    "/officer/guidance/rf16",
    "/officer/place/ely",
    "/officer/service/not_there",
    "/officer/letter/org_ely_foodbank",
    "/officer/approvals",
    "/officer/files",
    "/officer/history",
    "/officer/history/1",
    "/officer/wrong",
    "/officer/places",
]


@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing_and_nothing_is_cut_off_in_a_narrow_window(olga: StaffTab, path: str) -> None:
    page = olga.open(path)
    assert findings(page) == []
    page.set_viewport_size({"width": 360, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("path", [path.split("?")[0] for path in PAGES])
def test_no_page_of_officers_is_for_staff_or_strangers(office: Stack, path: str) -> None:
    assert StaffClient(office, "anna").client.get(path).status_code == 403
    assert office.client.get(path).status_code == 303


def test_a_new_place_is_understood_after_the_names_are_learnt_again(office: Stack, olga: StaffTab) -> None:
    page = olga.open("/officer/place/new")
    page.fill('[name="gazetteer.0.name"]', "Quillham Fen")
    page.fill('[name="gazetteer.0.kind"]', "village")
    page.select_option('[name="gazetteer.0.parent"]', "east_cambridgeshire")
    page.fill('[name="gazetteer.0.source"]', "the new map")
    save(page)
    assert ask(office, "I need food in Quillham Fen")["understood"]["place"] is None
    page = olga.open("/officer/places")
    page.get_by_role("button", name="Learn the names again").click()
    expect(page.locator("p[role=status]:not(.unseen)")).to_contain_text("knows all names", timeout=120_000)
    assert ask(office, "I need food in Quillham Fen")["understood"]["place"] == "Quillham Fen"
    olga.close()


def test_a_script_in_a_record_is_shown_as_text(office: Stack, olga: StaffTab) -> None:
    page = olga.open(f"/officer/service/{FOOD_BANK}")
    page.fill('[name="services.0.alert"]', "<script>alert(1)</script><img src=x onerror=alert(2)>")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".preview")).to_contain_text("<script>alert(1)</script>")
    assert page.locator(".preview img").count() == 0
    olga.close()
