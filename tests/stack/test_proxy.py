"""The nginx configuration of ``deploy/`` before the real product, over TLS: what it passes on, what it stops, and what it writes down."""

import os
import re
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import httpx
import psutil
import pytest
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bot.keeping import PROVEN_AFTER
from bot.moments import utc_now
from bot.runner import listening
from bot.settings import ROOT, read_settings
from tests.stack.at_the_desk import DESK_OPEN, StaffClient, add_staff
from tests.stack.running_stack import Stack, free_port
from tests.stack.test_taking_over import Visitor, chat_of

HOST = "desk.example.org"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")


def a_certificate(folder: Path) -> None:
    """Write a certificate for HOST that signs itself."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    made = made.not_valid_before(utc_now() - timedelta(days=1)).not_valid_after(utc_now() + timedelta(days=2))
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
    (folder / "fullchain.pem").write_bytes(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "privkey.pem").write_bytes(pem)


class Proxy:
    """A running nginx, which takes itself for HOST."""

    def __init__(self, folder: Path, stack: Stack) -> None:
        self.folder, self.stack = folder, stack
        self.plain, self.tls = free_port(), free_port()
        a_certificate(folder)
        conf = (ROOT / "deploy" / "nginx.conf").read_text()
        for there, here in (
            ("127.0.0.1:8000", f"127.0.0.1:{stack.ports['PORT']}"),
            ("listen 80;", f"listen 127.0.0.1:{self.plain};"),
            ("listen 443 ssl", f"listen 127.0.0.1:{self.tls} ssl"),
            (f"/etc/letsencrypt/live/{HOST}", str(folder)),
            ("/var/log/nginx/welcome-desk.log", str(folder / "error.log")),
            ("root /var/www/html;", f"root {folder}/certbot;"),
            ("/var/lib/welcome-desk/var/away;", f"{stack.folder}/var/away;"),
        ):
            assert there in conf, there
            conf = conf.replace(there, here)
        conf = re.sub(r"^\s*listen \[::\].*\n", "", conf, flags=re.M)
        temporary = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (folder / "site.conf").write_text(conf)
        # As root it would else give its work to a user who may not write here.
        user = "user root;" if os.geteuid() == 0 else ""
        main = f"{user} pid {folder}/pid; error_log {folder}/main.log; events {{}}"
        (folder / "nginx.conf").write_text(f"{main}\nhttp {{ {temporary} include {folder}/site.conf; }}\n")
        assert NGINX
        self.command = [NGINX, "-p", str(folder), "-c", str(folder / "nginx.conf")]
        checked = subprocess.run([*self.command, "-t"], capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stderr
        self.process = subprocess.Popen([*self.command, "-g", "daemon off;"])
        self.client = httpx.Client(
            base_url=f"https://127.0.0.1:{self.tls}", verify=False, trust_env=False, timeout=30, headers={"Host": HOST}
        )
        limit = time.monotonic() + 10
        while time.monotonic() < limit:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.tls)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError((folder / "main.log").read_text())

    def a_client(self) -> httpx.Client:
        """Give a browser of one's own."""
        where = f"https://127.0.0.1:{self.tls}"
        return httpx.Client(base_url=where, verify=False, trust_env=False, timeout=30, headers={"Host": HOST})

    def raw(self) -> ssl.SSLSocket:
        """Open a connection of one's own."""
        context = ssl.create_default_context(cafile=str(self.folder / "fullchain.pem"))
        return context.wrap_socket(socket.create_connection(("127.0.0.1", self.tls), 30), server_hostname=HOST)

    def stop(self) -> None:
        self.client.close()
        self.process.terminate()
        self.process.wait(10)


@pytest.fixture(scope="module")
def proxy(prepared: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    settings = {"TRUSTED_PROXIES": "127.0.0.1", "PUBLIC_URL": f"https://{HOST}", "ADDRESS_LIMIT": "40/minute"}
    stack = Stack(tmp_path_factory.mktemp("behind"), {**DESK_OPEN, **settings})
    add_staff(stack, "anna")
    stack.start()
    running = Proxy(tmp_path_factory.mktemp("nginx"), stack)
    yield running
    running.stop()
    assert stack.stop() == 0


def test_a_visitor_is_answered_over_tls_and_only_there(proxy: Proxy) -> None:
    answer = proxy.client.post("/api/v1/chat", json={"text": "where is there food in Ely"})
    assert answer.status_code == 200
    assert answer.json()["understood"]["topic"] == "food"
    page = proxy.client.get("/")
    assert page.headers["strict-transport-security"].startswith("max-age=")
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert "server" not in page.headers or "/" not in page.headers["server"]
    plain = httpx.get(f"http://127.0.0.1:{proxy.plain}/directory?lang=uk", headers={"Host": HOST}, trust_env=False)
    assert (plain.status_code, plain.headers["location"]) == (308, f"https://{HOST}/directory?lang=uk")


def test_the_certificate_can_be_renewed_while_the_proxy_runs(proxy: Proxy) -> None:
    asked = proxy.folder / "certbot" / ".well-known" / "acme-challenge" / "a-token"
    asked.parent.mkdir(parents=True)
    asked.write_text("what certbot was told to show")
    where = f"http://127.0.0.1:{proxy.plain}/.well-known/acme-challenge/"
    shown = httpx.get(f"{where}a-token", headers={"Host": HOST}, trust_env=False)
    assert (shown.status_code, shown.text) == (200, "what certbot was told to show")
    assert httpx.get(f"{where}another", headers={"Host": HOST}, trust_env=False).status_code == 404
    # Who asks for what is not there is written down by nginx where nothing else is said.
    assert b"127.0.0.1" not in b"".join(path.read_bytes() for path in proxy.folder.glob("*.log"))


def test_no_message_is_sent_into_a_connection_that_the_front_door_is_closing() -> None:
    upstream = re.search(r"upstream welcome_desk \{(.*?)\}", (ROOT / "deploy" / "nginx.conf").read_text(), re.S)
    assert upstream is not None
    kept = re.search(r"keepalive_timeout (\d+)s;", upstream[1])
    assert kept is not None, "nginx keeps idle connections for a minute otherwise"
    assert int(kept[1]) < uvicorn.Config("app", **listening(read_settings())).timeout_keep_alive


def test_staffs_cookie_is_for_tls_alone(proxy: Proxy) -> None:
    cookies = StaffClient(proxy.stack, "anna", client=proxy.a_client()).signed_in.headers.get_list("set-cookie")
    assert cookies
    assert all("Secure" in cookie and "HttpOnly" in cookie for cookie in cookies)


def test_what_staff_write_comes_through_at_once(proxy: Proxy) -> None:
    anna = StaffClient(proxy.stack, "anna", client=proxy.a_client())
    anna.beat()
    visitor = Visitor(proxy.stack, "I need help with housing in Ely")
    chat = chat_of(anna, visitor.wait())
    headers = {**visitor.bearer, "Accept": "text/event-stream"}
    with proxy.client.stream("GET", "/api/v1/chat/events?after=0", headers=headers) as events:
        lines = events.iter_lines()
        next(lines)
        anna.act(chat, "text", text="Hello from the library")
        assert any("Hello from the library" in line for line in lines)


def test_each_machine_behind_the_proxy_is_counted_for_itself_and_none_can_lie_about_its_address(proxy: Proxy) -> None:
    codes = [
        proxy.client.post("/api/v1/chat", json={"text": "hello"}, headers={"X-Forwarded-For": f"192.0.2.{number}"}).status_code
        for number in range(60)
    ]
    assert 429 in codes, "forged addresses were believed"


def test_a_huge_body_is_turned_away_before_it_reaches_the_product(proxy: Proxy) -> None:
    assert proxy.client.post("/api/v1/chat", content=b"x" * 200_000).status_code == 413
    assert proxy.client.post("/officer/files", content=b"x" * 200_000).status_code != 413


def test_who_sends_slowly_is_cut_off(proxy: Proxy) -> None:
    started = time.monotonic()
    with proxy.raw() as slow:
        slow.sendall(f"POST /api/v1/chat HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 1000\r\n\r\n{{".encode())
        slow.settimeout(60)
        told = slow.recv(1000)
    assert b"408" in told or told == b""
    assert 5 < time.monotonic() - started < 40


def test_many_that_send_nothing_keep_nobody_out(proxy: Proxy) -> None:
    idle = [proxy.raw() for _ in range(200)]
    answer = proxy.client.get("/directory")
    for connection in idle:
        connection.close()
    assert answer.status_code == 200


def test_readiness_is_told_to_this_machine_alone(proxy: Proxy) -> None:
    assert proxy.client.get("/readyz").status_code == 200
    rules = re.search(r"location = /readyz \{(.*?)\}", (ROOT / "deploy" / "nginx.conf").read_text(), re.S)
    assert rules is not None
    assert "deny all" in rules[1]


def test_the_proxy_writes_down_neither_words_nor_addresses(proxy: Proxy) -> None:
    proxy.client.post("/api/v1/chat", json={"text": "zanzibarquux in Ely"})
    big = "zanzibarquux " * 70
    thread = threading.Thread(target=lambda: proxy.client.post("/", data={"text": big, "lang": "en"}))
    thread.start()
    thread.join(30)
    kept = {path.name: path.read_bytes() for path in proxy.folder.rglob("*") if path.is_file()}
    assert [name for name, data in kept.items() if b"zanzibarquux" in data] == []
    assert b"127.0.0.1" not in kept.get("error.log", b"")


def test_while_no_front_door_answers_there_are_numbers_and_the_directory_and_then_all_is_as_before(proxy: Proxy) -> None:
    assert proxy.stack.process is not None
    product = psutil.Process(proxy.stack.process.pid)
    # What ends before it has run for a while is not started again (bot.keeping).
    youngest = max(process.create_time() for process in product.children(recursive=True))
    time.sleep(max(0.0, PROVEN_AFTER + 5 - (time.time() - youngest)))
    for process in product.children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            watcher = process.cmdline()[-3:] == ["-m", "bot", "web"]
            if watcher:
                for one in (*process.children(recursive=True), process):
                    one.kill()
    for ask in (lambda: proxy.client.get("/"), lambda: proxy.client.post("/api/v1/chat", json={"text": "food in Ely"})):
        answer = ask()
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "30"
        assert 'href="tel:999"' in answer.text
        assert "Ely Foodbank" in answer.text
    left = proxy.client.post("/leave", data={"session": ""}, follow_redirects=False)
    assert (left.status_code, left.headers["location"]) == (303, "https://www.bbc.co.uk/weather")
    proxy.stack.wait_ready()
    page = proxy.client.get("/")
    assert (page.status_code, "data-chat" in page.text) == (200, True)
