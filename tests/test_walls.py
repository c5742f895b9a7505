"""The walls between the rooms: who may import what, read from the source and tried in a fresh process."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pytest

from bot.settings import ROOT

ENGINE = {"rasa", "rasa_sdk", "tensorflow", "sanic"}
WITHOUT_ENGINE = (
    "bot.web",
    "bot.directory",
    "bot.answers",
    "bot.conversation",
    "bot.handover",
    "bot.links",
    "bot.understanding",
    "bot.fetching",
    "bot.drafting",
    "bot.sharing",
    "bot.council",
    "bot.backup",
)
WITHOUT_HTTP = ("bot.directory", "bot.answers")
FETCHES = {"requests", "urllib3", "aiohttp", "ftplib", "deep_translator"}
ASKS_COUNCIL = "bot.council.provider"
"""The one module that asks the council's sign-in who somebody is."""
DRAFTS = "bot.drafting.providers"
"""The one module that asks a provider for translations, by a command that the operator gives."""


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Give every node but those that only a type checker sees."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            continue
        yield node
        yield from nodes(node)


@lru_cache(maxsize=1)
def imports() -> dict[str, set[str]]:
    """Give each module of the product and every module it imports anywhere in its source, inside functions too."""
    found: dict[str, set[str]] = {}
    for path in sorted([*ROOT.glob("bot/**/*.py"), *ROOT.glob("actions/**/*.py")]):
        names: set[str] = set()
        for node in nodes(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert not node.level, f"{path} imports relatively: this test would not see it"
                names |= {str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)}
        found[name_of(path)] = names
    return found


def reached(module: str) -> set[str]:
    """Give all that is imported by ``module`` and, through other modules of the product, by what it imports."""
    modules = imports()
    seen: set[str] = set()
    waiting = {module}
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting |= modules.get(name, set())
    return seen


def packages(names: set[str]) -> set[str]:
    return {name.split(".")[0] for name in names}


def in_room(room: str) -> list[str]:
    found = [module for module in imports() if module == room or module.startswith(f"{room}.")]
    assert found, f"there is no {room}"
    return found


@pytest.mark.parametrize("room", WITHOUT_ENGINE)
def test_no_room_but_nlu_and_the_actions_knows_rasa(room: str) -> None:
    for module in in_room(room):
        assert not packages(reached(module)) & ENGINE, module
        assert not any(name.startswith("bot.nlu") for name in reached(module)), module


@pytest.mark.parametrize("room", WITHOUT_HTTP)
def test_the_directory_and_the_answers_know_nothing_of_http(room: str) -> None:
    for module in in_room(room):
        assert not packages(reached(module)) & {"starlette", "httpx", "uvicorn"}, module
        assert not any(name.startswith("bot.web") for name in reached(module)), module


def test_the_pages_ask_no_database_by_themselves() -> None:
    for module in in_room("bot.web"):
        if module == "bot.web.app":  # which opens the database for all of them
            continue
        assert "sqlalchemy" not in packages(imports()[module]), module


def test_one_room_alone_speaks_to_redis() -> None:
    for module, names in imports().items():
        assert module.startswith("bot.sharing.") or "redis" not in packages(names), module


def test_nothing_in_the_product_fetches_from_elsewhere() -> None:
    for module, names in imports().items():
        assert module == DRAFTS or not packages(names) & FETCHES, module
        assert "urllib.request" not in names, module


def test_what_visitors_write_never_meets_a_provider_of_translations() -> None:
    for module in imports():
        if not module.startswith("bot.drafting") and module != "bot.__main__":
            assert DRAFTS not in reached(module), module
    for module in in_room("bot.drafting"):
        assert not any(name.startswith(("bot.conversation", "bot.handover", "bot.web")) for name in imports()[module]), module


def test_the_council_s_sign_in_is_asked_by_one_module_for_the_door_of_staff_alone() -> None:
    assert {module for module, names in imports().items() if packages(names) & {"authlib", "httpx2"}} == {ASKS_COUNCIL}
    assert {module for module, names in imports().items() if ASKS_COUNCIL in names} == {"bot.web.staff.council"}
    for module in in_room("bot.handover"):
        assert ASKS_COUNCIL not in reached(module), module


def test_the_actions_know_neither_the_words_nor_the_directory() -> None:
    for module in in_room("actions"):
        for other in ("bot.directory", "bot.answers.catalogue", "bot.answers.composer", "bot.web", "bot.database"):
            assert not any(name == other or name.startswith(f"{other}.") for name in reached(module)), (module, other)


def test_the_walls_test_sees_an_import_where_there_is_one() -> None:
    assert "rasa" in packages(reached("bot.nlu.channel"))
    assert "rasa_sdk" in packages(reached("actions.answer"))
    assert "starlette" in packages(reached("bot.web.app"))


@pytest.mark.parametrize("module", ["bot.web.app", "bot.opening", "bot.answers.composer"])
def test_the_front_door_starts_without_rasa_and_without_tensorflow(module: str) -> None:
    code = f"import {module}, sys; print(sorted({{'rasa', 'rasa_sdk', 'tensorflow'}} & {{n for n, m in sys.modules.items() if m}}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip() == "[]"
