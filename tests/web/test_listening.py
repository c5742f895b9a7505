"""Connections that ask nothing, ask slowly or never end: cut off over real sockets, while others are answered."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from bot.runner import listening
from bot.settings import read_settings
from bot.web import listening as limits
from tests.serving import served


async def echo(request: Request) -> PlainTextResponse:
    return PlainTextResponse((await request.body()).decode() or "nothing")


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, int]]:
    monkeypatch.setattr(limits, "ASKS_WITHIN", 1.0)
    monkeypatch.setattr(limits, "SAYS_ALL_WITHIN", 2.0)
    monkeypatch.setattr(limits, "MOST_SILENT", 20)
    app = Starlette(routes=[Route("/", echo, methods=["GET", "POST"])])
    with served(app, **{**listening(read_settings({})), "port": 0}) as url:
        parts = urlsplit(url)
        assert parts.hostname
        assert parts.port
        yield parts.hostname, parts.port


def said_until_closed(line: socket.socket, within: float = 15.0) -> bytes:
    """Read until the other side closes or cuts the line; fails where it does neither."""
    line.settimeout(within)
    heard = b""
    try:
        while part := line.recv(1000):
            heard += part
    except ConnectionResetError:
        pass
    return heard


@pytest.mark.parametrize("begun", [b"", b"POST / HTTP/1.1\r\nHost: x\r\n"], ids=["nothing", "half a head"])
def test_whoever_does_not_say_what_it_wants_is_cut_off(address: tuple[str, int], begun: bytes) -> None:
    with socket.create_connection(address) as line:
        line.sendall(begun)
        assert said_until_closed(line) == b""


def test_more_of_the_same_gives_no_more_time(address: tuple[str, int]) -> None:
    with socket.create_connection(address) as line:
        line.sendall(b"GET / HTTP/1.1\r\n")
        with pytest.raises(OSError, match=r"reset|pipe"):
            for number in range(100):
                line.sendall(b"X-%d: y\r\n" % number)
                time.sleep(0.1)


def test_a_body_that_never_ends_is_cut_off(address: tuple[str, int]) -> None:
    with socket.create_connection(address) as line:
        line.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
        with pytest.raises(OSError, match=r"reset|pipe"):
            for _ in range(100):
                line.sendall(b"x")
                time.sleep(0.1)


def test_a_request_that_takes_its_time_within_the_limits_is_answered_and_another_one_after_it(
    address: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "ASKS_WITHIN", 3.0)
    monkeypatch.setattr(limits, "SAYS_ALL_WITHIN", 30.0)
    with socket.create_connection(address) as line:
        for _ in range(2):
            line.sendall(b"POST / HTTP/1.1\r\nHost: x\r\n")
            time.sleep(0.3)
            line.sendall(b"Content-Length: 4\r\n\r\nab")
            time.sleep(3.5)
            line.sendall(b"cd")
            heard = b""
            while not heard.endswith(b"abcd"):
                part = line.recv(1000)
                assert part, heard
                heard += part
            assert heard.startswith(b"HTTP/1.1 200")


def test_a_connection_that_was_used_is_not_kept_half_open_either(address: tuple[str, int]) -> None:
    with socket.create_connection(address) as line:
        line.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        heard = b""
        while b"nothing" not in heard:
            part = line.recv(1000)
            assert part, heard
            heard += part
        line.sendall(b"GET / HT")
        assert said_until_closed(line) == b""


def test_of_too_many_silent_ones_the_oldest_go_and_others_are_answered(address: tuple[str, int]) -> None:
    with ExitStack() as held:
        lines = [held.enter_context(socket.create_connection(address)) for _ in range(60)]
        host, port = address
        assert httpx.get(f"http://{host}:{port}/", trust_env=False).text == "nothing"
        for line in lines[:30]:
            assert said_until_closed(line, 0.5) == b""
