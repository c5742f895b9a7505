"""What comes over the wire: two lengths, giant heads and bodies, deep JSON, foreign hosts, line breaks in headers; and what goes back."""

import socket
import time
import tracemalloc
from urllib.parse import quote, urlsplit

import httpx
import pytest

from bot.runner import LARGEST_HEAD
from tests.security.conftest import Front, Signed, Visitor

PROBLEM = "application/problem+json"


def connected(front: Front, wait: float) -> socket.socket:
    address = urlsplit(front.url)
    return socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=wait)


def raw(front: Front, content: bytes, wait: float = 10.0) -> bytes:
    """Send bytes as they are and give all that comes back until the other side closes or is silent."""
    got = b""
    with connected(front, wait) as connection:
        try:
            connection.sendall(content)
            while part := connection.recv(65536):
                got += part
        except (TimeoutError, ConnectionError):
            pass
    return got


HIDDEN = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
BOTH = b"POST /api/v1/chat HTTP/1.1\r\nHost: a\r\n%sContent-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"


@pytest.mark.parametrize(
    "head",
    [
        BOTH % (b"", 5 + len(HIDDEN)),
        b"POST /api/v1/chat HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: %d\r\n\r\n" % len(HIDDEN),
        b"POST /api/v1/chat HTTP/1.1\r\nHost: a\r\nContent-Length: +0\r\n\r\n",
        b"POST /api/v1/chat HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST /api/v1/chat HTTP/1.1\r\nHost: a\r\nContent-Length : 0\r\n\r\n",
        b"POST /api/v1/chat HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"POST /api/v1/chat HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        b"POST /api/v1/chat HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nBad header\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01",
    ],
    ids=range(13),
)
def test_a_request_that_two_readers_could_part_differently_is_refused_with_all_that_follows(front: Front, head: bytes) -> None:
    got = raw(front, head + HIDDEN, wait=3)
    assert got.startswith(b"HTTP/1.1 400 ") or got == b"", got[:200]
    assert got.count(b"HTTP/1.1") <= 1, "what was hidden behind it is answered"
    assert b"alive" not in got


def test_two_requests_on_one_connection_are_two(front: Front) -> None:
    assert raw(front, HIDDEN + HIDDEN, wait=1).count(b'{"alive":true}') == 2


def test_a_head_of_any_size_is_not_taken_into_memory(front: Front) -> None:
    sent = 0
    with connected(front, 10) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nX: ")
        with pytest.raises(ConnectionError):
            while sent < 50 * 1024 * 1024:
                connection.sendall(b"a" * 65536)
                sent += 65536
                time.sleep(0.001)
    assert sent < 20 * 1024 * 1024
    assert raw(front, b"GET /" + b"a" * (2 * LARGEST_HEAD) + b" HTTP/1.1\r\nHost: a\r\n\r\n", wait=3).startswith((b"HTTP/1.1 400", b""))
    assert front.stranger.get("/healthz").status_code == 200


BODIES = [
    ("/api/v1/chat", 64 * 1024),
    ("/api/v1/chat/reference", 64 * 1024),
    ("/", 512 * 1024),
    ("/directory", 512 * 1024),
    ("/code", 512 * 1024),
    ("/take", 512 * 1024),
    ("/staff/sign-in", 512 * 1024),
]


@pytest.mark.parametrize(("path", "size"), BODIES)
def test_a_large_body_is_refused_before_all_of_it_is_read(front: Front, path: str, size: int) -> None:
    def parts() -> object:
        for _ in range(2000):
            yield b"a" * 65536

    kind = "application/json" if path.startswith("/api") else "application/x-www-form-urlencoded"
    tracemalloc.start()
    try:
        answer = front.stranger.post(path, content=parts(), headers={"content-type": kind})  # type: ignore[arg-type]
        status = answer.status_code
    except httpx.TransportError:
        status = 413  # the connection was closed while we were still sending
    finally:
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert status == 413
    assert most < 32 * 1024 * 1024
    told = front.stranger.post(path, content=b"a" * size, headers={"content-type": kind})
    assert told.status_code == 413


def test_a_form_of_more_fields_than_any_page_has_is_refused(front: Front, anna: Signed, olga: Signed) -> None:
    many = {f"f{number}": "x" for number in range(2000)}
    for client, path in ((front.stranger, "/"), (anna.client, "/staff"), (olga.client, "/officer/check")):
        answer = client.post(path, data={**many, "csrf": anna.csrf})
        assert answer.status_code in (400, 403, 413), path
    parts = {f"f{number}": (f"{number}.txt", b"x") for number in range(1200)}
    assert front.stranger.post("/", files=parts).status_code in (400, 413)


DEEP = [
    b"[" * 8000,
    b'{"a":' * 3000,
    b'{"text":' + b"[" * 7000 + b"]" * 7000 + b"}",
    b'{"text": 1e99999}',
    b"9" * 8000,
    b'"' + b"\\u0000" * 2000,
]


@pytest.mark.parametrize("path", ["chat", "chat/feedback", "chat/callback", "chat/reference"])
@pytest.mark.parametrize("content", DEEP, ids=range(len(DEEP)))
def test_deep_and_odd_json_is_a_problem_and_no_fault(front: Front, path: str, content: bytes) -> None:
    headers = {"content-type": "application/json", "Authorization": "Bearer nobody"}
    answer = front.stranger.post(f"/api/v1/{path}", content=content, headers=headers)
    assert answer.status_code in (400, 404, 422), answer.text
    assert answer.headers["content-type"] == PROBLEM


@pytest.mark.parametrize(
    "kind",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=" + "x" * 500,
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded; charset=utf-7",
        "application/x-www-form-urlencoded; charset=no-such",
        "text/plain",
        "",
    ],
)
@pytest.mark.parametrize(
    "content", [b"", b"--x\r\n", b"--x\r\nContent-Disposition: form-data\r\n\r\n\r\n--x--", b"a=%ff%fe&b=%", b"\xff" * 100]
)
def test_a_form_that_is_none_is_refused_or_empty_and_no_fault(front: Front, anna: Signed, kind: str, content: bytes) -> None:
    for client, path in (
        (front.stranger, "/"),
        (front.stranger, "/code"),
        (front.stranger, "/staff/sign-in"),
        (anna.client, "/staff/here"),
    ):
        answer = client.post(path, content=content, headers={"content-type": kind})
        assert answer.status_code < 500, (path, kind, content)


HUGE = "9" * 30


@pytest.mark.parametrize(
    "path",
    [
        f"/staff/chat/{HUGE}",
        f"/officer/history/{HUGE}",
        "/staff/chat/" + "9" * 5000,
        "/officer/history/" + "9" * 5000,
        "/officer/files/%00",
        "/officer/service/%00",
        "/officer/letter/%00",
        "/officer/service/%F0%9F%99%82",
        "/officer/history?kind=service&key=%00&batch=%00",
        f"/officer/records?kind=service&page={HUGE}",
        "/officer/records?kind=%00&words=%00",
        "/officer/phrases/%00",
        "/officer/translations/pl/messages/%00",
        "/officer/insights?weeks=%00&what=%00",
        "/take/%00",
        "/take/" + "a-" * 3000,
        "/?lang=%00",
        "/still?ticket=%00",
        "/openreferral/services?page=" + HUGE,
        "/openreferral/services/%00",
        "/api/v1/chat/events?after=" + HUGE,
    ],
    ids=range(21),
)
def test_an_odd_address_is_not_found_and_no_fault(front: Front, path: str) -> None:
    who = front.people["anna" if path.startswith("/staff") else "olga"]
    answer = who.client.get(path, headers={"Authorization": "Bearer nobody"})
    assert answer.status_code < 500, answer.text


@pytest.mark.parametrize("path", [f"/staff/chat/{HUGE}", f"/officer/history/{HUGE}", f"/officer/wordings/{HUGE}", f"/officer/files/{HUGE}"])
def test_a_form_about_a_number_that_no_database_holds_is_no_fault(front: Front, path: str) -> None:
    who = front.people["anna" if path.startswith("/staff") else "olga"]
    for do in ("claim", "close", "approve", "import", "text"):
        answer = who.post(path, do=do, text="x", outcome="other", base=HUGE[:12])
        assert answer.status_code < 500, (do, answer.text)


@pytest.mark.parametrize("field", ["seen", "number", "report", "heard", "version", "base"])
def test_numbers_of_other_scripts_and_sizes_in_forms_are_no_fault(front: Front, olga: Signed, anna: Signed, field: str) -> None:
    visitor = Visitor(front)
    number = visitor.be_taken()
    for value in ("²", "٣", "9" * 400, "-1", "1e3", "\x00"):
        assert visitor.page(**{field: value}).status_code < 500
        assert anna.post(f"/staff/chat/{number}", **{"do": "close", "outcome": "other", field: value}).status_code < 500
        for path in ("/officer/wrong", "/officer/approvals", "/officer/feedback", "/officer/wordings/bring-back", "/officer/service/new"):
            assert olga.post(path, **{"do": "approve", field: value}).status_code < 500, (path, value)


# ---- What goes back

PERSONAL = ["/", "/said", "/directory", "/code", "/take", "/ended"]


def test_no_cache_keeps_a_page_with_somebodys_words(front: Front, anna: Signed, olga: Signed) -> None:
    visitor = Visitor(front)
    number = visitor.be_taken()
    answers = [visitor.page(path) for path in PERSONAL] + [visitor.say("hello"), visitor.page("/said", action="file")]
    answers.append(front.stranger.get("/api/v1/chat/events", headers={"Authorization": f"Bearer {visitor.session}"}))
    answers += [anna.get(path) for path in ("/staff", "/staff/queue", f"/staff/chat/{number}", f"/staff/chat/{number}?part=1")]
    answers += [olga.get(path) for path in ("/officer", "/officer/history", "/officer/files/directory.zip", "/officer/feedback")]
    for answer in answers:
        assert answer.headers["cache-control"] == "no-store", answer.url
        assert "etag" not in answer.headers
        assert "last-modified" not in answer.headers


def test_every_page_says_what_it_may_load_and_who_may_frame_it(front: Front, anna: Signed, olga: Signed) -> None:
    answers = [front.stranger.get(path) for path in ("/", "/directory", "/demo", "/static/desk.js", "/no-such", "/api/v1/openapi.json")]
    answers += [
        front.stranger.get("/openreferral/services"),
        front.stranger.get("/staff/sign-in"),
        anna.get("/staff"),
        olga.get("/officer"),
    ]
    answers += [front.stranger.post("/", content=b"a" * 300_000), front.stranger.post("/officer/files")]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert "form-action 'self'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        inner = answer.url.path.startswith(("/staff", "/officer"))
        assert ("frame-ancestors 'none'" in policy) is inner, answer.url
        assert answer.headers["referrer-policy"] == ("same-origin" if inner else "no-referrer")
        assert "server" not in answer.headers


def test_a_host_that_a_stranger_names_gets_into_nobodys_page_but_their_own(front: Front) -> None:
    """The host of a request is believed only where PUBLIC_URL is not set; then no answer with it may be kept by a cache."""
    named = {"Host": "evil.example"}
    for path in (
        "/",
        "/directory",
        "/privacy",
        "/accessibility",
        "/demo",
        "/embed.js",
        "/openreferral/services",
        "/leave",
        "/staff/sign-in",
    ):
        answer = front.stranger.get(path, headers=named)
        if "evil.example" in answer.text or "evil.example" in answer.headers.get("location", ""):
            assert answer.headers["cache-control"] == "no-store", path


def test_with_a_public_address_no_link_holds_another_host(front: Front, anna: Signed, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    pipeline = front.app.state.pipeline
    monkeypatch.setattr(pipeline, "settings", replace(pipeline.settings, public_url="https://desk.example.org"))
    visitor = Visitor(front)
    number = visitor.be_taken()
    shown = "-".join(service.id[:8] for service in pipeline.live.current().services[:2])
    named = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}
    pages = [f"/take/{shown}", f"/take/{shown}.svg", "/demo", "/accessibility", "/", "/openreferral/services?per_page=2", "/embed.js"]
    for answer in [front.stranger.get(path, headers=named) for path in pages] + [anna.get(f"/staff/chat/{number}", headers=named)]:
        assert answer.status_code == 200, answer.url
        assert "evil.example" not in answer.text, answer.url
    assert "desk.example.org" in front.stranger.get(f"/take/{shown}", headers=named).text


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: x=1", "a\nX-Injected: 1", "%0d%0aX-Injected:%201", "a\u2028b", "\x00"])
def test_what_is_typed_makes_no_header(front: Front, olga: Signed, value: str) -> None:
    answers = [
        front.stranger.get("/", params={"lang": value}),
        front.stranger.post("/", data={"page_language": value, "action": "show"}),
        front.stranger.get(f"/take/{httpx.URL('', params={'x': value}).query.decode()[2:]}.svg"),
        front.stranger.post("/leave", data={"session": value, "page_language": value}),
        olga.post("/officer/wordings/1", do="approve", back=f"/officer/{value}"),
        olga.post("/officer/wordings/bring-back", back=f"/officer/{value}", domain=value),
        olga.post("/officer/translations/pl/sheet", domain=value, all=value),
        olga.post("/officer/records", kind=value, words=value, page=value),
        olga.post("/officer/files", files={"file": (f"{value}.csv", b"x")}),
        olga.get("/officer/files/directory.zip", params={"x": value}),
    ]
    for answer in answers:
        assert "x-injected" not in answer.headers, answer.url
        assert "x=1" not in answer.headers.get("set-cookie", ""), answer.url
        assert answer.status_code < 500, answer.url


ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/officer/..//evil.example",
    "/officer/\\evil.example",
    "/officer/\t//evil.example",
    "https:evil.example",
    "javascript:alert(1)",
    "/officer//evil.example",
    "/officer/@evil.example",
]


@pytest.mark.parametrize("goal", ELSEWHERE)
def test_nothing_that_is_typed_leads_to_another_site(front: Front, olga: Signed, anna: Signed, goal: str) -> None:
    sent = [
        olga.post("/officer/wordings/1", do="approve", back=goal),
        olga.post("/officer/wordings/approve", version="1", back=goal),
        olga.post("/officer/wordings/bring-back", domain="messages", language="pl", key="page.send", version="0", back=goal),
        anna.post("/staff/wrong/report", kind="service", about="x", back=goal, next=goal),
        front.stranger.post("/staff/sign-in", data={"username": "x", "password": "y", "next": goal, "back": goal}),
        front.stranger.get("/staff/queue", params={"next": goal}),
        front.stranger.post("/leave", data={"goal": goal, "leave_to": goal, "page_language": "en"}),
        front.stranger.get("/leave", params={"goal": goal}),
        front.stranger.get(f"{front.url}/{quote(goal)}"),
    ]
    for answer in sent:
        location = answer.headers.get("location", "")
        leads = httpx.URL(front.url).join(location)
        assert leads.host in (httpx.URL(front.url).host, "www.bbc.co.uk"), (answer.url, location)
        assert f'href="{goal}"' not in answer.text or goal.startswith("/officer/"), answer.url


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2fapp.py",
        "/static/%2e%2e%2fapp.py",
        "/static/....//app.py",
        "/static//etc/passwd",
        "/static/%00desk.css",
        "/static/..%5capp.py",
        "/static/" + "../" * 12 + "etc/passwd",
        "/take/..%2f..%2fapp.svg",
        "/officer/translations/files/pl/..%2f..%2fen%2fmessages.po",
        "/officer/translations/files/..%2fen/messages.po",
        "/officer/translations/files/en/../../../../pyproject.po",
        "/officer/translations/..%2f../messages/x",
        "/officer/files/..%2f..%2fcallback.key",
        "/officer/files/directory.%2e%2e%2fcallback.key",
        "/officer/insights/..%2f..%2fx.csv",
        "/officer/letter/..%2f..%2fcallback.key",
        "/openreferral/services/..%2f..%2fx",
    ],
)
def test_no_address_reaches_a_file_outside_its_folder(front: Front, olga: Signed, path: str) -> None:
    request = b"GET " + path.encode() + b" HTTP/1.1\r\nHost: a\r\nCookie: desk=" + olga.token.encode() + b"\r\nConnection: close\r\n\r\n"
    got = raw(front, request)
    head, _, body = got.partition(b"\r\n\r\n")
    assert head.split(b"\r\n")[0].split()[1] in (b"404", b"303", b"405", b"200"), head
    for secret in (b"The front door as an ASGI", b"root:x:", b"[project]", b"msgid"):
        assert secret not in body
    if b" 200 " in head.split(b"\r\n")[0]:
        assert b"application/zip" in head or b"text/html" in head
