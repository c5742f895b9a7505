"""Every setting of the product, read from the environment once."""

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bot.errors import SettingsError

RASA_MODEL = "welcome-desk"
"""The file name of Rasa's model, without its ending."""

ROOT = Path(__file__).resolve().parent.parent
"""The folder of the checkout: data, templates and models are found from here."""


LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Settings:
    """The settings in force. Field names are the environment variables in lower case."""

    area: str
    port: int
    host: str
    rasa_port: int
    actions_port: int
    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    web_workers: int
    rasa_workers: int
    var: Path
    models: Path
    retention_days: int
    idle_minutes: int
    leave_to: str
    public_url: str
    public_body: str
    engine_timeout: float
    session_limit: str
    address_limit: str
    trusted_proxies: str
    frame_ancestors: str
    office_opens: str
    office_closes: str
    desk_hours: str
    desk_gone_seconds: int
    desk_patience_minutes: int
    desk_notify: str
    oidc_issuer: str
    oidc_client_id: str
    oidc_client_secret: str = field(repr=False)
    oidc_roles_claim: str
    oidc_staff_role: str
    oidc_officer_role: str
    safeguarding_contact: str
    safeguarding_years: int
    history_years: int
    translate_url: str
    feed_allow: tuple[str, ...]
    link_check: bool
    draft_provider: str
    draft_key: str = field(repr=False)
    draft_url: str
    draft_per_minute: int
    insight_years: int
    feedback_unread_days: int
    feedback_days: int
    log_format: str

    @property
    def on_sqlite(self) -> bool:
        """Whether the database is SQLite, whose files belong to this machine."""
        return self.database_url.startswith("sqlite")

    @property
    def tracker_file(self) -> Path:
        """Where Rasa keeps what it remembers of conversations, while the database is SQLite."""
        return self.var / f"rasa-{self.area}.db"

    @property
    def rasa_ports(self) -> range:
        """Where each Rasa listens: at ``rasa_port`` and the ports after it."""
        return range(self.rasa_port, self.rasa_port + self.rasa_workers)

    @property
    def rasa_urls(self) -> tuple[str, ...]:
        """Where the front door finds each Rasa; always loopback."""
        return tuple(f"http://127.0.0.1:{port}" for port in self.rasa_ports)

    @property
    def actions_url(self) -> str:
        """Where Rasa finds the action server; always loopback."""
        return f"http://127.0.0.1:{self.actions_port}"


def _number(environment: dict[str, str], name: str, default: int, low: int, high: int) -> int:
    text = environment.get(name, "").strip() or str(default)
    if not text.isdecimal() or not low <= int(text) <= high:
        raise SettingsError(f"{name} is {text!r}: give a whole number from {low} to {high}.")
    return int(text)


def _switch(environment: dict[str, str], name: str) -> bool:
    text = environment.get(name, "").strip().lower() or "off"
    if text not in ("on", "off"):
        raise SettingsError(f"{name} is {text!r}: give on or off.")
    return text == "on"


def _one_of(environment: dict[str, str], name: str, known: tuple[str, ...]) -> str:
    text = environment.get(name, "").strip().lower()
    if text not in known:
        raise SettingsError(f"{name} is {text!r}: give one of {', '.join(filter(None, known))}, or nothing.")
    return text


def _clock(environment: dict[str, str], name: str, default: str) -> str:
    text = environment.get(name, "").strip() or default
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", text):
        raise SettingsError(f"{name} is {text!r}: give a time such as 09:00.")
    return text


def _ancestors(environment: dict[str, str]) -> str:
    text = environment.get("FRAME_ANCESTORS", "").strip() or "'self'"
    if not all(re.fullmatch(r"'self'|'none'|https?:(//[\w.*-]+(:\d+)?)?", source) for source in text.split()):
        raise SettingsError(f"FRAME_ANCESTORS is {text!r}: give 'self' and origins such as https://www.example.org, with spaces between.")
    return text


def _address(environment: dict[str, str], name: str, default: str) -> str:
    text = environment.get(name, "").strip() or default
    if text and not re.fullmatch(r"https?://[^\s\"'<>]+", text):
        raise SettingsError(f"{name} is {text!r}: give a web address such as https://example.org/.")
    return text


def _redis(environment: dict[str, str]) -> str:
    text = environment.get("REDIS_URL", "").strip()
    if text and not re.fullmatch(r"(rediss?://[^\s/]+(/\d+)?(\?\S*)?|unix://\S+)", text):
        raise SettingsError("REDIS_URL cannot be used: give an address such as redis://127.0.0.1:6379/0.")
    return text


def _workers(environment: dict[str, str], name: str) -> int:
    """Read how many processes of a kind there are to be; what more than one must share is in Redis."""
    count = _number(environment, name, 1, 1, 32)
    if count > 1 and not _redis(environment):
        raise SettingsError(f"{name} is {count}: give REDIS_URL too, through which they keep a conversation in order.")
    return count


def _sign_in(environment: dict[str, str], public_url: str) -> dict[str, Any]:
    """Read the settings of the council's sign-in, which belong together: with an issuer, nothing else may be lacking."""
    names = ("OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET", "OIDC_ROLES_CLAIM", "OIDC_STAFF_ROLE", "OIDC_OFFICER_ROLE")
    given = {name: environment.get(name, "").strip() for name in names}
    given["OIDC_ROLES_CLAIM"] = given["OIDC_ROLES_CLAIM"] or "roles"
    issuer = given["OIDC_ISSUER"]
    if issuer:
        if not is_safe_address(issuer) or len(issuer) > 255 or set("?#") & set(issuer):
            raise SettingsError(
                f"OIDC_ISSUER is {issuer!r}: give the issuer's address, such as https://login.microsoftonline.com/TENANT/v2.0."
            )
        for name in ("OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET"):
            if not given[name]:
                raise SettingsError(f"{name} is missing: with OIDC_ISSUER, give what the council's sign-in knows this product by.")
        if not given["OIDC_STAFF_ROLE"] and not given["OIDC_OFFICER_ROLE"]:
            raise SettingsError("OIDC_STAFF_ROLE and OIDC_OFFICER_ROLE are missing: with OIDC_ISSUER, give one of them or both.")
        if given["OIDC_STAFF_ROLE"] == given["OIDC_OFFICER_ROLE"]:
            raise SettingsError(
                f"OIDC_OFFICER_ROLE is {given['OIDC_OFFICER_ROLE']!r}, as OIDC_STAFF_ROLE is: officers read no chats, so give two."
            )
        if not is_safe_address(public_url):
            raise SettingsError(f"PUBLIC_URL is {public_url!r}: with OIDC_ISSUER, give the https address to which people come back.")
    return {name.lower(): value for name, value in given.items()}


def is_safe_address(text: str) -> bool:
    """Tell whether what is sent to a web address can be read by nobody on the way: it is https, or never leaves this machine."""
    try:
        parts = urlsplit(text)
        return (
            bool(parts.hostname)
            and not parts.username
            and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK))
        )
    except ValueError:
        return False


def _database(environment: dict[str, str]) -> str:
    """Read where the database is. What cannot be read is not shown: it holds a password."""
    address = environment.get("DATABASE_URL", "").strip()
    if not address:
        return ""
    # Processes that have no database need not have SQLAlchemy in their memory.
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        url = make_url(address)
    except (ArgumentError, ValueError):
        url = None
    if url is None or url.get_backend_name() not in ("postgresql", "sqlite") or "@" in (url.host or ""):
        # An @ in the password that is not written as %40 makes the rest of the password a part of the host's name.
        raise SettingsError(
            "DATABASE_URL cannot be read: give such as postgresql://desk:PASSWORD@127.0.0.1:5432/desk, "
            "and write what is neither letter nor digit in the password as % and its two hexadecimal digits."
        )
    return address


def _feeds(environment: dict[str, str]) -> tuple[str, ...]:
    """Read the addresses that feeds may be fetched from; plain HTTP is for this machine alone."""
    feeds = tuple(part.strip().rstrip("/") for part in environment.get("FEED_ALLOW", "").split(",") if part.strip())
    for feed in feeds:
        if not re.fullmatch(r"(https://[\w.-]+|http://(127\.0\.0\.1|localhost))(:\d+)?(/[\w./~-]*)?", feed) or "/.." in feed:
            raise SettingsError(
                f"FEED_ALLOW is {feed!r}: give addresses such as https://data.example.org/openreferral, with commas between."
            )
    return feeds


def read_settings(environment: dict[str, str] | None = None) -> Settings:
    """Read the settings from ``environment`` (the process's own by default).

    Raises SettingsError naming the variable when one holds something unusable.
    """
    env = dict(os.environ if environment is None else environment)
    area = env.get("AREA", "").strip() or "cambridgeshire"
    packs = ROOT / "data" / "directory"
    known = sorted(p.parent.name for p in packs.glob("*/gazetteer.csv") if p.parent.name != "england")
    if area not in known:
        raise SettingsError(f"AREA is {area!r}: give one of {', '.join(known)}.")
    var = Path(env.get("VAR_DIR", "") or ROOT / "var")
    public_url = _address(env, "PUBLIC_URL", "").rstrip("/")
    return Settings(
        area=area,
        port=_number(env, "PORT", 8000, 1, 65535),
        host=env.get("HOST", "").strip() or "127.0.0.1",
        rasa_port=_number(env, "RASA_PORT", 5005, 1, 65535),
        actions_port=_number(env, "ACTIONS_PORT", 5055, 1, 65535),
        database_url=_database(env) or f"sqlite:///{var / (area + '.db')}",
        redis_url=_redis(env),
        web_workers=_workers(env, "WEB_WORKERS"),
        rasa_workers=_workers(env, "RASA_WORKERS"),
        var=var,
        models=Path(env.get("MODELS_DIR", "") or ROOT / "models"),
        retention_days=_number(env, "RETENTION_DAYS", 7, 1, 365),
        idle_minutes=_number(env, "IDLE_MINUTES", 15, 5, 24 * 60),
        leave_to=_address(env, "LEAVE_TO", "https://www.bbc.co.uk/weather"),
        public_url=public_url,
        public_body=env.get("PUBLIC_BODY", "").strip(),
        engine_timeout=_number(env, "ENGINE_TIMEOUT_MS", 8000, 100, 60000) / 1000,
        session_limit=env.get("SESSION_LIMIT", "").strip() or "30/minute",
        address_limit=env.get("ADDRESS_LIMIT", "").strip() or "1200/minute",
        trusted_proxies=env.get("TRUSTED_PROXIES", "").strip() or "",
        frame_ancestors=_ancestors(env),
        office_opens=_clock(env, "OFFICE_OPENS", "09:00"),
        office_closes=_clock(env, "OFFICE_CLOSES", "17:00"),
        desk_hours=env.get("DESK_HOURS", "").strip(),
        desk_gone_seconds=_number(env, "DESK_GONE_SECONDS", 120, 5, 3600),
        desk_patience_minutes=_number(env, "DESK_PATIENCE_MINUTES", 5, 1, 60),
        desk_notify=env.get("DESK_NOTIFY", "").strip(),
        **_sign_in(env, public_url),
        safeguarding_contact=env.get("SAFEGUARDING_CONTACT", "").strip(),
        safeguarding_years=_number(env, "SAFEGUARDING_YEARS", 6, 1, 100),
        history_years=_number(env, "HISTORY_YEARS", 7, 1, 100),
        translate_url=_address(env, "TRANSLATE_URL", "").rstrip("/"),
        feed_allow=_feeds(env),
        link_check=_switch(env, "LINK_CHECK"),
        draft_provider=_one_of(env, "DRAFT_PROVIDER", ("", "google", "deepl", "libre")),
        draft_key=env.get("DRAFT_KEY", "").strip(),
        draft_url=_address(env, "DRAFT_URL", "").rstrip("/"),
        draft_per_minute=_number(env, "DRAFT_PER_MINUTE", 30, 1, 6000),
        insight_years=_number(env, "INSIGHT_YEARS", 3, 1, 20),
        feedback_unread_days=_number(env, "FEEDBACK_UNREAD_DAYS", 28, 1, 365),
        feedback_days=_number(env, "FEEDBACK_DAYS", 90, 1, 365),
        log_format=_one_of(env, "LOG_FORMAT", ("", "json", "plain")) or "plain",
    )
