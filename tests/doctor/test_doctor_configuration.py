"""The doctor on the settings: each that cannot be used is named, and so is what cannot be meant."""

import pytest

from bot.doctor import configuration
from bot.doctor.findings import Installation, Level
from bot.runner import QUIET
from tests.doctor.conftest import levels, told, with_settings


def test_every_setting_that_cannot_be_used_is_named_at_once_and_the_rest_is_read() -> None:
    settings, findings = configuration.read_what_can_be_read({"PORT": "eighty", "AREA": "atlantis", "RETENTION_DAYS": "3"})
    assert levels(findings) == [Level.BROKEN, Level.BROKEN]
    assert "PORT is 'eighty'" in told(findings)
    assert "AREA is 'atlantis'" in told(findings)
    assert (settings.port, settings.area, settings.retention_days) == (8000, "cambridgeshire", 3)


@pytest.mark.parametrize("lacking", [{"OIDC_CLIENT_ID": ""}, {}])
def test_where_something_of_the_council_s_sign_in_is_missing_the_rest_is_read(lacking: dict[str, str]) -> None:
    issuer = "https://login.microsoftonline.com/833ced3d-0000-4000-8000-29e2af035ddc/v2.0"
    settings, findings = configuration.read_what_can_be_read({"OIDC_ISSUER": issuer, "VAR_DIR": "/srv/desk", "PORT": "8123", **lacking})
    assert (str(settings.var), settings.port, settings.oidc_issuer) == ("/srv/desk", 8123, "")
    assert [finding.level for finding in findings] == [Level.BROKEN]
    assert "OIDC_CLIENT_ID is missing" in told(findings)


def test_settings_as_they_are_without_any_are_well(case: Installation) -> None:
    assert levels(configuration.settings(case)) == [Level.OK]


WELL = {"PUBLIC_URL": "https://desk.example.org", "PUBLIC_BODY": "Woldshire County Council", "TRUSTED_PROXIES": "10.0.0.7, 10.1.0.0/16"}


def test_settings_of_a_council_behind_a_proxy_are_well(case: Installation) -> None:
    desk = {"DESK_HOURS": "Mo-Fr 10:00-16:00", "SAFEGUARDING_CONTACT": "Jo Lee, 01223 555123"}
    assert levels(configuration.settings(with_settings(case, **WELL, **desk))) == [Level.OK]


@pytest.mark.parametrize(
    ("changed", "level", "said"),
    [
        ({"PUBLIC_URL": "http://desk.example.org"}, Level.LOOK, "without TLS"),
        ({"PUBLIC_URL": "https://example.org/desk"}, Level.LOOK, "has a path"),
        ({"PUBLIC_BODY": ""}, Level.LOOK, "PUBLIC_BODY is not set"),
        ({"PUBLIC_URL": ""}, Level.LOOK, "PUBLIC_URL is not set"),
        ({"TRUSTED_PROXIES": "*"}, Level.LOOK, "may pretend any address"),
        ({"TRUSTED_PROXIES": "the proxy"}, Level.BROKEN, "no list of addresses"),
        ({"TRUSTED_PROXIES": "", "HOST": "0.0.0.0"}, Level.LOOK, "without a proxy"),
        ({"DESK_HOURS": "whenever"}, Level.BROKEN, "DESK_HOURS is 'whenever'"),
        ({"DESK_HOURS": "2020 Mar 2 10:00-16:00"}, Level.LOOK, "not open in the next two weeks"),
        ({"DESK_HOURS": "Mo-Fr 10:00-16:00"}, Level.LOOK, "SAFEGUARDING_CONTACT is not"),
        ({"SESSION_LIMIT": "thirty"}, Level.BROKEN, "SESSION_LIMIT is 'thirty'"),
        ({"OFFICE_OPENS": "17:00", "OFFICE_CLOSES": "09:00"}, Level.BROKEN, "OFFICE_OPENS is not before"),
    ],
)
def test_what_cannot_be_meant_is_named_with_what_to_do(case: Installation, changed: dict[str, str], level: Level, said: str) -> None:
    findings = configuration.settings(with_settings(case, **{**WELL, **changed}))
    assert levels(findings) == [level]
    assert said in findings[0].found
    assert findings[0].do


def test_rasa_is_started_without_telemetry_and_by_hand_it_may_not_be(case: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RASA_TELEMETRY_ENABLED", raising=False)
    assert levels(configuration.telemetry(case)) == [Level.OK]
    monkeypatch.setenv("RASA_TELEMETRY_ENABLED", "true")
    assert levels(configuration.telemetry(case)) == [Level.LOOK]
    monkeypatch.setitem(QUIET, "RASA_TELEMETRY_ENABLED", "true")
    assert levels(configuration.telemetry(case)) == [Level.BROKEN]
