"""What the page costs on an old phone: bytes, requests and time to usable, per language, on a line of 50 kbit/s with half a second delay.

``python -m benchmarks.page_weight`` starts the product, lets a real Chromium open it over an emulated line and writes
``docs/page-weight.md``. Chromium delays and slows each answer; it does not add the round trips of TCP and TLS.
"""

import tempfile
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser

from bot.codes import REPLY_LANGUAGES
from bot.settings import ROOT
from tests.stack.at_the_desk import add_staff
from tests.stack.running_stack import Stack
from tests.stack.visiting import OLD_PHONE, QUESTIONS, chromium

OUT = ROOT / "docs" / "page-weight.md"
KBIT_A_SECOND = 50
DELAY_MS = 500
READ_AND_ASK_AT_MOST = 14 * 1024
"""Bytes, compressed, of the page and its style: what must be there to read and to ask."""
FIRST_VISIT_AT_MOST = 40 * 1024
USABLE_WITHIN = 5.0
"""Seconds."""
TURN_TO_TEXT_AT_MOST = 1.5
"""Bytes of a later turn over the line, at most this many times those of its text alone (UTF-8, not compressed)."""


@dataclass(frozen=True)
class Weight:
    """What one language costs: bytes as they came over the line, headers with them; seconds.

    ``read_and_ask`` is the page and its style, ``everything`` a whole first visit in ``requests``; ``usable`` is when the question can be
    read and typed; ``turn`` a later answer with scripts, ``turn_plain`` without; ``text`` the words of that answer alone, not compressed.
    """

    language: str
    read_and_ask: int
    everything: int
    requests: int
    usable: float
    turn: int
    turn_plain: int
    text: int
    elsewhere: int

    def faults(self) -> list[str]:
        """Give what is over a limit, in words."""
        over = [
            (self.read_and_ask > READ_AND_ASK_AT_MOST, f"page and style are {self.read_and_ask} bytes"),
            (self.everything > FIRST_VISIT_AT_MOST, f"a first visit is {self.everything} bytes"),
            (self.usable > USABLE_WITHIN, f"usable after {self.usable:.1f} s"),
            (self.turn > TURN_TO_TEXT_AT_MOST * self.text, f"a later turn is {self.turn} bytes for {self.text} of text"),
            (self.elsewhere > 0, f"{self.elsewhere} requests went elsewhere"),
        ]
        return [f"{self.language}: {fault}" for wrong, fault in over if wrong]


class Line:
    """A tab on a slow line, and what came over it."""

    def __init__(self, browser: Browser, url: str, scripts: bool) -> None:
        self.url = url
        self.context = browser.new_context(viewport=OLD_PHONE, java_script_enabled=scripts)  # type: ignore[arg-type]
        self.page = self.context.new_page()
        self.came: dict[str, list[Any]] = {}
        wire = self.context.new_cdp_session(self.page)
        wire.send("Network.enable")
        speed = KBIT_A_SECOND * 1000 / 8
        wire.send(
            "Network.emulateNetworkConditions",
            {"offline": False, "latency": DELAY_MS, "downloadThroughput": speed, "uploadThroughput": speed},
        )
        wire.on("Network.responseReceived", self._answered)
        wire.on("Network.loadingFinished", self._finished)

    def _answered(self, event: dict[str, Any]) -> None:
        self.came.setdefault(event["requestId"], [event["response"]["url"], event["type"], 0])

    def _finished(self, event: dict[str, Any]) -> None:
        if event["requestId"] in self.came:
            self.came[event["requestId"]][2] = int(event["encodedDataLength"])

    def bytes_of(self, *types: str) -> int:
        """Give the bytes that came, of some types of resource or of all."""
        return sum(size for _, kind, size in self.came.values() if not types or kind in types)

    def ask(self, question: str, number: int) -> None:
        self.page.fill("#text", question)
        self.page.click("#ask .send")
        self.page.locator(".exchange").nth(number).wait_for(timeout=60_000)
        self.page.wait_for_load_state("networkidle")


def measure(browser: Browser, url: str, language: str) -> Weight:
    """Open the page in a language, ask two questions, with scripts and without, and weigh what came."""
    line = Line(browser, url, scripts=True)
    line.page.goto(f"{url}/?lang={language}")
    line.page.wait_for_load_state("networkidle")
    usable = line.page.evaluate(
        "Math.max(performance.getEntriesByName('first-contentful-paint')[0].startTime,"
        " performance.getEntriesByType('navigation')[0].domInteractive) / 1000"
    )
    read_and_ask, everything, requests = line.bytes_of("Document", "Stylesheet"), line.bytes_of(), len(line.came)
    line.ask(QUESTIONS[language], 0)
    before = line.bytes_of()
    line.ask(QUESTIONS[language], 1)
    turn = line.bytes_of() - before
    text = len(line.page.locator(".exchange").last.inner_text().encode())
    elsewhere = sum(not address.startswith((url, "data:")) for address, _, _ in line.came.values())
    line.context.close()
    plain = Line(browser, url, scripts=False)
    plain.page.goto(f"{url}/?lang={language}")
    plain.ask(QUESTIONS[language], 0)
    before = plain.bytes_of()
    plain.ask(QUESTIONS[language], 1)
    turn_plain = plain.bytes_of() - before
    plain.context.close()
    return Weight(language, read_and_ask, everything, requests, usable, turn, turn_plain, text, elsewhere)


def table(weights: list[Weight]) -> str:
    """Write the figures as Markdown, each limit and the worst share of it below."""
    rows = [
        f"| {w.language} | {w.read_and_ask} | {w.everything} | {w.requests} | {w.usable:.1f} | {w.turn} | {w.turn_plain} | {w.text} |"
        for w in weights
    ]
    shares = (
        max(w.read_and_ask for w in weights) / READ_AND_ASK_AT_MOST,
        max(w.everything for w in weights) / FIRST_VISIT_AT_MOST,
        max(w.usable for w in weights) / USABLE_WITHIN,
        max(w.turn / w.text for w in weights) / TURN_TO_TEXT_AT_MOST,
    )
    return "\n".join(
        [
            "# What the page weighs",
            "",
            f"Measured {datetime.now(timezone.utc):%-d %B %Y} by `python -m benchmarks.page_weight`: a real Chromium, a screen of 360 by",
            f"640, an emulated line of {KBIT_A_SECOND} kbit/s with {DELAY_MS} ms delay. Bytes as they came, compressed, headers with them.",
            "Chromium adds no round trips for TCP and TLS: with them a first visit takes some 1.5 s longer. `tests/stack/test_weight.py`",
            "measures anew in CI and fails above the limits. A later turn is the same question asked again; its text is not compressed.",
            "",
            "| language | page and style | whole first visit | requests | usable after (s) | later turn | no scripts | its text |",
            "|---|---|---|---|---|---|---|---|",
            *rows,
            "",
            f"| limit | {READ_AND_ASK_AT_MOST} | {FIRST_VISIT_AT_MOST} | | {USABLE_WITHIN} | {TURN_TO_TEXT_AT_MOST} times its text |",
            "|---|---|---|---|---|---|",
            f"| the worst is this share of it | {shares[0]:.2f} | {shares[1]:.2f} | | {shares[2]:.2f} | {shares[3]:.2f} |",
            "",
        ]
    )


def main() -> None:
    """Measure every language and write the table."""
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        stack = Stack(Path(folder))
        # With an officer, visitors are asked whether an answer helped, which weighs something too.
        add_staff(stack, "olga", "officer")
        stack.start()
        try:
            weights = [measure(browser, stack.url, language) for language in REPLY_LANGUAGES]
        finally:
            stack.stop()
    OUT.write_text(table(weights), encoding="utf-8")
    print(table(weights))
    for fault in (fault for weight in weights for fault in weight.faults()):
        print(fault)


if __name__ == "__main__":
    main()
