"""The settings: whether they can be read, and whether they make sense together."""

import ipaddress
import os
from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import urlsplit

from limits import parse

from bot.doctor.findings import Finding, Installation, Level, judged
from bot.errors import SettingsError
from bot.handover.hours import DeskHours
from bot.runner import QUIET
from bot.settings import Settings, read_settings

CHECK = "Settings"
TELEMETRY = "RASA_TELEMETRY_ENABLED"


def read_what_can_be_read(environment: Mapping[str, str]) -> tuple[Settings, list[Finding]]:
    """Give the settings, with the default for each that cannot be used, and a finding for each of these."""
    env = dict(environment)
    findings: list[Finding] = []
    while True:
        try:
            return read_settings(env), findings
        except SettingsError as error:
            name = next((name for name in env if env[name] and str(error).startswith(f"{name} ")), None)
            if name is None and "OIDC_ISSUER" in env:
                # What is missing belongs to the council's sign-in: without that the rest can be read.
                name = "OIDC_ISSUER"
            if name is None:
                return read_settings({}), [*findings, Finding(CHECK, Level.BROKEN, str(error), "The product does not start like this.")]
            findings.append(
                Finding(CHECK, Level.BROKEN, str(error), "The product does not start like this; below, the default is looked at.")
            )
            del env[name]


def settings(case: Installation) -> list[Finding]:
    """Look at whether the settings can be meant."""
    faults = [*_desk(case), *_addresses(case.settings), *_limits(case.settings)]
    if case.settings.office_opens >= case.settings.office_closes:
        faults.append((Level.BROKEN, "OFFICE_OPENS is not before OFFICE_CLOSES.", "Offices would never be open: set them right."))
    return judged(CHECK, faults, f"They can be used; the area is {case.settings.area}.")


_Faults = list[tuple[Level, str, str]]


def _desk(case: Installation) -> _Faults:
    text = case.settings.desk_hours
    try:
        hours = DeskHours(text)
    except SettingsError as error:
        return [(Level.BROKEN, str(error), "The product does not start like this.")]
    week = (case.now + timedelta(hours=hour) for hour in range(14 * 24))
    if text and not any(hours.is_open(moment) for moment in week):
        return [
            (Level.LOOK, f"By DESK_HOURS ({text}) the desk is not open in the next two weeks.", "Is that meant? Write them anew if not.")
        ]
    if text and not case.settings.safeguarding_contact:
        return [(Level.LOOK, "DESK_HOURS is set and SAFEGUARDING_CONTACT is not.", "Name whom staff tell when they worry about somebody.")]
    return []


def _addresses(settings: Settings) -> _Faults:
    faults: _Faults = []
    public, proxies = urlsplit(settings.public_url), settings.trusted_proxies
    if settings.public_url and public.scheme != "https" and public.hostname not in ("localhost", "127.0.0.1"):
        faults.append((Level.LOOK, "PUBLIC_URL is without TLS: anybody on the way reads what people write.", "Use an https:// address."))
    if settings.public_url and public.path:
        faults.append((Level.LOOK, "PUBLIC_URL has a path, where the product does not answer.", "Give the host alone."))
    if proxies and not settings.public_url:
        faults.append((Level.LOOK, "There is a proxy, and PUBLIC_URL is not set.", "Set it: links and QR codes hold that address."))
    if settings.public_url and not settings.public_body:
        faults.append((Level.LOOK, "PUBLIC_BODY is not set.", "Name the council that answers for the page: the law asks for it."))
    if proxies == "*":
        faults.append((Level.LOOK, "TRUSTED_PROXIES is *: whoever connects may pretend any address.", "Give the proxy's address."))
    elif not all(map(_is_address, filter(None, (part.strip() for part in proxies.split(","))))):
        faults.append(
            (Level.BROKEN, f"TRUSTED_PROXIES is {proxies!r}, which is no list of addresses.", "Give such as 10.0.0.7,10.1.0.0/16.")
        )
    if settings.host not in ("127.0.0.1", "localhost", "::1") and not proxies:
        found = f"HOST is {settings.host}, so that others reach the front door without a proxy and without TLS."
        faults.append((Level.LOOK, found, "Put a TLS proxy in front and set TRUSTED_PROXIES to its address."))
    return faults


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _limits(settings: Settings) -> _Faults:
    faults: _Faults = []
    for name, text in (("SESSION_LIMIT", settings.session_limit), ("ADDRESS_LIMIT", settings.address_limit)):
        try:
            parse(text)
        except ValueError:
            faults.append((Level.BROKEN, f"{name} is {text!r}.", "The product does not start like this: write it as 30/minute."))
    return faults


def telemetry(_case: Installation) -> list[Finding]:
    """Look at whether Rasa may report its use."""
    if QUIET[TELEMETRY] != "false":
        return [Finding("Telemetry", Level.BROKEN, "Rasa would report its use.", "Put bot/runner.py back as it was installed.")]
    if os.environ.get(TELEMETRY, "").lower() == "true":
        found = f"{TELEMETRY} is true here. The product turns it off for itself; Rasa's own commands, by hand, would report their use."
        return [Finding("Telemetry", Level.LOOK, found, f"Set {TELEMETRY}=false.")]
    return [Finding("Telemetry", Level.OK, "Off: the product starts Rasa without it.")]
