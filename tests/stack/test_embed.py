"""The chat on another site's pages: the button, its frame, and the plain link where one of them is not to be had."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, FrameLocator, Page, Playwright, Response, expect, sync_playwright

from bot.codes import REPLY_LANGUAGES
from tests.stack.running_stack import Stack, same_on_servers
from tests.stack.visiting import CHROMIUM, OLD_PHONE, QUESTIONS, QUIET, needs_chromium

pytestmark = [needs_chromium, same_on_servers]

PAGE = """<!doctype html><html lang="en" dir="{dir}"><head><meta charset="utf-8"><title>Library</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="stylesheet" href="/site.css"></head>
<body><h1>Library</h1><p class="desk"><a href="{desk}/" data-welcome-desk>Welcome Desk: help in your language</a><script async
src="{desk}/embed.js"></script></p><p><a href="#again" data-welcome-desk>Welcome Desk</a></p><p class="long">Books</p></body></html>"""
# As hostile as real sites: a root font size of 10 px, and rules for all elements, buttons and frames.
STYLE = """html { font-size: 62.5% } * { letter-spacing: .1em; text-transform: uppercase; color: #633 }
button, iframe, html > :not(body) { display: none !important; font-size: 40px !important; opacity: .1 !important }
body > :last-child { color: #060 } .desk, .desk + p { height: 3em } .long { height: 150vh }"""
ALLOWED = "default-src 'none'; style-src 'self'; script-src {desk}; frame-src {desk}"
POLICIES = {
    "/": {"Content-Security-Policy": ALLOWED},
    "/rtl": {"Content-Security-Policy": ALLOWED},
    "/no-frames": {"Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src {desk}"},
    "/no-scripts": {"Content-Security-Policy": "default-src 'none'; style-src 'self'; frame-src {desk}"},
    "/report-only": {"Content-Security-Policy-Report-Only": "frame-src 'none'"},
    "/no-policy": {},
}
LEFT_TO = "/no-policy"
LOOKS = """() => Array.from(document.querySelectorAll("html, body, body :not(welcome-desk, [data-welcome-desk], script)"), (one) => {
  const style = getComputedStyle(one);
  return [one.className || one.tagName, Object.fromEntries(Array.from(style, (name) => [name, style.getPropertyValue(name)]))];
})"""
NAMES = "Object.getOwnPropertyNames(window).filter((name) => name !== 'before')"


class Site(ThreadingHTTPServer):
    """A council's site on an origin of its own; also, under 127.0.0.1, a third party that tries to keep a cookie."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.url = f"http://localhost:{self.server_port}"
        self.third_party = f"http://127.0.0.1:{self.server_port}"
        self.desk = ""
        self.cookies: list[str] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Answering(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        site = self.server
        headers = {"Content-Type": "text/html; charset=utf-8"}
        body = ""
        if self.path == "/site.css":
            headers["Content-Type"] = "text/css"
            body = STYLE
        elif self.path == "/cookie":
            site.cookies.append(self.headers.get("Cookie", ""))
            headers["Set-Cookie"] = "kept=1; SameSite=None; Secure"
        elif self.path == "/frames-a-cookie":
            body = f'<iframe src="{site.third_party}/cookie"></iframe>'
        elif self.path in POLICIES:
            headers.update({name: value.format(desk=site.desk) for name, value in POLICIES[self.path].items()})
            body = PAGE.format(desk=site.desk, dir="rtl" if self.path == "/rtl" else "ltr")
        self.send_response(200)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    serving = Site()
    yield serving
    serving.shutdown()


@pytest.fixture(scope="module")
def desk(prepared: None, site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The product, which lets ``site`` frame it."""
    running = Stack(tmp_path_factory.mktemp("desk"), {"FRAME_ANCESTORS": f"'self' {site.url}", "LEAVE_TO": site.url + LEFT_TO})
    site.desk = running.url
    running.start()
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@contextmanager
def browsing(playwright: Playwright, folder: Path, block: bool = True, **options: Any) -> Iterator[BrowserContext]:
    """Open a browser that blocks third-party cookies, or with ``block`` false allows them."""
    (folder / "Default").mkdir(parents=True)
    (folder / "Default" / "Preferences").write_text(json.dumps({"profile": {"cookie_controls_mode": int(block)}}))
    options = {"viewport": {"width": 1280, "height": 800}, "locale": "en-GB", **options}
    context = playwright.chromium.launch_persistent_context(folder, executable_path=CHROMIUM, args=QUIET, **options)
    yield context
    context.close()


class Visitor:
    """A visitor of the council's site; gathers what the pages complained of and every address asked for."""

    def __init__(self, context: BrowserContext, site: Site) -> None:
        self.context = context
        self.site = site
        self.page: Page = context.pages[0]
        self.complaints: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text) if message.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.host = self.page.locator("welcome-desk")
        self.button = self.page.locator("welcome-desk .open")
        self.panel = self.page.locator("welcome-desk .panel")
        self.link = self.page.locator("a[data-welcome-desk]").first
        self.frame: FrameLocator = self.page.frame_locator("welcome-desk iframe")

    def go(self, path: str = "/") -> Response | None:
        return self.page.goto(self.site.url + path)

    def open(self, path: str = "/") -> None:
        self.go(path)
        self.button.click()
        self.frame.locator("#text").wait_for()

    def in_frame(self, code: str) -> None:
        """Run ``code`` as a script of the chat's."""
        self.frame.locator("html").evaluate(f"() => {{ {code} }}")

    def focused(self) -> str:
        """Give the class of the part of the button or panel that has the focus, empty where it is elsewhere."""
        return str(self.page.evaluate("(document.querySelector('welcome-desk').shadowRoot.activeElement || {}).className || ''"))


Visiting = Callable[..., Visitor]


@pytest.fixture
def visiting(playwright: Playwright, site: Site, desk: Stack, tmp_path: Path) -> Iterator[Visiting]:
    """Give what opens a browser; at the end nobody but the two sites was asked for anything, and no cookie is kept."""
    opened: list[tuple[AbstractContextManager[BrowserContext], Visitor]] = []

    def visit(**options: Any) -> Visitor:
        context = browsing(playwright, tmp_path / str(len(opened)), **options)
        visitor = Visitor(context.__enter__(), site)
        opened.append((context, visitor))
        return visitor

    yield visit
    for context, visitor in opened:
        assert all(address.startswith((site.url, desk.url, "tel:")) for address in visitor.asked), visitor.asked
        assert visitor.context.cookies() == []
        context.__exit__(None, None, None)


@pytest.fixture
def visitor(visiting: Visiting) -> Iterator[Visitor]:
    """A visitor of whose pages none may complain."""
    visitor = visiting()
    yield visitor
    assert visitor.complaints == []


@pytest.mark.parametrize("block", [True, False], ids=["blocked", "allowed"])
def test_these_browsers_block_the_cookies_of_third_parties(playwright: Playwright, site: Site, tmp_path: Path, block: bool) -> None:
    with browsing(playwright, tmp_path / "profile", block) as context:
        page = context.pages[0]
        site.cookies.clear()
        for address in (f"{site.third_party}/cookie", f"{site.third_party}/cookie", f"{site.url}/frames-a-cookie"):
            page.goto(address)
        assert site.cookies == ["", "kept=1", "" if block else "kept=1"]


def test_a_question_in_ukrainian_is_answered_on_the_council_s_page(visiting: Visiting) -> None:
    visitor = visiting(locale="uk-UA", viewport=OLD_PHONE)
    visitor.open()
    visitor.frame.locator("#text").fill(QUESTIONS["uk"])
    visitor.frame.locator("#ask .send").click()
    expect(visitor.frame.locator(".exchange")).to_contain_text("Cambridgeshire Skills", timeout=20_000)
    expect(visitor.frame.locator("html")).to_have_attribute("lang", "uk")
    assert visitor.complaints == []
    visitor.page.locator("welcome-desk .close").click()
    visitor.button.click()
    expect(visitor.frame.locator(".exchange")).to_be_visible()


def test_a_number_pressed_in_the_frame_is_called_and_the_chat_stays(visitor: Visitor) -> None:
    """The site's frame-src holds for links in the frame too: one to ``tel:`` must not be followed in place."""
    visitor.open()
    visitor.frame.locator("#text").fill("I have nowhere to sleep tonight")
    visitor.frame.locator("#ask .send").click()
    visitor.frame.locator(".exchange a[href^='tel:']").first.click(timeout=20_000)
    visitor.page.wait_for_timeout(500)
    assert visitor.complaints == []
    expect(visitor.frame.locator(".exchange")).to_be_visible()


def test_nothing_but_the_script_is_loaded_before_the_button_is_pressed(visitor: Visitor, desk: Stack) -> None:
    visitor.go()
    visitor.button.wait_for()
    assert [address for address in visitor.asked if address.startswith(desk.url)] == [f"{desk.url}/embed.js"]
    assert visitor.panel.count() == 0


def test_the_council_s_page_looks_as_before_and_no_global_is_added(visitor: Visitor) -> None:
    page = visitor.page
    visitor.go("/no-scripts")
    looks = page.evaluate(LOOKS)
    visitor.complaints.clear()
    page.add_init_script(f"Object.defineProperty(window, 'before', {{ value: {NAMES} }})")
    visitor.open()
    assert page.evaluate(LOOKS) == looks
    assert page.evaluate(NAMES) == page.evaluate("before")
    assert page.evaluate("window.length") == 0, "the frame is no window[0] of the page"
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0
    page.mouse.move(200, 400)
    page.mouse.wheel(0, 300)
    page.wait_for_timeout(300)
    assert page.evaluate("scrollY") > 0


def test_the_focus_goes_into_the_panel_and_back(visitor: Visitor) -> None:
    visitor.go()
    for leave in (
        lambda: visitor.page.keyboard.press("Escape"),
        lambda: visitor.page.locator("welcome-desk .close").press("Enter"),
        lambda: visitor.in_frame("parent.postMessage({ 'welcome-desk': 'close' }, '*')"),
    ):
        visitor.button.press("Enter")
        visitor.frame.locator("#text").wait_for()
        assert visitor.focused() == "panel"
        expect(visitor.panel).to_have_attribute("role", "dialog")
        leave()
        expect(visitor.panel).to_be_hidden()
        assert visitor.focused() == "open"


def test_only_the_chat_itself_can_close_the_panel_from_within(visitor: Visitor) -> None:
    visitor.open("/no-policy")
    for message in ("{ 'welcome-desk': 'close' }", "'close'", "null"):
        visitor.page.evaluate(f"postMessage({message}, '*')")
    visitor.in_frame("parent.postMessage({ 'welcome-desk': 'open' }, '*'); parent.postMessage(null, '*')")
    visitor.in_frame("document.body.append(document.createElement('iframe'))")
    visitor.page.frames[-1].evaluate("top.postMessage({ 'welcome-desk': 'close' }, '*')")
    visitor.in_frame(f"location.href = '{visitor.site.url}/site.css'")
    visitor.frame.locator("pre").wait_for()
    visitor.in_frame("parent.postMessage({ 'welcome-desk': 'close' }, '*')")
    visitor.page.wait_for_timeout(200)
    expect(visitor.panel).to_be_visible()


@pytest.mark.parametrize("by", ["button", "keys"])
def test_leaving_quickly_takes_the_council_s_page_away_too(visitor: Visitor, by: str) -> None:
    visitor.open()
    if by == "button":
        visitor.frame.locator("#leave button").click()
    else:
        visitor.frame.locator("#text").focus()
        for _ in range(3):
            visitor.page.keyboard.press("Shift")
    visitor.page.wait_for_url(visitor.site.url + LEFT_TO)


def test_the_panel_leads_to_a_new_tab(visitor: Visitor, desk: Stack) -> None:
    visitor.open()
    with visitor.context.expect_page() as opened:
        visitor.page.locator("welcome-desk .bar a").click()
    opened.value.locator("#text").wait_for()
    assert opened.value.url == f"{desk.url}/?lang=en"
    assert opened.value.evaluate("opener") is None


@pytest.mark.parametrize(
    ("locale", "lang", "side"),
    [
        ("en-GB", "en", "ltr"),
        ("uk", "uk", "ltr"),
        ("ar-SY", "ar", "rtl"),
        ("fa-AF", "prs", "rtl"),
        ("zh-HK", "zh-Hant", "ltr"),
        ("so", "so", "ltr"),
    ],
)
def test_button_and_chat_are_in_the_visitor_s_language(visiting: Visiting, locale: str, lang: str, side: str) -> None:
    visitor = visiting(locale=locale)
    visitor.open()
    for part in (visitor.button, visitor.panel, visitor.frame.locator("html")):
        expect(part).to_have_attribute("lang", lang)
        expect(part).to_have_attribute("dir", side)


@pytest.mark.parametrize("path", ["/", "/rtl"])
def test_the_council_s_styles_do_not_reach_button_and_panel(visitor: Visitor, path: str) -> None:
    visitor.go(path)
    button = visitor.button.bounding_box()
    visitor.button.click()
    panel = visitor.panel.bounding_box()
    assert button
    assert panel
    assert panel["width"] == 384, "24 rem of a page that leaves the root's font size alone"
    assert panel["height"] == 640
    assert panel["y"] + panel["height"] == button["y"] + button["height"] == 788
    for box in (button, panel):
        assert 1280 - box["x"] - box["width"] == 12 or (path == "/rtl" and box["x"] == 12), box
    style = "(one) => [getComputedStyle(one).letterSpacing, getComputedStyle(one).textTransform, getComputedStyle(one).fontSize]"
    assert visitor.panel.evaluate(style) == ["normal", "none", "16px"]
    visitor.page.set_viewport_size({"width": 360, "height": 640})
    assert visitor.panel.bounding_box() == {"x": 0, "y": 0, "width": 360, "height": 640}


def test_without_scripts_the_link_leads_to_the_chat(visiting: Visiting, desk: Stack) -> None:
    visitor = visiting(java_script_enabled=False)
    visitor.go()
    visitor.link.click()
    visitor.page.locator("#text").wait_for()
    assert visitor.page.url == f"{desk.url}/"
    assert visitor.complaints == []


def test_where_the_policy_forbids_the_script_the_link_stays(visiting: Visiting) -> None:
    visitor = visiting()
    visitor.go("/no-scripts")
    visitor.page.wait_for_load_state("networkidle")
    assert any("embed.js" in complaint for complaint in visitor.complaints), "the policy really forbids it"
    expect(visitor.link).to_be_visible()
    assert visitor.host.count() == 0


def test_where_the_policy_forbids_frames_the_button_leads_to_the_chat(visiting: Visiting, desk: Stack) -> None:
    visitor = visiting()
    visitor.go("/no-frames")
    visitor.button.click()
    visitor.page.wait_for_url(f"{desk.url}/")
    visitor.page.locator("#text").wait_for()
    visitor.page.go_back()
    expect(visitor.button).to_be_visible()


@pytest.mark.parametrize("path", ["/report-only", "/no-policy"])
def test_a_policy_that_only_reports_does_not_keep_the_frame_away(visiting: Visiting, path: str) -> None:
    visitor = visiting()
    visitor.open(path)
    visitor.page.wait_for_timeout(300)
    expect(visitor.panel).to_be_visible()


def test_in_a_browser_without_constructed_style_sheets_the_link_stays(visitor: Visitor) -> None:
    visitor.page.add_init_script("delete Document.prototype.adoptedStyleSheets")
    visitor.go()
    visitor.page.wait_for_load_state("networkidle")
    expect(visitor.link).to_be_visible()
    assert visitor.host.count() == 0


def test_on_a_site_that_may_not_frame_the_chat_the_link_stays(visitor: Visitor, desk: Stack) -> None:
    other = Site()
    other.desk = desk.url
    visitor.page.goto(other.url)
    visitor.page.wait_for_load_state("networkidle")
    expect(visitor.link).to_be_visible()
    assert visitor.host.count() == 0
    visitor.asked = [address for address in visitor.asked if not address.startswith(other.url)]
    other.shutdown()


@pytest.mark.parametrize("width", [320, 1280])
def test_the_sample_page_shows_the_button_and_the_line(visitor: Visitor, desk: Stack, width: int) -> None:
    visitor.page.set_viewport_size({"width": width, "height": 640})
    visitor.page.goto(f"{desk.url}/demo")
    line = (
        f'<a href="{desk.url}/" data-welcome-desk>Welcome Desk: help in your language</a><script async src="{desk.url}/embed.js"></script>'
    )
    assert line in visitor.page.locator("pre").first.inner_text()
    assert f"frame-src {desk.url}" in visitor.page.locator("pre").last.inner_text()
    visitor.button.click()
    visitor.frame.locator("#text").wait_for()
    assert visitor.page.evaluate("document.documentElement.scrollWidth") == width


def test_the_script_may_be_kept_an_hour_and_sets_no_cookie(desk: Stack) -> None:
    answer = desk.client.get("/embed.js")
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=3600"
    assert "set-cookie" not in answer.headers
    assert all(f'"{language}": {{"button"' in answer.text for language in REPLY_LANGUAGES)
