"""The same code serves another area: one that is there, and one that officers have just made."""

import csv
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.settings import ROOT
from tests.stack.running_stack import Stack, same_on_servers, services

# How a directory comes into either database is tested by tests/directory.
pytestmark = same_on_servers

FAMILY = "I have no recourse to public funds and two children, we need help"
CODE_AND_DATA = ("actions", "bot", "data", "migrations", "config.yml", "credentials.yml", "domain.yml", "endpoints.yml", "Procfile")


@pytest.fixture(scope="module")
def lewisham(prepared: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = Stack(tmp_path_factory.mktemp("lewisham"), {"AREA": "lewisham"})
    stack.start()
    yield stack
    stack.stop()


def served(answer: dict[str, Any]) -> set[str]:
    """Give the areas that the services of an answer serve."""
    return {area for service in services(answer) for area in service["serves"]}


def more(stack: Stack, answer: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Give the further pages of an answer, as long as more is offered."""
    while any(choice["value"] == "more" for reply in answer["replies"] for choice in reply.get("choices", [])):
        answer = stack.choose("more", answer["session"])
        yield answer


def test_lewisham_is_served_by_the_same_code(lewisham: Stack) -> None:
    answer = lewisham.ask("I need a food bank in Catford")
    assert answer["understood"]["place"] == "Catford"
    assert any("AFRIL" in service["name"] for service in services(answer))
    assert not served(answer) & {"Cambridgeshire", "Cambridge", "Fenland"}
    outside = lewisham.ask("I need a food bank in Wisbech")
    assert outside["understood"]["place"] is None


def test_a_family_without_recourse_is_answered_from_lewisham_and_england_alone(lewisham: Stack) -> None:
    answer = lewisham.ask(FAMILY)
    assert answer["understood"]["topic"] == "nrpf"
    assert services(answer)[0]["name"].startswith("Project 17"), "the lead that England's sheet has"
    assert "AFRIL, Action for Refugees in Lewisham" in {service["name"] for service in services(answer)}
    shown = [*services(answer), *(service for page in more(lewisham, answer) for service in services(page))]
    assert {area for service in shown for area in service["serves"]} <= {"Lewisham", "London", "England", "UK"}
    assert any(reply["kind"] == "guidance" for reply in answer["replies"])


def test_nobody_in_lewisham_is_given_the_library_of_cambridgeshire(lewisham: Stack) -> None:
    answer = lewisham.ask("I want to talk to a person")
    assert "Cambridgeshire" not in str(answer)


def add(path: Path, **cells: str) -> None:
    """Add a row to a sheet as Excel would save it."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        columns = next(csv.reader(file))
    with path.open("a", encoding="utf-8", newline="") as file:
        csv.DictWriter(file, columns).writerow({name: cells.get(name, "") for name in columns})


def test_a_new_area_is_made_filled_in_and_served(prepared: None, tmp_path: Path) -> None:
    checkout, models = tmp_path / "checkout", tmp_path / "models"
    checkout.mkdir()
    for name in CODE_AND_DATA:
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, checkout / name)
    shutil.copytree(ROOT / "models", models)

    def area(*arguments: str) -> str:
        done = subprocess.run([sys.executable, "-m", "bot", "area", *arguments], cwd=checkout, capture_output=True, text=True, check=True)
        return done.stdout

    area("new", "kent", "--title", "Kent", "--kind", "county", "--parent", "south_east")
    pack = checkout / "data" / "directory" / "kent"
    told = {"source": "the officer's own visit", "public": "yes"}
    add(pack / "gazetteer.csv", key="thanet", name="Thanet", kind="district", parent="kent", **told)
    add(pack / "gazetteer.csv", key="margate", name="Margate", kind="town", parent="thanet", **told)
    add(pack / "organisations.csv", key="larder", name="Thanet Larder", kind="charity", **told)
    add(
        pack / "services.csv",
        **{"key": "larder", "organisation": "larder", "name": "Thanet Larder", "description": "Food for all.", "status": "active"},
        **{"phone": "01843 555123", "service_types": "food", "area": "Thanet"},
        **told,
    )
    assert area("check", "kent").startswith("The sheets of Kent have no faults. Services of its own that people may see: 1.")
    stack = Stack(tmp_path, {"AREA": "kent", "MODELS_DIR": str(models)}, checkout)
    stack.start()
    try:
        answer = stack.ask("I need a food bank in Margate")
        assert (answer["understood"]["topic"], answer["understood"]["place"]) == ("food", "Margate")
        assert "Thanet Larder" in {service["name"] for service in services(answer)}
        assert stack.ask("у мене немає їжі, я в Кенті")["understood"]["place"] == "Kent"
        assert stack.ask("I need a food bank in Wisbech")["understood"]["place"] is None
    finally:
        stack.stop()
    assert "the assistant" not in stack.log.read_text(), "nothing of Rasa's is learnt anew for an area"
