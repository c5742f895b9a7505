"""Words that officers change, in the running product: said in the next message, with a second officer where one is needed."""

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from bot.directory.hours import BRITISH_TIME
from bot.settings import ROOT
from tests.builders import the_catalogues
from tests.stack.at_the_desk import StaffClient, StaffTab, add_staff
from tests.stack.running_stack import Stack, same_on_servers
from tests.stack.test_accessibility import findings
from tests.stack.test_taking_over import Visitor, chat_of
from tests.stack.visiting import needs_chromium

HELLO, HELLO_EN = "phrase.start.hello", "Hello, and welcome."
QUESTION = "Де я можу вивчати англійську в Елі?"
WITHIN = 15.0
"""Seconds within which what another process changed is said, however busy the machine is."""


def today() -> str:
    """Give the day as it is now: tests run past midnight, too."""
    return datetime.now(BRITISH_TIME).date().isoformat()


class Officer(StaffClient):
    """An officer over HTTP."""

    def translate(self, path: str, text: str, review: str = "unreviewed") -> str:
        """Save a translation as its page lets one; give the page that follows."""
        page = self.client.get(f"/officer/translations/{path}").text
        hidden = dict(re.findall(r'name="(english|seen)" value="(\w*)"', page))
        answer = self.post(f"/officer/translations/{path}", text=text, review=review, reviewer="Iryna", read_on=today(), **hidden)
        assert answer.status_code == 303, answer.text
        return self.client.get(answer.headers["location"]).text

    def bring_back(self, domain: str, language: str, key: str) -> None:
        """Make the text of the catalogue the newest again."""
        sent = {"domain": domain, "language": language, "key": key, "version": "0", "back": "/officer/translations"}
        assert self.post("/officer/wordings/bring-back", **sent).status_code == 303

    def waiting(self) -> list[int]:
        return [int(number) for number in re.findall(r'action="/officer/wordings/(\d+)"', self.client.get("/officer/translations").text)]

    def decide(self, number: int, deed: str) -> int:
        return self.post(f"/officer/wordings/{number}", do=deed, back="/officer/translations").status_code


@pytest.fixture(scope="module")
def olga(desk_stack: Stack) -> Officer:
    return Officer(desk_stack, "olga")


@pytest.fixture(scope="module")
def pavlo(desk_stack: Stack) -> Officer:
    """A second officer."""
    add_staff(desk_stack, "pavlo", "officer")
    return Officer(desk_stack, "pavlo")


def with_a_visitor(staff: StaffClient, stack: Stack) -> tuple[Visitor, int]:
    """Bring a Ukrainian visitor and somebody at the desk together."""
    visitor = Visitor(stack, QUESTION, language="uk")
    return visitor, chat_of(staff, visitor.wait())


def test_a_changed_phrase_is_what_the_visitor_reads_from_the_next_one_on(desk_stack: Stack, olga: Officer, anna: StaffClient) -> None:
    visitor, chat = with_a_visitor(anna, desk_stack)
    assert "Saved." in olga.translate(f"uk/phrases/{HELLO}", "Вітаємо <b>вас</b>!", "reviewed")
    assert "Вітаємо &lt;b&gt;вас&lt;/b&gt;!" in anna.read(chat)
    assert anna.act(chat, "phrase", phrase=HELLO).status_code == 303
    assert visitor.heard()[-1] == "Вітаємо <b>вас</b>!"
    olga.bring_back("phrases", "uk", HELLO)
    assert the_catalogues().say("uk", HELLO) in anna.read(chat)
    anna.act(chat, "close", outcome="other")


def test_changed_guidance_is_said_in_the_next_message_once_another_officer_has_approved_it(
    desk_stack: Stack, olga: Officer, pavlo: Officer
) -> None:
    catalogues = the_catalogues()
    first = next(reply for reply in desk_stack.ask(QUESTION)["replies"] if reply["kind"] == "guidance")
    assert first["lang"] == "uk"
    key = next(key for key, entry in catalogues.own("uk", "guidance").items() if entry.text == first["text"])

    def guidance() -> list[str]:
        return [reply["text"] for reply in desk_stack.ask(QUESTION)["replies"] if reply["kind"] == "guidance"]

    assert "Sent." in olga.translate(f"uk/guidance/{key}", "Зовсім інші слова.")
    assert "Зовсім інші слова." not in guidance()
    for page in ("/officer/approvals", "/officer/translations"):
        assert "Зовсім інші слова." in pavlo.client.get(page).text
    (number,) = olga.waiting()
    assert olga.decide(number, "approve") == 422
    assert pavlo.decide(number, "approve") == 303
    assert "Зовсім інші слова." in guidance()
    assert pavlo.decide(number, "approve") == 409
    olga.bring_back("guidance", "uk", key)
    (number,) = olga.waiting()
    assert pavlo.decide(number, "approve") == 303
    assert first["text"] in guidance()


def test_a_second_officer_approves_what_they_ticked_and_the_rest_waits_on(olga: Officer, pavlo: Officer) -> None:
    for key in ("rf01", "rf02", "rf03"):
        olga.translate(f"uk/guidance/{key}", "Зовсім інші слова.")
    first, second, third = olga.waiting()
    back = {"back": "/officer/translations"}
    assert olga.post("/officer/wordings/approve", version=[str(first)], **back).status_code == 422
    assert pavlo.post("/officer/wordings/approve", **back).status_code == 422
    assert pavlo.post("/officer/wordings/approve", version=[str(first), str(second)], **back).status_code == 303
    assert olga.waiting() == [third]
    again = pavlo.post("/officer/wordings/approve", version=[str(second), str(third)], **back)
    assert "decided already, by Pavlo" in again.text
    assert olga.waiting() == []
    for key in ("rf01", "rf02", "rf03"):
        olga.bring_back("guidance", "uk", key)
    assert pavlo.post("/officer/wordings/approve", version=[str(number) for number in olga.waiting()], **back).status_code == 303


def test_a_new_phrase_is_on_staff_s_page_at_once_and_one_out_of_use_is_not(desk_stack: Stack, olga: Officer, anna: StaffClient) -> None:
    visitor, chat = with_a_visitor(anna, desk_stack)
    added = olga.post("/officer/phrases", english="Do you like tea?", group="ask", answer=["yes", "no"])
    assert added.status_code == 303, added.text
    desk_stack.let_it_spread()
    page, key = anna.read(chat), "phrase.ask.own_do_you_like_tea"
    assert "Do you like tea?" in page
    assert "Not translated yet" in page
    assert anna.act(chat, "phrase", phrase=key).status_code == 303
    (said,) = visitor.events()["events"][-1]["replies"]
    assert (said["lang"], said["text"], [choice["value"] for choice in said["choices"]]) == (
        "en",
        "Do you like tea?",
        ["answer:yes", "answer:no"],
    )
    assert olga.post(f"/officer/phrases/{key}", do="retire").status_code == 303
    desk_stack.let_it_spread()
    assert f'value="{key}"' not in anna.read(chat)
    assert anna.act(chat, "phrase", phrase=key).status_code == 422
    assert "Do you like tea?" in visitor.heard()
    anna.act(chat, "close", outcome="other")


def test_of_two_who_change_a_phrase_the_second_overwrites_nothing_unseen(desk_stack: Stack, olga: Officer, pavlo: Officer) -> None:
    assert olga.post("/officer/phrases", english="Do you like coffee?", group="ask", answer=["yes", "no"]).status_code == 303
    path = "/officer/phrases/phrase.ask.own_do_you_like_coffee"
    desk_stack.let_it_spread()
    form = re.search(r'name="seen" value="(\w+)"', olga.client.get(path).text)
    assert form
    for officer, english, status in ((pavlo, "Do you drink coffee?", 303), (olga, "Do you want coffee?", 422)):
        told = officer.post(path, do="save", seen=form[1], english=english, answer=["yes", "no"])
        assert told.status_code == status, told.text
        desk_stack.let_it_spread()
    assert "Somebody else changed this text" in told.text
    assert "Do you want coffee?</textarea>" in told.text
    assert "Do you drink coffee?" in told.text
    form = re.search(r'name="seen" value="(\w+)"', told.text)
    assert form
    assert olga.post(path, do="save", seen=form[1], english="Do you want coffee?", answer=["yes", "no"]).status_code == 303
    olga.post(path, do="retire")
    desk_stack.let_it_spread()


def marks(officer: Officer, kind: str) -> dict[str, str]:
    """Give what the sheet for a native speaker holds of each text of a kind, by key, of those that nobody has read."""
    page = officer.client.get(f"/officer/translations/uk/sheet?domain={kind}").text
    return {mark.split("/")[1]: mark for mark in re.findall(r'name="text" value="([^"]+)"', page)}


def test_what_a_native_speaker_read_on_paper_is_recorded_in_their_name(desk_stack: Stack, olga: Officer, pavlo: Officer) -> None:
    """An urgent text waits for a second officer; then it stands without its English."""
    unread = marks(olga, "messages")
    ticked = [unread["urgent.emergency"], unread["ask_topic"]]

    def is_reviewed() -> bool:
        replies = desk_stack.ask("У мене вдома пожежа, допоможіть!", language="uk")["replies"]
        return next(bool(reply["reviewed"]) for reply in replies if reply["kind"] == "urgent")

    assert not is_reviewed()
    answer = olga.post("/officer/translations/uk/sheet?domain=messages", text=ticked, name="Iryna K.", read_on=today())
    assert answer.status_code == 303, answer.text
    assert "told=proposed" in answer.headers["location"]
    assert set(marks(olga, "messages")) == set(unread) - {"urgent.emergency", "ask_topic"}
    assert "Iryna K." in olga.client.get("/officer/translations/uk/messages/ask_topic").text
    (number,) = olga.waiting()
    assert pavlo.decide(number, "approve") == 303
    assert is_reviewed()
    page = olga.client.get("/officer/translations/uk?standing=reviewed").text
    assert "urgent.emergency" in page
    assert "Iryna K." in page


def test_a_sheet_is_recorded_whole_or_not_at_all(olga: Officer) -> None:
    unread = marks(olga, "phrases")
    mark = unread[HELLO]
    tomorrow = (datetime.now(BRITISH_TIME).date() + timedelta(days=1)).isoformat()
    for sent in (
        {"text": [mark], "name": "", "read_on": today()},
        {"text": [mark], "name": "Iryna", "read_on": tomorrow},
        {"text": [mark], "name": "Iryna", "read_on": "yesterday"},
        {"text": [], "name": "Iryna", "read_on": today()},
        {"text": [mark, mark[:-1] + ("0" if mark[-1] != "0" else "1")], "name": "Iryna", "read_on": today()},
        {"text": [mark, "phrases/no.such/1/2"], "name": "Iryna", "read_on": today()},
    ):
        answer = olga.post("/officer/translations/uk/sheet?domain=phrases", **sent)
        assert answer.status_code == 422, sent
        assert 'role="alert"' in answer.text
        assert marks(olga, "phrases") == unread
    everything = {"shown": list(unread.values()), "every": "1", "name": "Iryna", "read_on": today()}
    assert olga.post("/officer/translations/uk/sheet?domain=phrases", **everything).status_code == 303
    assert marks(olga, "phrases") == {}


def test_a_tick_does_not_take_back_a_correction_that_waits(olga: Officer, pavlo: Officer) -> None:
    key = "rf05"
    mark, before = marks(olga, "guidance")[key], set(olga.waiting())
    olga.translate(f"uk/guidance/{key}", "Зовсім інші слова.", "reviewed")
    sent = {"name": "Iryna", "read_on": today()}
    assert olga.post("/officer/translations/uk/sheet?domain=guidance&all=1", text=[mark], **sent).status_code == 422
    (number,) = set(olga.waiting()) - before
    assert "Зовсім інші слова." in pavlo.client.get("/officer/approvals").text
    assert pavlo.decide(number, "refuse") == 303


def test_what_changed_after_it_was_read_does_not_count_as_read(olga: Officer) -> None:
    olga.translate(f"uk/phrases/{HELLO}", "Вітаю вас!")
    yesterday = (datetime.now(BRITISH_TIME).date() - timedelta(days=1)).isoformat()
    mark = marks(olga, "phrases")[HELLO]
    sheet = "/officer/translations/uk/sheet?domain=phrases"
    assert olga.post(sheet, text=[mark], name="Iryna", read_on=yesterday).status_code == 422
    assert olga.post(sheet, text=[mark], name="Iryna", read_on=today()).status_code == 303
    olga.bring_back("phrases", "uk", HELLO)


def test_what_the_operator_brings_in_is_said_without_a_restart(desk_stack: Stack, olga: Officer, tmp_path: Path) -> None:
    path = tmp_path / "uk.po"
    path.write_text('msgid ""\nmsgstr ""\n"Language: uk\\n"\n\nmsgid "topic.esol"\nmsgstr "Мова країни"\n', encoding="utf-8")
    command = [sys.executable, "-m", "bot", "catalogue", "import", str(path), "--yes"]
    subprocess.run(command, cwd=ROOT, env=desk_stack.settings(), check=True, capture_output=True)
    limit = time.monotonic() + WITHIN
    while "Мова країни" not in desk_stack.client.get("/?lang=uk").text:
        assert time.monotonic() < limit
        time.sleep(0.2)
    olga.bring_back("messages", "uk", "topic.esol")


PAGES = (
    "/officer/translations",
    "/officer/translations/uk",
    "/officer/translations/uk/phrases/phrase.start.hello",
    "/officer/translations/uk/sheet",
    "/officer/translations/files",
    "/officer/translations/files/uk/phrases.po",
    "/officer/phrases",
    "/officer/phrases/phrase.start.hello",
)


@pytest.mark.parametrize("path", PAGES)
def test_the_pages_of_words_are_for_officers_alone(desk_stack: Stack, anna: StaffClient, path: str) -> None:
    assert anna.client.get(path).status_code == 403
    assert desk_stack.client.get(path).status_code == 303


@pytest.mark.parametrize("path", ["/officer/translations/uk/phrases/phrase.start.hello", "/officer/phrases", "/officer/wordings/1"])
def test_nothing_is_changed_by_a_form_from_elsewhere(olga: Officer, anna: StaffClient, path: str) -> None:
    assert olga.client.post(path, data={"csrf": "0" * 64, "text": "Так", "review": "unreviewed"}).status_code == 403
    assert anna.post(path).status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "tlh",
        "en",
        "uk/phrases/no.such",
        "uk/staff/staff.desk",
        "en/phrases/phrase.start.hello",
        "files/en/guidance.po",
        "files/uk/officer.po",
    ],
)
def test_what_is_no_text_of_ours_is_not_known(olga: Officer, path: str) -> None:
    assert olga.client.get(f"/officer/translations/{path}").status_code == 404


def test_two_who_translate_the_same_text_are_told_of_each_other(olga: Officer, pavlo: Officer) -> None:
    path = "/officer/translations/uk/phrases/phrase.wait.moment"
    hidden = dict(re.findall(r'name="(english|seen)" value="(\w*)"', olga.client.get(path).text))
    assert olga.post(path, text="Хвилинку.", review="unreviewed", **hidden).status_code == 303
    late = pavlo.post(path, text="Секунду.", review="unreviewed", **hidden)
    assert late.status_code == 422
    assert "Somebody else changed this text" in late.text
    assert "Секунду." in late.text
    other = pavlo.post(path, text="Секунду.", review="unreviewed", **{**hidden, "english": "0" * 16})
    assert "The English was changed" in other.text
    olga.bring_back("phrases", "uk", "phrase.wait.moment")


@pytest.fixture(scope="module")
def tab(browser: Browser, desk_stack: Stack) -> Iterator[StaffTab]:
    """Olga in a browser."""
    opened = StaffTab(browser, desk_stack, "olga")
    yield opened
    opened.context.close()


def at(path: str) -> Callable[[StaffTab], None]:
    def go(tab: StaffTab) -> None:
        tab.open(path)

    return go


def wrong(tab: StaffTab) -> None:
    tab.open("/officer/translations/fa/messages/urgent.detention")
    tab.page.fill("#translation", "999")
    tab.page.check("input[value=unreviewed]")
    tab.page.click("main form .send")
    expect(tab.page.locator("#error")).to_contain_text("{name}")


def waits(tab: StaffTab) -> None:
    tab.open("/officer/translations/ar/guidance/rf05")
    tab.page.fill("#translation", "نص جديد")
    tab.page.check("input[value=reviewed]")
    tab.page.click("main form .send")
    expect(tab.page.locator(".card")).to_contain_text("Take back")


def preview(tab: StaffTab) -> None:
    send(tab, 'msgid "answer.yes"\nmsgstr "Авжеж"\n\n#, fuzzy\nmsgid "answer.no"\nmsgstr "Ні-ні"\n\nmsgid "rf05"\nmsgstr "Так."\n')
    expect(tab.page.locator("main")).to_contain_text("Changes: 2. Left aside: 1.")


def faulty(tab: StaffTab) -> None:
    send(tab, 'msgid "answer.yes"\nmsgstr "Авжеж {x}"\n')
    expect(tab.page.locator("table")).to_contain_text("answer.yes")


def send(tab: StaffTab, entries: str) -> None:
    tab.open("/officer/translations/files")
    content = f'msgid ""\nmsgstr ""\n"Language: uk\\n"\n\n{entries}'.encode()
    tab.page.set_input_files("#file", {"name": "translator.po", "mimeType": "text/plain", "buffer": content})
    tab.page.click("main form .send")


STATES: dict[str, Callable[[StaffTab], None]] = {
    "standing": at("/officer/translations"),
    "texts": at("/officer/translations/zh-Hant?domain=guidance"),
    "sheet": at("/officer/translations/prs/sheet?domain=guidance"),
    "nothing found": at("/officer/translations/fa?words=qwrtz"),
    "text": at("/officer/translations/uk/messages/human.how"),
    "wrong": wrong,
    "waits": waits,
    "approvals": at("/officer/approvals"),
    "phrases": at("/officer/phrases"),
    "phrase": at("/officer/phrases/phrase.safety.child"),
    "files": at("/officer/translations/files"),
    "preview": preview,
    "faulty": faulty,
}


@same_on_servers
@needs_chromium
@pytest.mark.parametrize("state", STATES)
def test_axe_finds_nothing_on_the_pages_of_words_and_nothing_is_cut_off(tab: StaffTab, state: str) -> None:
    STATES[state](tab)
    tab.page.evaluate("for (const closed of document.querySelectorAll('details')) closed.open = true")
    assert findings(tab.page) == []
    tab.page.set_viewport_size({"width": 320, "height": 800})
    wide = tab.page.evaluate("document.documentElement.scrollWidth")
    tab.page.set_viewport_size({"width": 1280, "height": 900})
    assert wide <= 320


@needs_chromium
def test_a_right_to_left_text_stands_beside_its_english_in_its_own_direction(tab: StaffTab) -> None:
    tab.open("/officer/translations/ar/messages/human.how")
    field = tab.page.locator("#translation")
    assert (field.get_attribute("lang"), field.get_attribute("dir")) == ("ar", "rtl")
    english, arabic = tab.page.locator("#english + p").bounding_box(), field.bounding_box()
    assert english
    assert arabic
    assert english["x"] + english["width"] <= arabic["x"]
    assert abs(english["y"] - arabic["y"]) < 20


@needs_chromium
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_file_goes_out_to_a_translator_and_comes_in_again(browser: Browser, desk_stack: Stack, olga: Officer, scripts: bool) -> None:
    sent = olga.client.get("/officer/translations/files/uk/phrases.po")
    assert sent.headers["content-disposition"] == 'attachment; filename="phrases-uk.po"'
    text = "Авжеж" if scripts else "Так-так"
    own = the_catalogues().own("uk", "phrases")["answer.yes"].text
    returned = re.sub(r'(msgid "answer\.yes"\nmsgstr )"[^"]*"', rf'\1"{text}"', sent.text)
    tab = StaffTab(browser, desk_stack, "olga", java_script_enabled=scripts)
    page = tab.open("/officer/translations/files")
    page.set_input_files("#file", {"name": "phrases-uk.po", "mimeType": "text/plain", "buffer": returned.encode()})
    page.click("main form .send")
    expect(page.locator("main")).to_contain_text("Changes: 1. Left aside: 0.")
    expect(page.locator("tbody tr")).to_contain_text(["Yes"])
    page.click("button[value=apply]")
    expect(page.locator("[role=status].notice")).to_contain_text("Done.")
    assert text in olga.client.get("/officer/translations/uk/phrases/answer.yes").text
    olga.bring_back("phrases", "uk", "answer.yes")
    assert own in olga.client.get("/officer/translations/uk/phrases/answer.yes").text
    tab.close()


def test_of_a_file_only_what_was_shown_comes_in(olga: Officer) -> None:
    content = 'msgid ""\nmsgstr ""\n"Language: uk\\n"\n\nmsgid "answer.yes"\nmsgstr "Атож"\n\nmsgid "answer.no"\nmsgstr "Ніколи"\n'

    def form(page: str) -> dict[str, str]:
        return {"do": "apply", **dict(re.findall(r'name="(name|shown|content)" value="([^"]*)"', page))}

    olga.translate("uk/phrases/answer.no", "Ніколи")
    sent = olga.client.post("/officer/translations/files", data={"csrf": olga.csrf}, files={"file": ("uk.po", content.encode())})
    assert "Changes: 1." in sent.text
    olga.translate("uk/phrases/answer.no", "Ні, ні")
    refused = olga.post("/officer/translations/files", **form(sent.text))
    assert refused.status_code == 409
    assert "nothing was taken" in refused.text
    assert "Changes: 2." in refused.text
    assert "Атож" not in olga.client.get("/officer/translations/uk/phrases/answer.yes").text
    for _ in range(2):  # a form that is sent twice is one change
        assert olga.post("/officer/translations/files", **form(refused.text)).status_code == 303
    assert "Атож" in olga.client.get("/officer/translations/uk/phrases/answer.yes").text
    for key in ("answer.yes", "answer.no"):
        olga.bring_back("phrases", "uk", key)


@needs_chromium
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_second_officer_reads_ticks_and_approves(
    browser: Browser, desk_stack: Stack, olga: Officer, pavlo: Officer, scripts: bool
) -> None:
    for key in ("rf01", "rf02"):
        olga.translate(f"fa/guidance/{key}", "متن تازه")
    tab = StaffTab(browser, desk_stack, "pavlo", java_script_enabled=scripts)
    page = tab.open("/officer/translations")
    cards = page.locator(".card", has_text="متن تازه")
    expect(cards).to_have_count(2)
    if scripts:
        assert findings(page) == []
    expect(cards.first.locator("[lang=en]")).to_contain_text("NRPF")
    for card in cards.all():
        card.get_by_role("checkbox").check()
    page.get_by_role("button", name="Approve all that are ticked").click()
    expect(page.locator("[role=status].notice")).to_contain_text("Approved.")
    expect(cards).to_have_count(0)
    before = set(olga.waiting())
    for key in ("rf01", "rf02"):
        olga.bring_back("guidance", "fa", key)
    for number in set(olga.waiting()) - before:
        assert pavlo.decide(number, "approve") == 303
    tab.close()
