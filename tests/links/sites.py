"""Sites for tests of the check of web addresses: real servers on loopback, one with a certificate of its own."""

import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Site(ThreadingHTTPServer):
    """A site that remembers what it was asked. ``pages`` gives what to do for a path; what is not there is a 404."""

    daemon_threads = True

    def __init__(self, pages: dict[str, Callable[[BaseHTTPRequestHandler], None]]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.pages = pages
        self.asked: list[tuple[str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.at: list[float] = []
        self.busy = 0
        self.busiest = 0
        self.counting = threading.Lock()

    def url(self, path: str = "/", host: str = "127.0.0.1", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.server_address[1]}{path}"


class Handler(BaseHTTPRequestHandler):
    """Answers as the site's pages say."""

    server: Site

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def answer(self) -> None:
        site = self.server
        with site.counting:
            site.busy += 1
            site.busiest = max(site.busiest, site.busy)
        site.asked.append((self.command, self.path))
        site.headers.append(dict(self.headers))
        site.at.append(time.monotonic())
        try:
            site.pages.get(self.path, status(404))(self)
        finally:
            with site.counting:
                site.busy -= 1

    def do_HEAD(self) -> None:
        self.answer()

    def do_GET(self) -> None:
        self.answer()


def status(code: int, body: str = "", **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    """Answer with a status; header names have _ for -."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(code)
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        data = body.encode()
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        if request.command == "GET":
            request.wfile.write(data)

    return answer


def only_get(code: int) -> Callable[[BaseHTTPRequestHandler], None]:
    """Answer HEAD with ``code`` and GET with 200."""
    return lambda request: status(code if request.command == "HEAD" else 200)(request)


def hangs_up(request: BaseHTTPRequestHandler) -> None:
    """Close the connection without a word."""
    request.close_connection = True


def slow(seconds: float) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(request: BaseHTTPRequestHandler) -> None:
        time.sleep(seconds)
        status(200)(request)

    return answer


def endless(request: BaseHTTPRequestHandler) -> None:
    """Answer with a body that never ends."""
    request.send_response(200)
    request.end_headers()
    try:
        while True:
            request.wfile.write(b"#" * 65536)
    except OSError:
        request.close_connection = True


@contextmanager
def running(site: Site) -> Iterator[Site]:
    thread = threading.Thread(target=site.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield site
    finally:
        site.shutdown()
        site.server_close()
        thread.join()


def certificate(folder: Path, name: str, days: int) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Make a certificate for ``name`` that ends in ``days``; give what a server uses, and what trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    ends = datetime.now(timezone.utc) + timedelta(days=days)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(ends - timedelta(days=90))
        .not_valid_after(ends)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, secret = folder / f"{name}.pem", folder / f"{name}.key"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem, secret)
    return server, ssl.create_default_context(cafile=str(pem))
