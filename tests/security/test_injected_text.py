"""Whatever anybody can type, upload or translate is shown as text: no page takes it for markup, for a script or for a template.

Everything that can be filled is filled with the same hostile text; then every page that can be reached is read as a browser reads it, and
each kind of page is opened in a real one, where a script that ran, or was stopped only by the policy, is a failure.
"""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urlsplit
from xml.etree import ElementTree

import httpx
import pytest
from playwright.sync_api import Dialog
from playwright.sync_api import Page as BrowserPage

from bot.answers.plurals import has_forms
from bot.answers.proofreading import check_text, gaps
from bot.answers.standing import lines
from bot.answers.wording import MESSAGES, REVIEWED, Draft
from bot.directory.files import write_zip
from bot.directory.reader import COLUMNS
from bot.errors import WordingRefused
from tests.security.conftest import OFFICERS, PARAMETER, STAFF, Front, Signed, Visitor
from tests.stack.visiting import chromium, needs_chromium

MARK = "data-x"
MARKUP = f"\"'><img {MARK} src=x onerror=alert(1)>"
SCRIPT = f"</script></textarea></title><script {MARK}>alert(2)</script>"
WORKED_OUT = str(9973 * 9967)
"""Long enough not to come about by chance: a page has random letters and digits, too."""
TEMPLATES = "{{9973*9967}}{%if 1%}{0.__class__}{days}{phone}{self}%(x)s%s${9973*9967}<%=9973*9967%>#{9973*9967}"
HOSTILE = f"{MARKUP}{SCRIPT} {TEMPLATES}"
LANGUAGE = "pl"
"""The language whose every text a hostile translator has written."""
FIXED = {
    "organisations.csv": {
        **{"key": "hostile_trust", "kind": "charity", "website": "https://example.org/", "email": "desk@example.org"},
        **{"charity_number": "", "company_number": ""},
    },
    "services.csv": {
        **{"key": "hostile_service", "organisation": "hostile_trust", "status": "active", "service_types": "food;housing"},
        **{"url": "https://example.org/a?b=1&c=2", "email": "desk@example.org", "phone": "01223 555123", "area": "Cambridgeshire"},
        **{
            "out_of_hours_phone": "01223 555124",
            "contact_email": "desk@example.org",
            "eligibility": "anyone",
            "audience": "",
            "min_age": "",
        },
        **{"max_age": "", "cost_amount": "", "languages": "en", "regulated_by": "", "checked_on": "2026-11-20", "area_code": ""},
    },
    "places.csv": {
        **{"service": "hostile_service", "key": "hostile_room", "location_type": "physical", "postcode": "CB1 1AA", "country": "GB"},
        **{"latitude": "", "longitude": "", "uprn": ""},
    },
    "times.csv": {
        **{"service": "hostile_service", "place": "hostile_room", "date": "", "freq": "WEEKLY", "days": "MO", "opens": "09:00"},
        **{"closes": "17:00", "from": "", "until": ""},
    },
    "guidance.csv": {
        **{"key": "hostile_statement", "topics": "food", "positions": "1", "area": "", "urgent": "", "together": "", "valid_from": ""},
        **{"valid_until": "", "checked_on": "2026-11-20"},
    },
}
"""The cells that only take certain values; every other cell of these sheets takes whatever an officer types."""


def hostile_rows(**instead: str) -> dict[str, list[dict[str, str]]]:
    """Give a row of each sheet that is hostile wherever it can be; ``instead`` stands in place of the hostile text."""
    fixed = {"public": "yes", "confidence": "seen", "unsure": ""}
    text = instead.get("text", HOSTILE)
    return {
        sheet: [{column: own.get(column, fixed.get(column, f"{text} {sheet}.{column}"[:400])) for column in COLUMNS[sheet]}]
        for sheet, own in FIXED.items()
    }


def upload(olga: Signed, name: str, content: bytes) -> str:
    """Upload a file, wait until it is checked and import it; give the page that its check led to."""
    sent = olga.post("/officer/files", files={"file": (name, content)})
    assert sent.status_code == 303, sent.text
    address = sent.headers["location"]
    checked = _settled(olga, address)
    olga.post(address, do="import")
    _settled(olga, address)
    return checked


def _settled(olga: Signed, address: str) -> str:
    for _ in range(600):
        page = olga.get(address).text
        if "data-working" not in page:
            return page
    raise AssertionError("worked on for ever")


def translate_everything(front: Front) -> int:
    """Let a translator write every text of LANGUAGE, an officer take it, and another approve what needs two; give how many there are."""
    pipeline, wordings = front.app.state.pipeline, front.app.state.office.wordings
    drafts = []
    for line in lines(pipeline.catalogues, pipeline.live.current(), LANGUAGE):
        text = " ".join([*(f"{{{name}}}" for name in sorted(gaps(line.domain, line.english), reverse=True)), MARKUP])
        if line.key.startswith("urgent."):
            text = f"{{phone}} {text.replace('{phone}', '')}"
        if has_forms(line.key):
            text = " | ".join([f"{{count}} {MARKUP}"] * 3)
        try:
            check_text(line.domain, LANGUAGE, line.key, text, line.english)
        except WordingRefused:
            continue
        drafts.append(Draft(line.domain, LANGUAGE, line.key, text, line.english, REVIEWED, "Ewa"))
    wordings.propose(drafts, MARKUP, None, HOSTILE)
    for version in wordings.waiting():
        wordings.approve(version.id, "Zoe", 3)
    pipeline.catalogues.refresh()
    return len(drafts)


@dataclass
class Hostile:
    """A front door in which everything is hostile: its visitor, the number of the visitor's handover."""

    front: Front
    visitor: Visitor
    number: int
    translated: int
    feed: str


@pytest.fixture(scope="module")
def hostile(front: Front) -> Iterator[Hostile]:
    olga, zoe, anna = front.people[OFFICERS[0]], front.people[OFFICERS[1]], front.people[STAFF]
    checked = upload(olga, f"{MARKUP}.zip", write_zip(hostile_rows()))
    assert "hostile_service" in checked, checked[-3000:]
    # A feed of somebody else's: our own, with the hostile service in it under another id.
    told = front.stranger.get(f"/openreferral/services/{_id_of(front, 'hostile_service')}").json()
    feed = upload(olga, f"{MARKUP}.json", json.dumps([{**told, "id": "from-a-feed", "name": f"Feed {MARKUP}"}]).encode())
    for proposal in re.findall(r'name="proposal" value="(\d+)"', zoe.get("/officer/approvals").text):
        zoe.post("/officer/approvals", proposal=proposal, do="approve", why=HOSTILE)
    olga.post("/officer/organization/hostile_trust", do="save", why=HOSTILE, base="0")
    olga.post("/officer/phrases", group="plan", english=HOSTILE[:400])
    olga.post("/officer/phrases", group="plan", english=f"Come at ten. {MARKUP}")
    for number in range(1, 6):
        olga.post(f"/officer/history/{number}", base="1", why=HOSTILE)
    translated = translate_everything(front)
    front.desk.accounts.add("mark", "Mark <b data-x>"[:20], "staff", "river lamp garden")
    visitor = Visitor(front, HOSTILE)
    number = visitor.be_taken()
    assert visitor.say(HOSTILE).status_code == 200
    act = f"/staff/chat/{number}"
    page = anna.get(act).text
    with_place = re.search(r'name="phrase" value="([\w.]+)">(?:(?!</form>).)*?<input name="place"', page, re.DOTALL)
    assert with_place
    for fields in (
        {"do": "text", "text": HOSTILE},
        {"do": "note", "note": HOSTILE},
        {"do": "phrase", "phrase": with_place[1], "place": HOSTILE, "time": HOSTILE, "service": HOSTILE, "phone": HOSTILE},
        {"do": "service", "service": _id_of(front, "hostile_service")},
        {"do": "escalate", "concern": "child", "contact": HOSTILE, "done": HOSTILE},
    ):
        assert anna.post(act, message_id=f"{fields['do']}-{MARKUP}"[:64], **fields).status_code == 303, fields
    anna.post("/staff/wrong/report", kind="service", about=_id_of(front, "hostile_service"), note=HOSTILE)
    headers = {"Authorization": f"Bearer {visitor.session}"}
    front.stranger.post(
        "/api/v1/chat/feedback", json={"helped": False, "about": _id_of(front, "hostile_service"), "comment": HOSTILE}, headers=headers
    )
    assert olga.post("/officer/switches", what="assistant", to="off", why=HOSTILE, message=HOSTILE).status_code == 303
    yield Hostile(front, visitor, number, translated, feed)
    olga.post("/officer/switches", what="assistant", to="on", why="the test is over")


def _id_of(front: Front, key: str) -> str:
    """Give the id of a service; what was just imported is read into memory a moment after its page says so."""
    for _ in range(300):
        found = [service.id for service in front.app.state.pipeline.live.current().services if service.key == key]
        if found:
            return str(found[0])
        time.sleep(0.1)
    raise AssertionError(f"{key} is not in the directory")


class Page(HTMLParser):
    """A page as a browser parses it: what of it somebody else has put there, scripts and handlers that are not in files, where it leads."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.foreign: list[str] = []
        self.links: set[str] = set()
        self.words: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if MARK in given or any(name.startswith("on") or not re.fullmatch(r"[a-z][\w:-]*", name) for name in given):
            self.foreign.append(f"<{tag} {attrs}>")
        if tag == "script" and not str(given.get("src", "")).startswith(("/static/", "/embed.js")):
            self.foreign.append(f"<script {attrs}>")
        for name in ("href", "src", "action", "formaction"):
            address = given.get(name) or ""
            if urlsplit(address.strip()).scheme.lower() not in ("", "http", "https", "mailto", "tel", "sms"):
                self.foreign.append(f"<{tag} {name}={address}>")
            if name == "href" and address.startswith("/"):
                self.links.add(address.partition("#")[0])

    def handle_data(self, data: str) -> None:
        self.words.append(data)


SELDOM_LINKED = [
    *("/officer/letter/hostile_trust", "/officer/history/1", "/officer/files/directory.zip", "/officer/insights/totals.csv"),
    *(
        f"/officer/translations/{LANGUAGE}/sheet",
        f"/officer/translations/files/{LANGUAGE}/messages.po",
        "/officer/cold-weather",
        "/officer/switches",
    ),
    *("/officer/translations/files", "/officer/places", f"/officer/translations/{LANGUAGE}/messages/page.send", "/officer/phrases"),
]
"""Pages that the first links may not lead to before enough others were seen."""


def of_pages(front: Front) -> Iterator[tuple[str, httpx.Response]]:
    """Give every page that leads on from the first ones of visitors, staff and officers, a few of each kind."""
    parts = {"kind": "(?:service|organization|guidance|place)", "number": "[0-9]+"}
    known = {
        re.compile(PARAMETER.sub(lambda match: parts.get(match[2] or "", "[^/]+"), route.path)): route.path for route in front.routes()
    }
    seen: dict[tuple[str, str], int] = {}
    for who, start in (
        ("", ["/", f"/?lang={LANGUAGE}", "/directory", f"/directory?lang={LANGUAGE}&topic=food", f"/privacy?lang={LANGUAGE}", "/demo"]),
        (STAFF, ["/staff", "/staff/queue"]),
        (OFFICERS[0], ["/officer", "/officer/history", "/officer/files", "/officer/approvals", "/officer/feedback", "/officer/insights"]),
        (OFFICERS[1], ["/officer/approvals", f"/officer/translations/{LANGUAGE}", "/officer/wrong", *SELDOM_LINKED]),
    ):
        client = front.people[who].client if who else front.stranger
        waiting, met = list(start), set(start)
        waiting += [
            f"/officer/{kind}/hostile_{name}"
            for kind, name in (("service", "service"), ("organization", "trust"), ("guidance", "statement"))
            if who in OFFICERS
        ]
        while waiting:
            address = waiting.pop(0)
            kind = next((path for pattern, path in known.items() if pattern.fullmatch(urlsplit(address).path)), "")
            if not kind or kind == "/staff/events" or seen.get((who, kind), 0) >= 8:
                continue
            seen[who, kind] = seen.get((who, kind), 0) + 1
            answer = client.get(address)
            yield kind, answer
            if "text/html" in answer.headers.get("content-type", ""):
                found = sorted(Page(answer.text).links - met)
                # What is ours comes first: of a thousand records a few are looked at.
                found.sort(key=lambda one: "hostile" not in one)
                met.update(found)
                waiting = [*found, *waiting] if any("hostile" in one for one in found) else [*waiting, *found]


def posted_pages(hostile: Hostile) -> list[httpx.Response]:
    """Give the pages that are answers to forms, with hostile text in every field."""
    front, visitor, number = hostile.front, hostile.visitor, hostile.number
    anna, olga = front.people[STAFF], front.people[OFFICERS[0]]
    service = _id_of(front, "hostile_service")
    found = []
    for language in ("en", LANGUAGE, "ar"):
        fields = {"page_language": language, "language": language, "english": "1"}
        found += [
            visitor.page(**fields),
            visitor.page(**fields, action="earlier"),
            visitor.page("/said", **fields),
            visitor.page("/take", **fields, service=service[:8]),
            visitor.page("/directory", **fields, words="hostile", topic="food"),
            visitor.page(**fields, action="callback", contact=HOSTILE, wanted="1"),
            visitor.page(**fields, text=HOSTILE, message_id=f"{language}{MARKUP}"[:64], action=""),
            visitor.page("/privacy", **fields),
            visitor.page("/accessibility", **fields),
        ]
    odd = {"page_language": "en", "text": HOSTILE, "session": HOSTILE, "message_id": HOSTILE[:64], "seen": HOSTILE, "part": HOSTILE}
    found += [
        front.stranger.post(path, data=odd) for path in ("/", "/code", "/said", "/take", "/directory", "/ended", "/leave", "/privacy")
    ]
    found += [
        front.stranger.post("/", data={"ticket": HOSTILE}),
        front.stranger.post("/code", data={"code": HOSTILE, "page_language": "en"}),
    ]
    found += [front.stranger.get("/still", params={"ticket": HOSTILE, "lang": HOSTILE}), front.stranger.get("/", params={"lang": HOSTILE})]
    found += [front.stranger.get(f"/{part}{HOSTILE.replace('/', '').replace('%', '')}") for part in ("", "take/", "static/")]
    found.append(front.stranger.post("/staff/sign-in", data={"username": HOSTILE, "password": HOSTILE}))
    found += [
        anna.get(f"/staff/chat/{number}"),
        anna.get(f"/staff/chat/{number}?part=1"),
        anna.post("/staff", words="hostile"),
        anna.post("/staff", words=HOSTILE, place=HOSTILE, topic=HOSTILE, chat=HOSTILE),
        anna.post("/staff/code", code=HOSTILE),
        anna.post("/staff/start", chat_language=HOSTILE),
        anna.post("/staff/practise", scenario=HOSTILE),
        anna.post(f"/staff/chat/{number}", do=HOSTILE, text=HOSTILE),
        anna.post(f"/staff/chat/{number}", do="text", text=HOSTILE * 20),
        anna.post(f"/staff/chat/{number}", do="close", outcome=HOSTILE),
    ]
    record = {"services.0.name": HOSTILE, "services.0.url": "javascript:alert(1)", "base": "0", "why": HOSTILE}
    found += [
        olga.post("/officer/service/hostile_service", do="preview", preview_language=LANGUAGE, **record),
        olga.post("/officer/service/hostile_service", do="save", **record),
        olga.post("/officer/service/new", do="save", **record),
        olga.post("/officer/check", field="services.csv/url", value=HOSTILE),
        olga.post("/officer/files", feed=HOSTILE),
        olga.post("/officer/files", files={"file": (f"{MARKUP}.txt", HOSTILE.encode())}),
        olga.post("/officer/translations/files", files={"file": (f"{MARKUP}.po", HOSTILE.encode())}),
        olga.post("/officer/phrases", group=HOSTILE, english=HOSTILE),
        olga.post(f"/officer/translations/{LANGUAGE}/messages/page.send", text=HOSTILE, review=HOSTILE, reviewed_by=HOSTILE),
        olga.post("/officer/wordings/bring-back", domain=HOSTILE[:120], language=HOSTILE[:20], key=HOSTILE[:120], back=HOSTILE),
        olga.post("/officer/cold-weather", place=HOSTILE, note=HOSTILE, starts=HOSTILE, ends=HOSTILE),
        olga.post("/officer/switches", what="handover", to="off", why=HOSTILE, message=HOSTILE * 2),
        olga.post("/officer/switches", what=HOSTILE, to=HOSTILE, why=HOSTILE),
        olga.get("/officer/records", params={"kind": "service", "words": HOSTILE, "topic": HOSTILE, "place": HOSTILE}),
        olga.get("/officer/history", params={"kind": HOSTILE, "key": HOSTILE, "batch": HOSTILE}),
        olga.get("/officer/insights", params={"what": HOSTILE, "weeks": HOSTILE, "language": HOSTILE}),
        olga.get(f"/officer/translations/{LANGUAGE}", params={"words": HOSTILE, "domain": HOSTILE, "standing": HOSTILE}),
    ]
    return found


def faults_of(answer: httpx.Response) -> list[str]:
    """Give what of an answer is not as it should be."""
    kind, faults = answer.headers.get("content-type", ""), []
    if "html" in kind:
        faults += Page(answer.text).foreign
    elif "svg" in kind:
        tree = ElementTree.fromstring(answer.text)
        faults += [one.tag for one in tree.iter() if MARK in one.attrib or one.tag.rpartition("}")[2] in ("script", "img", "foreignObject")]
    elif "javascript" in kind:
        faults += [MARKUP] if f"<img {MARK}" in answer.text else []
    if WORKED_OUT in answer.text or "&lt;class" in answer.text or "<class" in answer.text:
        faults.append("a template was worked out")
    if answer.status_code >= 500 and answer.status_code != 503:
        faults.append(f"status {answer.status_code}")
    return [f"{answer.request.method} {answer.url.path[:80]}: {fault[:300]}" for fault in faults]


def test_everything_hostile_is_really_there(hostile: Hostile) -> None:
    front = hostile.front
    pipeline = front.app.state.pipeline
    service = next(one for one in pipeline.live.current().services if one.key == "hostile_service")
    assert MARKUP in service.name
    assert MARKUP in service.description
    assert any(one.name == f"Feed {MARKUP}" for one in pipeline.live.current().services), hostile.feed[-2000:]
    assert any(MARKUP in one.statement for one in pipeline.live.current().guidance)
    assert hostile.translated > 800
    assert MARKUP in pipeline.catalogues.say(LANGUAGE, "page.send")
    assert "&lt;img data-x" in hostile.visitor.page(page_language=LANGUAGE).text
    shown = front.people[STAFF].get(f"/staff/chat/{hostile.number}").text
    assert shown.count("{{9973*9967}}") >= 3


def test_no_page_takes_what_somebody_wrote_for_markup_or_a_template(hostile: Hostile) -> None:
    faults, kinds = [], set()
    for kind, answer in of_pages(hostile.front):
        kinds.add(kind)
        faults += faults_of(answer)
    for answer in posted_pages(hostile):
        faults += faults_of(answer)
    assert faults == []
    wanted = {route.path for route in hostile.front.routes() if "GET" in (route.methods or ()) and route.path.startswith("/officer")}
    assert len(wanted - kinds) <= 3, sorted(wanted - kinds)


def test_the_json_feed_gives_what_was_written_as_json_that_no_browser_reads_as_a_page(hostile: Hostile) -> None:
    for path in ("/openreferral/services", "/openreferral/organizations", "/openreferral/taxonomy_terms", "/openreferral/"):
        answer = hostile.front.stranger.get(path, params={"per_page": 500})
        if answer.status_code == 200:
            assert answer.headers["content-type"].startswith("application/json")
            assert answer.headers["x-content-type-options"] == "nosniff"
    services = hostile.front.stranger.get(f"/openreferral/services/{_id_of(hostile.front, 'hostile_service')}").json()
    assert services["name"].startswith(MARKUP)


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "data:text/html,x", 'https://x" onmouseover=alert(1) y="', "//evil.example", " javascript:x"]
)
def test_an_address_that_is_none_of_the_web_is_refused_whichever_way_it_comes(front: Front, olga: Signed, address: str) -> None:
    rows = hostile_rows(text="plain")
    rows["services.csv"][0] |= {"key": "led_astray", "url": address}
    rows = {"services.csv": rows["services.csv"], "organisations.csv": rows["organisations.csv"]}
    rows["organisations.csv"][0]["website"] = address
    said = upload(olga, "x.zip", write_zip(rows))
    assert "starts with https://" in said
    feed = {
        "id": "led-astray",
        "name": "Led astray",
        "status": "active",
        "url": address,
        "organization": {"id": "o", "name": "O", "website": address},
    }
    upload(olga, "x.json", json.dumps([feed]).encode())
    assert all(one.url != address for one in front.app.state.pipeline.live.current().services)
    assert f'href="{address}' not in olga.get("/officer/records?kind=service&words=astray").text


@pytest.mark.parametrize(
    "text",
    ["{{9973*9967}}", "{0.__class__}", "{phone.__class__}", "{phone!r}", "{phone:>99999999}", "{}", "{0}", "{", "}", "{days}{secret}"],
)
def test_a_wording_can_put_in_nothing_but_what_the_code_gives(front: Front, olga: Signed, text: str) -> None:
    for key in ("page.privacy", "idle.warning"):
        answer = olga.post(f"/officer/translations/{LANGUAGE}/messages/{key}", text=f"Tekst {text}", review="unreviewed")
        assert answer.status_code in (404, 409, 422), answer.text
    assert olga.post("/officer/phrases", group="plan", english=f"Come {text}").status_code == 422
    assert all(not version.text.endswith(f" {text}") for version in front.app.state.office.wordings.in_force())


def test_a_percent_sign_in_a_wording_is_a_percent_sign(front: Front) -> None:
    catalogues = front.app.state.pipeline.catalogues
    line = next(
        one for one in lines(catalogues, front.app.state.pipeline.live.current(), "lt") if one.domain == MESSAGES and "{" not in one.english
    )
    front.app.state.office.wordings.propose(
        [Draft(MESSAGES, "lt", line.key, "100%(x)s %d %%", line.english, REVIEWED, "Ona")], "Olga", None
    )
    catalogues.refresh()
    assert catalogues.say("lt", line.key, x="secret") == "100%(x)s %d %%"


def _tell_what_runs(page: BrowserPage, ran: list[str]) -> None:
    def opened(dialog: Dialog) -> None:
        ran.append(f"a dialogue on {page.url}")
        dialog.dismiss()

    page.on("dialog", opened)
    page.on("pageerror", lambda error: ran.append(f"{error} on {page.url}"))
    page.on("console", lambda said: ran.append(f"{said.text} on {page.url}") if "Content Security Policy" in said.text else None)


@needs_chromium
def test_no_script_of_anybodys_runs_in_a_real_browser(hostile: Hostile) -> None:
    """One page of each kind, with scripts on: a dialogue that opened, or an error of the policy, says that something was let in."""
    front, visitor = hostile.front, hostile.visitor
    kinds: dict[tuple[str, str], str] = {}
    for kind, answer in of_pages(front):
        if "html" in answer.headers.get("content-type", "") or "svg" in answer.headers.get("content-type", ""):
            who = STAFF if kind.startswith("/staff") else OFFICERS[0] if kind.startswith("/officer") else ""
            own = (who, f"{kind}{'?pl' if LANGUAGE in str(answer.url) else ''}")
            if own not in kinds or "hostile" in str(answer.url):
                kinds[own] = str(answer.url)
    kinds[STAFF, "chat"] = f"{front.url}/staff/chat/{hostile.number}"
    kinds["", "sheet"] = f"{front.url}/take/{_id_of(front, 'hostile_service')[:8]}?lang={LANGUAGE}"
    kinds["", "picture"] = f"{front.url}/take/{_id_of(front, 'hostile_service')[:8]}.svg?lang={LANGUAGE}"
    ran: list[str] = []
    with chromium() as browser:
        for who in ("", STAFF, OFFICERS[0]):
            context = browser.new_context(extra_http_headers={"Cookie": f"desk={front.people[who].token}"} if who else {})
            page = context.new_page()
            _tell_what_runs(page, ran)
            for (owner, _), address in kinds.items():
                if owner == who:
                    page.goto(address, wait_until="domcontentloaded")
                    if not address.partition("?")[0].endswith(".svg"):
                        assert page.locator(f"[{MARK}]").count() == 0, address
            if not who:
                for language in ("en", LANGUAGE):
                    page.goto(f"{front.url}/?lang={language}")
                    page.evaluate(
                        """([session, language]) => { const form = document.createElement("form"); form.method = "post"; form.action = "/";
                        for (const [name, value] of Object.entries({session, action: "show", page_language: language})) {
                            const field = document.createElement("input"); field.name = name; field.value = value; form.append(field); }
                        document.body.append(form); form.submit(); }""",
                        [visitor.session, language],
                    )
                    page.locator(".exchange").first.wait_for()
                    page.fill("#text", HOSTILE[:200])
                    page.locator("#ask .send").click()
                    page.wait_for_timeout(1500)
                    assert page.locator(f"[{MARK}]").count() == 0
            context.close()
    assert ran == []
    assert len(kinds) > 25
