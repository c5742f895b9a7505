"""What the front door keeps for signing in with the council, and what a browser carries there and back."""

import base64
import json
from dataclasses import dataclass
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from starlette.requests import Request

from bot.council.claims import Roles
from bot.council.provider import Provider
from bot.handover.callback import Vault
from bot.handover.identities import Identities
from bot.settings import Settings

BEGIN = "/staff/council"
BACK = f"{BEGIN}/back"
LEAVE = f"{BEGIN}/sign-out"
LEFT = f"{BEGIN}/signed-out"
AWAY_AT_MOST = 600
"""Seconds that somebody may take at the council's sign-in."""


@dataclass(frozen=True)
class Council:
    """The council's sign-in: whom it is asked of, what it makes of people, their accounts, and the box for what browsers carry."""

    provider: Provider
    roles: Roles
    identities: Identities
    box: Fernet

    def seal(self, carried: dict[str, Any]) -> str:
        """Close what a browser carries, so that it can neither be read nor made up, by any process on the same VAR_DIR."""
        return self.box.encrypt(json.dumps(carried).encode()).decode()

    def unseal(self, cookie: str) -> dict[str, Any]:
        """Give what a browser carried; nothing where it is older than AWAY_AT_MOST or not ours."""
        try:
            carried: dict[str, Any] = json.loads(self.box.decrypt(cookie.encode("utf-8", "surrogatepass"), ttl=AWAY_AT_MOST))
        except InvalidToken:
            return {}
        return carried


def open_council(settings: Settings, identities: Identities, vault: Vault) -> Council | None:
    """Give the council's sign-in, or None where the operator has not set one up. Nothing is asked of the provider yet."""
    if not settings.oidc_issuer:
        return None
    back, out = (f"{settings.public_url}{path}" for path in (BACK, "/staff/sign-in"))
    return Council(
        Provider(settings.oidc_issuer, settings.oidc_client_id, settings.oidc_client_secret, back, out),
        Roles(settings.oidc_roles_claim, settings.oidc_staff_role, settings.oidc_officer_role),
        identities,
        Fernet(base64.urlsafe_b64encode(vault.secret_for("council"))),
    )


def council_of(request: Request) -> Council | None:
    """Give the council's sign-in of the running application, None where there is none."""
    council: Council | None = request.app.state.council
    return council
