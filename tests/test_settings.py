"""Settings: read once, sound by default, and refused at start by the name of the variable."""

from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import pytest

from bot.errors import SettingsError
from bot.settings import ROOT, Settings, read_settings
from bot.sharing.limiter import Limiter
from bot.sharing.memory import NOTHING_SHARED
from bot.web.limits import RateLimits

VARIABLES = {field.name.upper() for field in fields(Settings)} - {"VAR", "MODELS", "ENGINE_TIMEOUT"} | {
    "VAR_DIR",
    "MODELS_DIR",
    "ENGINE_TIMEOUT_MS",
}


def test_without_any_variable_the_product_serves_cambridgeshire_to_this_machine_alone() -> None:
    settings = read_settings({})
    assert (settings.area, settings.host, settings.port, settings.retention_days) == ("cambridgeshire", "127.0.0.1", 8000, 7)
    assert settings.database_url == f"sqlite:///{ROOT / 'var' / 'cambridgeshire.db'}"


@pytest.mark.parametrize("name", sorted(VARIABLES - {"FRAME_ANCESTORS"}))
def test_a_variable_that_is_empty_is_as_good_as_not_set(name: str) -> None:
    assert read_settings({name: ""}) == read_settings({})


@pytest.mark.parametrize(
    ("name", "value", "field", "meant"),
    [
        ("PORT", "9000", "port", 9000),
        ("RASA_PORT", " 6005 ", "rasa_port", 6005),
        ("ACTIONS_PORT", "6055", "actions_port", 6055),
        ("RETENTION_DAYS", "1", "retention_days", 1),
        ("IDLE_MINUTES", "30", "idle_minutes", 30),
        ("INSIGHT_YEARS", "1", "insight_years", 1),
        ("FEEDBACK_UNREAD_DAYS", "14", "feedback_unread_days", 14),
        ("FEEDBACK_DAYS", "30", "feedback_days", 30),
        ("LEAVE_TO", "https://example.org/weather", "leave_to", "https://example.org/weather"),
        ("PUBLIC_URL", "https://desk.example.org/", "public_url", "https://desk.example.org"),
        ("PUBLIC_BODY", "Cambridgeshire County Council", "public_body", "Cambridgeshire County Council"),
        ("ENGINE_TIMEOUT_MS", "1500", "engine_timeout", 1.5),
        ("AREA", "lewisham", "area", "lewisham"),
        ("DATABASE_URL", "postgresql://desk@localhost/desk", "database_url", "postgresql://desk@localhost/desk"),
        ("OFFICE_OPENS", "08:30", "office_opens", "08:30"),
        (
            "FEED_ALLOW",
            "https://a.example.org/feed/, http://127.0.0.1:8010",
            "feed_allow",
            ("https://a.example.org/feed", "http://127.0.0.1:8010"),
        ),
        ("MODELS_DIR", "/srv/models", "models", Path("/srv/models")),
        ("LINK_CHECK", "On", "link_check", True),
    ],
)
def test_a_variable_sets_its_setting_and_no_other(name: str, value: str, field: str, meant: object) -> None:
    settings, default = vars(read_settings({name: value})), vars(read_settings({}))
    changed = {key for key in settings if settings[key] != default[key]}
    assert settings[field] == meant
    assert changed == ({"area", "database_url"} if name == "AREA" else {field})


@pytest.mark.parametrize(
    "address",
    [
        "postgresql//desk:hush-hush@127.0.0.1:5432/desk",
        "postgresql:/desk:hush-hush@127.0.0.1/desk",
        "'postgresql://desk:hush-hush@127.0.0.1/desk'",
        "postgresql://desk:hu@sh-hush@127.0.0.1:5432/desk",
        "postgresql://desk:hu:sh@hu:sh-hush@127.0.0.1:5432/desk",
        "mysql://desk:hush-hush@127.0.0.1/desk",
        "sh-hush",
    ],
)
def test_a_database_whose_address_cannot_be_read_is_refused_without_showing_its_password(address: str) -> None:
    with pytest.raises(SettingsError, match="DATABASE_URL") as refused:
        read_settings({"DATABASE_URL": address})
    assert "sh-hush" not in str(refused.value)
    assert refused.value.__context__ is None, "a traceback would show what SQLAlchemy says"


COUNCIL = {
    "OIDC_ISSUER": "https://login.microsoftonline.com/833ced3d-0000-4000-8000-29e2af035ddc/v2.0",
    "OIDC_CLIENT_ID": "welcome-desk",
    "OIDC_CLIENT_SECRET": "hush-hush",
    "OIDC_STAFF_ROLE": "Desk.Staff",
    "OIDC_OFFICER_ROLE": "Desk.Officer",
    "PUBLIC_URL": "https://desk.example.org",
}


def test_the_council_s_sign_in_is_off_unless_an_issuer_is_named_and_reads_the_roles_claim() -> None:
    assert read_settings({}).oidc_issuer == ""
    assert read_settings({**COUNCIL, "OIDC_ISSUER": ""}).oidc_issuer == ""
    settings = read_settings(COUNCIL)
    assert (settings.oidc_issuer, settings.oidc_roles_claim) == (COUNCIL["OIDC_ISSUER"], "roles")
    assert read_settings({**COUNCIL, "OIDC_ROLES_CLAIM": "groups"}).oidc_roles_claim == "groups"
    assert read_settings({**COUNCIL, "OIDC_OFFICER_ROLE": ""}).oidc_officer_role == ""


@pytest.mark.parametrize("name", [name for name in COUNCIL if name not in ("OIDC_STAFF_ROLE", "OIDC_OFFICER_ROLE", "OIDC_ISSUER")])
def test_with_an_issuer_nothing_else_of_the_council_s_sign_in_may_be_lacking(name: str) -> None:
    with pytest.raises(SettingsError, match=name):
        read_settings({**COUNCIL, name: ""})


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("OIDC_ISSUER", {"OIDC_ISSUER": "http://login.example"}),
        ("OIDC_ISSUER", {"OIDC_ISSUER": "login.example"}),
        ("OIDC_ISSUER", {"OIDC_ISSUER": "https://somebody@login.example"}),
        ("OIDC_ISSUER", {"OIDC_ISSUER": "https://login.example/?tenant=1"}),
        ("OIDC_ISSUER", {"OIDC_ISSUER": "https://[login"}),
        ("OIDC_ISSUER", {"OIDC_ISSUER": f"https://login.example/{'x' * 250}"}),
        ("PUBLIC_URL", {"PUBLIC_URL": "http://desk.example.org"}),
        ("OIDC_STAFF_ROLE", {"OIDC_STAFF_ROLE": "", "OIDC_OFFICER_ROLE": ""}),
        ("OIDC_OFFICER_ROLE", {"OIDC_OFFICER_ROLE": "Desk.Staff"}),
    ],
)
def test_a_council_s_sign_in_that_cannot_be_safe_is_refused_by_name_and_without_its_secret(name: str, changed: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=name) as refused:
        read_settings({**COUNCIL, **changed})
    assert "hush-hush" not in str(refused.value)


def test_on_this_machine_the_council_s_sign_in_needs_no_tls_and_no_secret_is_ever_shown() -> None:
    settings = read_settings({**COUNCIL, "OIDC_ISSUER": "http://127.0.0.1:9400", "PUBLIC_URL": "http://localhost:8000"})
    assert settings.oidc_issuer == "http://127.0.0.1:9400"
    assert "hush-hush" not in repr(settings)


def test_the_database_of_an_area_is_in_the_folder_for_what_changes() -> None:
    settings = read_settings({"AREA": "lewisham", "VAR_DIR": "/srv/desk"})
    assert settings.database_url == "sqlite:////srv/desk/lewisham.db"


def test_rasa_and_the_actions_are_on_this_machine_alone_even_where_the_front_door_is_not() -> None:
    settings = read_settings({"HOST": "0.0.0.0", "RASA_PORT": "6005", "ACTIONS_PORT": "6055"})
    assert settings.host == "0.0.0.0"
    assert settings.rasa_urls == ("http://127.0.0.1:6005",)
    assert settings.actions_url == "http://127.0.0.1:6055"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AREA", "atlantis"),
        ("AREA", "england"),
        ("AREA", "../cambridgeshire"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "eighty"),
        ("PORT", "-1"),
        ("RASA_PORT", "5005.5"),
        ("RETENTION_DAYS", "0"),
        ("RETENTION_DAYS", "366"),
        ("IDLE_MINUTES", "4"),
        ("INSIGHT_YEARS", "0"),
        ("FEEDBACK_UNREAD_DAYS", "366"),
        ("FEEDBACK_DAYS", "0"),
        ("LEAVE_TO", "javascript:alert(1)"),
        ("LEAVE_TO", "bbc.co.uk"),
        ("PUBLIC_URL", "https://desk.example.org/ x"),
        ("FRAME_ANCESTORS", "https://a.example, https://b.example"),
        ("FRAME_ANCESTORS", "www.example.org"),
        ("FRAME_ANCESTORS", "'self'; script-src *"),
        ("ENGINE_TIMEOUT_MS", "99"),
        ("FEED_ALLOW", "http://a.example.org/feed"),
        ("FEED_ALLOW", "https://a.example.org/feed/../other"),
        ("FEED_ALLOW", "https://somebody@a.example.org"),
        ("FEED_ALLOW", "*"),
        ("OFFICE_OPENS", "9am"),
        ("OFFICE_OPENS", "9:00"),
        ("OFFICE_CLOSES", "25:00"),
        ("LINK_CHECK", "yes"),
    ],
)
def test_what_cannot_be_used_is_refused_at_start_by_name_and_value(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read_settings({name: value})
    assert name in str(refused.value)
    assert value in str(refused.value)


def test_a_refused_area_is_answered_with_those_there_are() -> None:
    with pytest.raises(SettingsError, match="birmingham, cambridgeshire, lewisham"):
        read_settings({"AREA": "norfolk"})


@pytest.mark.parametrize("name", ["SESSION_LIMIT", "ADDRESS_LIMIT"])
@pytest.mark.parametrize("value", ["thirty", "30", "30/fortnight"])
def test_a_limit_that_cannot_be_read_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        RateLimits(read_settings({name: value}), Limiter(NOTHING_SHARED, b""))


def test_several_rasas_listen_at_ports_that_follow_each_other() -> None:
    settings = read_settings({"RASA_PORT": "6005", "RASA_WORKERS": "3", "REDIS_URL": "redis://127.0.0.1"})
    assert settings.rasa_urls == ("http://127.0.0.1:6005", "http://127.0.0.1:6006", "http://127.0.0.1:6007")


@pytest.mark.parametrize("name", ["WEB_WORKERS", "RASA_WORKERS"])
def test_several_of_a_kind_need_what_keeps_them_in_order(name: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} is 2: give REDIS_URL"):
        read_settings({name: "2"})
    assert vars(read_settings({name: "2", "REDIS_URL": "redis://127.0.0.1:6379/0"}))[name.lower()] == 2


@pytest.mark.parametrize("address", ["10.1.2.3:6379", "http://10.1.2.3", "redis://a b", "redis://host/name"])
def test_the_address_of_no_redis_is_refused_without_being_shown(address: str) -> None:
    with pytest.raises(SettingsError, match="REDIS_URL cannot be used") as refused:
        read_settings({"REDIS_URL": address})
    assert address not in str(refused.value)


def test_settings_that_are_shown_tell_no_password() -> None:
    environment = {
        "REDIS_URL": "redis://:s3cret@127.0.0.1",
        "DATABASE_URL": "postgresql://desk:s3cret@127.0.0.1/desk",
        "DRAFT_KEY": "s3cret",
    }
    assert "s3cret" not in repr(read_settings(environment))


def test_settings_cannot_be_changed_once_read() -> None:
    settings = read_settings({})
    with pytest.raises(FrozenInstanceError):
        settings.port = 9000  # type: ignore[misc]


def test_the_environment_of_the_process_is_read_where_none_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "9001")
    assert read_settings().port == 9001
