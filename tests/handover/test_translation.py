"""Translation in a handover, against a real HTTP server that speaks LibreTranslate's API: beside the original, never in its way."""

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from bot.errors import SettingsError
from bot.handover.translation import Translator


class LibreTranslate(BaseHTTPRequestHandler):
    """A stand-in: it knows English with Ukrainian, Arabic and Traditional Chinese, and "translates" by naming the languages."""

    behaviour = "well"
    asked: list[dict[str, Any]] = []

    def answer(self, body: Any, status: int = 200) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        with contextlib.suppress(BrokenPipeError):  # who asked may have given up
            self.wfile.write(data)

    def do_GET(self) -> None:
        codes = ["en", "uk", "ar", "zt"]
        self.answer([{"code": code, "name": code, "targets": codes} for code in codes])

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.asked.append(asked)
        if self.behaviour == "slow":
            time.sleep(0.5)
        if self.behaviour == "broken":
            return self.answer(b"<html>", 200)
        if self.behaviour == "refusing":
            return self.answer({"error": "no"}, 403)
        return self.answer({"translatedText": f"{asked['source']}>{asked['target']}: {asked['q']}"})

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    LibreTranslate.behaviour, LibreTranslate.asked = "well", []
    with ThreadingHTTPServer(("127.0.0.1", 0), LibreTranslate) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


def translate(url: str, text: str, source: str, target: str) -> str:
    async def work() -> str:
        translator = Translator(url)
        try:
            return await translator.translate(text, source, target)
        finally:
            await translator.close()

    return asyncio.run(work())


@pytest.mark.parametrize(
    ("source", "target", "said"), [("uk", "en", "uk>en: слово"), ("en", "zh-Hant", "en>zt: слово"), ("en", "ar", "en>ar: слово")]
)
def test_a_text_is_translated_by_the_names_that_the_server_knows(server: str, source: str, target: str, said: str) -> None:
    assert translate(server, "слово", source, target) == said


@pytest.mark.parametrize("language", ["ti", "ps", "so", "fa"])
def test_for_a_language_that_the_server_lacks_nothing_is_asked(server: str, language: str) -> None:
    assert translate(server, "word", language, "en") == ""
    assert LibreTranslate.asked == []


@pytest.mark.parametrize("behaviour", ["broken", "refusing"])
def test_whatever_the_server_does_wrong_there_is_no_translation_and_no_error(server: str, behaviour: str) -> None:
    LibreTranslate.behaviour = behaviour
    assert translate(server, "word", "uk", "en") == ""


@pytest.mark.parametrize("url", ["https://8.8.8.8", "http://no-such-host.invalid:5000"])
def test_a_server_that_is_not_the_operators_own_is_refused_at_the_start(url: str) -> None:
    with pytest.raises(SettingsError, match="of your own"):
        Translator(url)


def test_a_server_that_is_away_gives_no_translation() -> None:
    assert translate("http://127.0.0.1:9", "word", "uk", "en") == ""


def test_a_slow_server_is_not_waited_for_longer_than_the_limit(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    LibreTranslate.behaviour = "slow"
    monkeypatch.setattr("bot.handover.translation.TIMEOUT", 0.2)
    assert translate(server, "word", "uk", "en") == ""
