"""What ``deploy/`` gives an operator: units that systemd takes, and processes that are each shut in. nginx has its own test, as it runs."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from bot.settings import ROOT, read_settings

DEPLOY = ROOT / "deploy"
SERVICES = sorted((DEPLOY / "systemd").glob("*.service"))


def values(unit: Path, name: str) -> list[str]:
    """Give what a unit sets ``name`` to."""
    return re.findall(rf"^{name}=(.*)$", unit.read_text(), re.M)


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
    if "prepare" not in unit.name:
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
    settings = read_settings(dict(line.split("=", 1) for line in lines if line and not line.startswith("#")))
    assert settings.web_workers == 2
    assert settings.database_url.startswith("postgresql://")


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
