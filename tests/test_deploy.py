"""What ``deploy/`` gives an operator: units that systemd takes, and processes that are each shut in. nginx has its own test, as it runs."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from sqlalchemy.engine import URL, make_url

from bot.settings import ROOT, read_settings
from bot.web.away_page import AWAY_FOLDER

DEPLOY = ROOT / "deploy"
SERVICES = sorted((DEPLOY / "systemd").glob("*.service"))


def values(unit: Path, name: str) -> list[str]:
    """Give what a unit sets ``name`` to."""
    return re.findall(rf"^{name}=(.*)$", unit.read_text(), re.M)


def address_in_the_example() -> URL:
    """Give the example's ``DATABASE_URL``."""
    lines = (DEPLOY / "environment.example").read_text().splitlines()
    return make_url(next(line for line in lines if line.startswith("DATABASE_URL=")).partition("=")[2])


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path) -> None:
    for unit in (DEPLOY / "systemd").iterdir():
        words = unit.read_text().replace("/opt/welcome-desk/.venv/bin/python", sys.executable)
        (tmp_path / unit.name).write_text(words)
    units = [str(path) for path in tmp_path.iterdir()]
    done = subprocess.run(["systemd-analyze", "verify", *units], cwd=tmp_path, capture_output=True, text=True, check=False)
    about_ours = [line for line in done.stderr.splitlines() if "welcome-desk" in line]
    assert about_ours == []


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_a_unit_gives_its_process_no_more_than_it_needs(unit: Path) -> None:
    assert values(unit, "ProtectSystem") == ["strict"]
    assert values(unit, "NoNewPrivileges") == ["yes"]
    assert values(unit, "User")[0].startswith("welcome-desk")
    assert all(path == "/var/lib/welcome-desk" for path in values(unit, "ReadWritePaths"))
    assert values(unit, "StartLimitIntervalSec") == ["0"], "systemd gives up otherwise, and nobody is there to start it"
    if "prepare" in unit.name:
        assert values(unit, "Restart") == ["on-failure"]
    else:
        assert values(unit, "Restart") == ["always"]
        assert values(unit, "IPAddressDeny") == ["any"]
        assert values(unit, "CapabilityBoundingSet") == [""]


def test_each_kind_of_process_has_a_user_of_its_own_and_rasa_and_the_actions_write_nowhere() -> None:
    users = {unit.name: values(unit, "User")[0] for unit in SERVICES if "prepare" not in unit.name}
    assert len(set(users.values())) == len(users) == 3
    assert [unit.name for unit in SERVICES if values(unit, "ReadWritePaths")] == [
        "welcome-desk-prepare.service",
        "welcome-desk-web.service",
    ]


def test_the_example_of_an_environment_can_be_read() -> None:
    lines = (DEPLOY / "environment.example").read_text().splitlines()
    # systemd takes quotation marks away as a shell does.
    settings = read_settings(dict(shlex.split(line)[0].split("=", 1) for line in lines if line and not line.startswith("#")))
    assert settings.frame_ancestors == "'self' https://www.example.org"
    assert settings.web_workers == 2
    assert settings.database_url.startswith("postgresql://")


def test_the_example_names_a_database_that_a_driver_can_find() -> None:
    address = address_in_the_example()
    # As two users of the system reach it (the front door, Rasa): over TCP, with a password.
    assert (address.host, address.port, address.username, bool(address.password)) == ("127.0.0.1", 5432, "welcome-desk", True)


def test_each_rasa_listens_at_its_own_port_whatever_the_settings_say() -> None:
    unit = DEPLOY / "systemd" / "welcome-desk-rasa@.service"
    # systemd lets EnvironmentFile= win over Environment=, wherever they stand.
    assert not any("RASA_PORT" in line for line in values(unit, "Environment"))
    assert values(unit, "ExecStart") == ["/usr/bin/env RASA_PORT=%i /opt/welcome-desk/.venv/bin/python -m bot rasa"]


def test_what_runs_goes_on_while_a_new_version_is_prepared() -> None:
    assert [unit.name for unit in SERVICES if values(unit, "Requires")] == []


def test_the_proxy_reaches_the_page_for_when_no_front_door_answers_and_nothing_else_that_is_kept() -> None:
    services = YAML(typ="safe").load(DEPLOY / "compose.yaml")["services"]
    folder = f"/var/lib/welcome-desk/var/{AWAY_FOLDER}"
    assert f"away:{folder}" in services["web"]["volumes"]
    assert f"away:{folder}:ro" in services["proxy"]["volumes"]
    assert not any(volume.startswith("kept:") for volume in services["proxy"]["volumes"])
    assert f"root {folder};" in (DEPLOY / "nginx.conf").read_text()


@pytest.mark.parametrize("ignoring", [".dockerignore", ".gitignore"])
def test_what_an_operator_puts_beside_compose_gets_into_no_image_and_no_commit(ignoring: str) -> None:
    ignored = {line.strip("/") for line in (ROOT / ignoring).read_text().splitlines()}
    services = YAML(typ="safe").load(DEPLOY / "compose.yaml")["services"]
    beside = {name for service in services.values() for name in service.get("env_file", [])} | {"tls"}
    assert beside == {"environment", "postgres", "tls"}
    assert {f"deploy/{name}" for name in beside} <= ignored
    assert ".python" in ignored


def test_certbot_puts_its_file_where_the_proxy_shows_it() -> None:
    told = re.search(r"^certbot certonly --webroot -w (\S+) ", (ROOT / "docs" / "deploying.md").read_text(), re.M)
    assert told is not None
    assert f"location /.well-known/acme-challenge/ {{\n        root {told[1]};" in (DEPLOY / "nginx.conf").read_text()


def test_no_environment_of_python_gets_into_the_image() -> None:
    # Without the stars the root's alone is left out, and tests have further ones, of a gigabyte and more.
    assert "**/.venv" in (ROOT / ".dockerignore").read_text().splitlines()


def test_in_compose_postgresql_asks_for_a_password_and_has_the_database_of_the_example() -> None:
    given, address = YAML(typ="safe").load(DEPLOY / "compose.yaml")["services"]["postgres"]["environment"], address_in_the_example()
    # The image's own rules let everybody in who comes from 127.0.0.1, where all of them share a network.
    assert given["POSTGRES_INITDB_ARGS"] == "--auth-host=scram-sha-256"
    assert given["POSTGRES_DB"] == address.database
    told = f"postgresql://{given['POSTGRES_USER']}:…@{address.host}:{address.port}/{address.database} "
    assert told in (DEPLOY / "compose.yaml").read_text()


def test_in_compose_redis_starts_without_any_capability() -> None:
    redis = YAML(typ="safe").load(DEPLOY / "compose.yaml")["services"]["redis"]
    # The image's start script leaves owners and users alone where it does not run as root.
    assert (redis["user"], redis["cap_drop"], redis.get("cap_add")) == ("redis", ["ALL"], None)


def test_rasa_is_not_told_what_only_the_front_door_needs() -> None:
    secret = {"OIDC_ISSUER", "OIDC_CLIENT_SECRET", "DRAFT_PROVIDER", "DRAFT_KEY", "DESK_NOTIFY"}
    assert set(values(DEPLOY / "systemd" / "welcome-desk-rasa@.service", "UnsetEnvironment")[0].split()) == secret
    services = YAML(typ="safe").load(DEPLOY / "compose.yaml")["services"]
    for name, port in (("rasa-1", "5005"), ("rasa-2", "5006")):
        given = services[name]["environment"]
        assert {key for key, value in given.items() if value == ""} == secret
        assert (given["RASA_PORT"], given["RASA_WORKERS"]) == (port, "1")


def test_in_compose_the_product_can_write_only_where_it_keeps_things_and_only_the_proxy_is_reached() -> None:
    services = YAML(typ="safe").load((DEPLOY / "compose.yaml").read_text())["services"]
    ours = {name: service for name, service in services.items() if service.get("image") == "welcome-desk"}
    assert set(ours) == {"prepare", "web", "rasa-1", "rasa-2", "actions"}
    for name, service in ours.items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert name == "prepare" or "healthcheck" in service, name
    assert ours["rasa-1"]["volumes"] == ["kept:/var/lib/welcome-desk:ro"]
    assert "volumes" not in ours["actions"]
    assert not ours["actions"]["env_file"], "the actions know no password"
    assert [name for name, service in services.items() if service.get("ports")] == ["network"]
    assert services["network"]["ports"] == ["443:443", "80:80"]
