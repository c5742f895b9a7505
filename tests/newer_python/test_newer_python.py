"""What the run on a newer Python has and has not, and that it tests the same packages as the product is made of."""

import re
import sys
from importlib.metadata import packages_distributions, version
from importlib.util import find_spec
from pathlib import Path

import pytest

from bot.settings import ROOT

NEWER = ROOT / "tests" / "newer_python"
RASAS_OWN = {"rasa"}
"""What the product is made of and the newer Python cannot have."""
on_the_newer = pytest.mark.skipif(sys.version_info < (3, 12), reason="asks what is installed where `make test-newer` runs")


def named(project: Path, heading: str) -> set[str]:
    """Give the names of the packages that a project asks for under a heading, without their versions."""
    block = (project / "pyproject.toml").read_text(encoding="utf-8").partition(f"\n{heading} = [")[2].partition("\n]")[0]
    return {re.split(r"[<>=;\[]", quoted)[0].strip() for quoted in re.findall(r'^\s*"([^"]+)"', block, re.MULTILINE)}


def test_it_has_every_package_of_the_product_but_rasa() -> None:
    ours, newer = named(ROOT, "dependencies"), named(NEWER, "dependencies")
    assert ours & RASAS_OWN == RASAS_OWN
    assert newer == ours - RASAS_OWN


@on_the_newer
@pytest.mark.parametrize("name", ["rasa", "rasa_sdk", "tensorflow", "keras", "sanic", "spacy"])
def test_nothing_of_rasa_is_installed(name: str) -> None:
    assert find_spec(name) is None
    assert name not in packages_distributions()


@on_the_newer
def test_the_database_is_asked_through_sqlalchemy_2() -> None:
    assert version("sqlalchemy").startswith("2.")
