"""A council that signs people in: a provider from a package in a process of its own, and a gateway before it that can lie and be away."""

import base64
import hashlib
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from joserfc import jwk, jwt
from sqlalchemy.engine import Engine
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from bot.handover.accounts import Session
from bot.handover.callback import Vault
from bot.handover.identities import Identities
from bot.settings import ROOT, read_settings
from bot.sharing.limiter import Limiter
from bot.sharing.memory import SharedMemory
from bot.switches.off_switches import OffSwitches
from bot.web.app import SafetyHeaders
from bot.web.limits import RateLimits
from bot.web.live import Live
from bot.web.rendering import STATIC
from bot.web.staff import council_door, door
from bot.web.staff.council import open_council
from tests.builders import a_desk, the_catalogues
from tests.serving import served
from tests.stack.running_stack import free_port

PROVIDER = ROOT / "tests" / "provider" / ".venv" / "bin" / "oidc-provider-mock"
CLIENT, SECRET = "welcome-desk", "a secret of the council"
STAFF_ROLE, OFFICER_ROLE = "Desk.Staff", "Desk.Officer"
KEY = jwk.RSAKey.generate_key(2048, {"kid": "of the gateway", "use": "sig"})
"""What the gateway signs with when it changes a token."""
UNSAFE = httpx.create_ssl_context(verify=False)
"""For clients here, which never leave this machine: reading the authorities' certificates takes its time."""
Json = dict[str, Any]


def as_it_is(found: Json) -> Json:
    return found


class Gateway:
    """Passes everything on to the provider and back; ``metadata``, ``claims`` and ``token`` may change what the provider says.

    ``header`` and ``key`` are what a changed token is signed with (nothing where the key is None). It checks the proof key (PKCE), which
    the provider does not, and keeps what it was asked. At the paths in ``broken`` it does not work.
    """

    def __init__(self, provider: str) -> None:
        self._client = httpx.AsyncClient(base_url=provider, timeout=10, trust_env=False, verify=UNSAFE)
        self._challenges: dict[str, str] = {}
        self.url = ""
        self.be_honest()
        self.app = Starlette(routes=[Route("/{path:path}", self._pass_on, methods=["GET", "POST", "PUT"])])

    def be_honest(self) -> None:
        """Change nothing any more, and forget what was asked."""
        self.metadata: Callable[[Json], Json] = as_it_is
        self.claims: Callable[[Json], Json] | None = None
        self.token: Callable[[Json], Json] = as_it_is
        self.header: Json = {"alg": "RS256", "kid": "of the gateway"}
        self.key: Any = KEY
        self.asked: list[str] = []
        self.authorizations: list[dict[str, str]] = []
        self.broken: tuple[str, ...] = ()

    def knows(self, subject: str, **claims: Any) -> None:
        """Let the council know somebody."""
        httpx.put(f"{self.url}/users/{subject}", json=claims, trust_env=False, verify=UNSAFE).raise_for_status()

    async def _pass_on(self, request: Request) -> Response:
        path = f"/{request.path_params['path']}"
        self.asked.append(path)
        if path in self.broken:
            return Response("away", 503)
        if path == "/jwks" and self.claims:
            return JSONResponse({"keys": [KEY.as_dict(private=False)]})
        body = await request.body()
        if path == "/oauth2/token":
            given = {name: values[0] for name, values in parse_qs(body.decode()).items()}
            digest = hashlib.sha256(given.get("code_verifier", "").encode()).digest()
            if self._challenges.get(given["code"]) != base64.urlsafe_b64encode(digest).rstrip(b"=").decode():
                return JSONResponse({"error": "invalid_grant"}, 400)
        headers = {name: value for name, value in request.headers.items() if name not in ("content-length", "accept-encoding")}
        answer = await self._client.request(request.method, path, params=request.url.query, content=body, headers=headers)
        if path == "/oauth2/authorize":
            asked = dict(request.query_params)
            self.authorizations.append(asked)
            code = parse_qs(urlsplit(answer.headers.get("location", "")).query).get("code")
            if code and asked.get("code_challenge_method") == "S256":
                self._challenges[code[0]] = asked["code_challenge"]
        if path == "/.well-known/openid-configuration":
            return JSONResponse(self.metadata(answer.json()))
        if path == "/oauth2/token" and answer.status_code == 200:
            return JSONResponse(self.token(self._signed_again(answer.json())))
        kept = {name: value for name, value in answer.headers.items() if name in ("location", "content-type")}
        return Response(answer.content, answer.status_code, kept)

    def _signed_again(self, answer: Json) -> Json:
        if self.claims is None:
            return answer
        payload = answer["id_token"].split(".")[1]
        said = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        if self.key is None:
            unsigned = [
                base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (self.header, self.claims(said))
            ]
            return {**answer, "id_token": ".".join([*unsigned, ""])}
        return {**answer, "id_token": jwt.encode(self.header, self.claims(said), self.key, algorithms=[self.header["alg"]])}


@contextmanager
def a_council() -> Iterator[Gateway]:
    """Start a provider and a gateway to it; gives the gateway, which is honest at first."""
    port = free_port()
    with subprocess.Popen([PROVIDER, "--port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as provider:
        try:
            gateway = Gateway(f"http://127.0.0.1:{port}")
            _wait_for(f"http://127.0.0.1:{port}/", provider)
            with served(gateway.app) as gateway.url:
                yield gateway
        finally:
            provider.terminate()


def _wait_for(address: str, process: "subprocess.Popen[bytes]") -> None:
    limit = time.monotonic() + 60
    while time.monotonic() < limit:
        assert process.poll() is None, "the provider ended: scripts/set_up.py installs it"
        try:
            httpx.get(address, trust_env=False, verify=UNSAFE)
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the provider did not start")


def council_settings(issuer: str, public_url: str, **more: str) -> dict[str, str]:
    """Give the variables with which an operator sets up the council's sign-in."""
    return {
        "OIDC_ISSUER": issuer,
        "OIDC_CLIENT_ID": CLIENT,
        "OIDC_CLIENT_SECRET": SECRET,
        "OIDC_STAFF_ROLE": STAFF_ROLE,
        "OIDC_OFFICER_ROLE": OFFICER_ROLE,
        "PUBLIC_URL": public_url,
        **more,
    }


async def nothing_new() -> None:
    """Take in what officers have saved: nothing."""


def a_door(engine: Engine, folder: Path, environment: dict[str, str]) -> Starlette:
    """Staff's door as it is, before a page that only says who came in; ``folder`` is VAR_DIR."""

    async def inside(request: Request, who: Session) -> Response:
        return Response(f"{who.member.username} is {who.member.name}, {who.member.role}; {who.csrf}")

    settings = read_settings({**environment, "VAR_DIR": str(folder)})
    app = Starlette(
        routes=[
            *door.routes,
            *council_door.routes,
            Route("/staff", door.signed_in(inside)),
            Mount("/static", StaticFiles(directory=STATIC)),
        ]
    )
    app.add_middleware(SafetyHeaders, frame_ancestors="'none'")
    app.state.pipeline = SimpleNamespace(
        desk=a_desk(engine, folder),
        catalogues=the_catalogues(),
        settings=settings,
        refresh=nothing_new,
        off_switches=OffSwitches(engine),
    )
    app.state.live = Live()
    app.state.health = SimpleNamespace(faults=list)
    app.state.limits = RateLimits(settings, Limiter(SharedMemory("", ""), b""))
    app.state.council = open_council(settings, Identities(engine), Vault(folder))
    app.state.signing_in = None
    return app


class Door:
    """The door, running; ``environment`` adds to or replaces what sets up the council's sign-in."""

    def __init__(self, engine: Engine, folder: Path, issuer: str, **environment: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.app = a_door(engine, folder, council_settings(issuer, self.url, **environment))

    @contextmanager
    def open(self) -> Iterator["Door"]:
        with served(self.app, self.port):
            yield self


class Arrival:
    """Somebody's browser over HTTP, which keeps cookies and follows nothing by itself."""

    def __init__(self, door: Door) -> None:
        self.client = httpx.Client(base_url=door.url, timeout=20, trust_env=False, verify=UNSAFE)

    def begin(self) -> httpx.Response:
        """Press the button; gives the way to the council."""
        return self.client.get("/staff/council")

    def authorize(self, subject: str) -> str:
        """Begin, and sign in with the council; gives the address to come back to."""
        sent = self.begin()
        assert sent.status_code == 302, sent.text
        answer = httpx.post(sent.headers["location"], data={"sub": subject}, trust_env=False, verify=UNSAFE)
        assert answer.status_code == 302, answer.text
        return answer.headers["location"]

    def sign_in(self, subject: str) -> httpx.Response:
        """Go there and back; gives the page at the end."""
        return self.client.get(self.authorize(subject))

    def inside(self) -> str:
        """Give what is behind the door, empty where it is shut."""
        answer = self.client.get("/staff")
        return answer.text if answer.status_code == 200 else ""
