"""The council's OpenID Connect provider: sends people there and proves what they come back with.

Authlib does the protocol (code flow with PKCE, state and nonce; signature, expiry and nonce of the ID token). Nothing is asked of the
provider before somebody wants to sign in. No token is kept: the ID token is read and dropped, the access token never used.
"""

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import Any

import httpx2
from authlib.integrations.starlette_client import OAuthError, StarletteIntegration, StarletteOAuth2App
from joserfc.errors import JoseError
from starlette.requests import Request
from starlette.responses import Response

from bot.errors import CouncilAway, CouncilRefused
from bot.settings import is_safe_address

log = logging.getLogger(__name__)
TIMEOUT = 5.0
"""Seconds that one request to the provider may take to connect, and again to answer."""
METADATA_LAST = 24 * 3600.0
"""Seconds after which the provider is asked again for its addresses and keys."""
REST_WHEN_AWAY = 3.0
"""Seconds for which a provider that did not answer is not asked again, so that many who try cannot pile up."""
SCOPE = "openid profile"
"""What is asked for: who it is and what they are called. No e-mail address, and nothing that could be read with an access token."""
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
"""Signatures that only the provider can make: its keys are public, so nothing symmetric, and never none."""
ADDRESSES = ("authorization_endpoint", "token_endpoint", "jwks_uri")
BUSY = ("server_error", "temporarily_unavailable")
STOPPED = ("access_denied", "interaction_required", "login_required", "account_selection_required", "consent_required")
"""Errors of RFC 6749, 4.1.2.1, and OpenID Connect Core 1.0, 3.1.2.6: the provider cannot; the person did not."""


class Provider:
    """The provider at ``issuer``, which knows this product by ``client_id`` and ``client_secret``.

    ``back`` is the address to which people come back signed in, ``out`` the one after they have signed out there. HTTPS_PROXY,
    NO_PROXY and SSL_CERT_FILE of the environment are minded.
    """

    def __init__(self, issuer: str, client_id: str, client_secret: str, back: str, out: str) -> None:
        self._issuer, self._client_id, self._client_secret = issuer, client_id, client_secret
        self._back, self._out = back, out
        self._certificates = httpx2.create_ssl_context()
        self._app: StarletteOAuth2App | None = None
        self._turn = asyncio.Lock()
        self._asked = self._away = -METADATA_LAST

    async def begin(self, request: Request) -> Response:
        """Send a browser to the provider; what must be known when it comes back is put into ``request.session``.

        Raises CouncilAway, or CouncilRefused("set_up").
        """
        app = await self._ready()
        # On a shared computer the last person may still be signed in with the provider: nobody comes in as them without a look.
        redirect: Response = await app.authorize_redirect(request, self._back, prompt="select_account")
        return redirect

    async def finish(self, request: Request) -> Mapping[str, Any]:
        """Give the claims of whoever came back; what is in ``request.session`` can be used only once.

        Raises CouncilAway, or CouncilRefused: ``cancelled``, ``set_up``, or ``unproven`` where anything does not fit together.
        """
        app = await self._ready()
        # Authlib checks the audience only when told what it has to be.
        expected = {"iss": {"essential": True, "value": self._issuer}, "aud": {"essential": True, "value": self._client_id}}
        try:
            token = await app.authorize_access_token(request, claims_options=expected)
            claims: Mapping[str, Any] = token["userinfo"]
            return claims
        except OAuthError as error:
            raise self._told(str(error.error)) from None
        except httpx2.HTTPError as error:
            raise self._unreachable(error) from None
        except (JoseError, LookupError, TypeError, ValueError, AttributeError, RuntimeError) as error:
            # Whatever a token or a key set may be that is none. The error could hold what stands in them.
            log.warning("A council's sign-in was not proven: %s", type(error).__name__)
            raise CouncilRefused("unproven") from None

    async def leave(self) -> str:
        """Give the address at which somebody signs out with the provider, empty where it has none. Raises as ``begin``."""
        app = await self._ready()
        if not is_safe_address(str(app.server_metadata.get("end_session_endpoint", ""))):
            return ""
        return str((await app.create_logout_url(self._out, client_id=self._client_id))["url"])

    def _told(self, error: str) -> CouncilAway | CouncilRefused:
        """Give what an error means that the provider named, or that Authlib found."""
        if error in BUSY:
            return CouncilAway()
        if error in STOPPED:
            return CouncilRefused("cancelled")
        if error in ("mismatching_state", "invalid_grant"):
            return CouncilRefused("unproven")
        # What it is comes from outside: never written as it is.
        known = error if error in ("invalid_client", "unauthorized_client", "invalid_request", "invalid_scope") else "another error"
        log.error("The council's sign-in refused this product (%s): check OIDC_CLIENT_ID, OIDC_CLIENT_SECRET and the redirect URI.", known)
        return CouncilRefused("set_up")

    def _unreachable(self, error: httpx2.HTTPError) -> CouncilAway | CouncilRefused:
        log.error("The council's sign-in could not be asked: %s", type(error).__name__)
        return CouncilAway()

    async def _ready(self) -> StarletteOAuth2App:
        """Give the client with the provider's addresses and keys, checked. One asks at a time."""
        async with self._turn:
            now = time.monotonic()
            if self._app is not None and now - self._asked < METADATA_LAST:
                return self._app
            if now - self._away < REST_WHEN_AWAY:
                raise CouncilAway()
            app = self._make_app()
            try:
                metadata = await app.load_server_metadata()
            except httpx2.HTTPError as error:
                self._away = time.monotonic()
                raise self._unreachable(error) from None
            except (TypeError, ValueError, AttributeError):
                raise self._wrong("what answers at OIDC_ISSUER is no provider") from None
            self._check(metadata)
            self._app, self._asked = app, now
            return app

    def _make_app(self) -> StarletteOAuth2App:
        return StarletteOAuth2App(
            StarletteIntegration("council"),
            client_id=self._client_id,
            client_secret=self._client_secret,
            server_metadata_url=f"{self._issuer.rstrip('/')}/.well-known/openid-configuration",
            client_kwargs={
                "scope": SCOPE,
                "code_challenge_method": "S256",
                "timeout": TIMEOUT,
                "verify": self._certificates,
            },
        )

    def _check(self, metadata: dict[str, Any]) -> None:
        """Check what the provider says of itself. Raises CouncilRefused("set_up")."""
        if metadata.get("issuer") != self._issuer:
            # As OpenID Connect Discovery 1.0, 4.3, demands; so a provider of everybody's (Entra's `common`) is never taken.
            raise self._wrong("the provider at OIDC_ISSUER calls itself something else")
        if not all(is_safe_address(str(metadata.get(name, ""))) for name in ADDRESSES):
            raise self._wrong("the provider has an address that is not https")
        offered = metadata.get("id_token_signing_alg_values_supported")
        usable = [name for name in ALGORITHMS if isinstance(offered, list) and name in offered]
        if not usable:
            raise self._wrong("the provider signs with nothing that can be checked")
        metadata["id_token_signing_alg_values_supported"] = usable

    def _wrong(self, what: str) -> CouncilRefused:
        log.error("The council's sign-in cannot be used: %s.", what)
        return CouncilRefused("set_up")
