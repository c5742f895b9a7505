"""What holds the parts together: intents and rules, words and languages, names in the settings of Rasa and what they name."""

import ast
import csv
import importlib.util
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog, Message
from ruamel.yaml import YAML

from bot.answers.catalogue import DOMAINS, LOCALES, TRANSLATED_DOMAINS, locale_folder, read_catalogue
from bot.answers.dialogue import SLOTS
from bot.codes import (
    CIRCUMSTANCES,
    DIALOGUE_INTENTS,
    INTERPRETER_FOR,
    NEEDS,
    PLACE_MATTERS,
    REPLY_LANGUAGES,
    TOPIC_OF_URGENT,
    TOPICS,
    URGENT,
)
from bot.handover.phrases import SLOTS as SLOTS_OF_PHRASES
from bot.handover.practice import scenarios
from bot.settings import ROOT
from bot.web.staff.chat import CONCERNS, OUTCOMES

TRANSLATED = [language for language in REPLY_LANGUAGES if language != "en"]
UNDERSTOOD = [path.stem for path in sorted((ROOT / "data/nlu").glob("*.yml")) if path.stem != "rules"]
NEVER_TAUGHT = {"nlu_fallback"}
"""What Rasa says itself."""
DRAFTED_OR_REVIEWED = ("machine-drafted", "unreviewed", "reviewed by")


@lru_cache(maxsize=8)
def read(name: str) -> Any:
    """Read a YAML file of the checkout."""
    return YAML(typ="safe").load(ROOT / name)


@lru_cache(maxsize=16)
def catalogue(language: str, domain: str) -> dict[str, Message]:
    found: Catalog = read_catalogue(language, domain)
    return {str(message.id): message for message in found if message.id}


@lru_cache(maxsize=1)
def statements() -> dict[str, dict[str, str]]:
    """Give the rows of guidance that may be shown."""
    found = {}
    for path in sorted((ROOT / "data" / "guidance").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            found.update({row["key"]: row for row in csv.DictReader(file) if row["public"] == "yes"})
    assert found
    return found


def rules() -> list[dict[str, Any]]:
    return list(read("data/nlu/rules.yml")["rules"])


def intents_of_rules() -> list[str]:
    return [step["intent"] for rule in rules() for step in rule["steps"] if "intent" in step]


def test_every_intent_has_one_rule_and_every_rule_an_intent() -> None:
    assert sorted(intents_of_rules()) == sorted(read("domain.yml")["intents"])


def test_every_rule_leads_from_one_intent_to_one_action_of_the_domain() -> None:
    for rule in rules():
        assert [next(iter(step)) for step in rule["steps"]] == ["intent", "action"], rule["rule"]
        assert rule["steps"][1]["action"] in read("domain.yml")["actions"], rule["rule"]


def test_the_intents_are_the_topics_of_the_product_and_what_steers_the_dialogue() -> None:
    assert sorted(read("domain.yml")["intents"]) == sorted([*TOPICS, *DIALOGUE_INTENTS])


@pytest.mark.parametrize("language", UNDERSTOOD)
def test_every_intent_is_taught_in_every_language_and_nothing_else_is(language: str) -> None:
    taught = {block["intent"] for block in read(f"data/nlu/{language}.yml")["nlu"]}
    assert taught == set(read("domain.yml")["intents"]) - NEVER_TAUGHT


def test_every_action_of_the_domain_is_one_that_the_action_server_has() -> None:
    names = set()
    for path in (ROOT / "actions").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name == "name" and isinstance(node.body[-1], ast.Return):
                returned = node.body[-1].value
                assert isinstance(returned, ast.Constant)
                names.add(returned.value)
    assert names == set(read("domain.yml")["actions"])


def test_the_dialogue_remembers_exactly_the_slots_of_the_domain() -> None:
    assert set(SLOTS) == set(read("domain.yml")["slots"])


def test_the_lists_of_codes_fit_into_each_other() -> None:
    assert set(NEEDS) >= PLACE_MATTERS
    assert set(TOPIC_OF_URGENT) == set(URGENT)
    assert set(TOPIC_OF_URGENT.values()) <= set(NEEDS)


@pytest.mark.parametrize("kind", URGENT)
@pytest.mark.parametrize("language", REPLY_LANGUAGES)
def test_every_urgent_need_that_is_recognised_has_words(kind: str, language: str) -> None:
    assert any(key == f"urgent.{kind}" or key.startswith(f"urgent.{kind}.") for key in catalogue(language, "messages"))


@pytest.mark.parametrize("kind", ["topic", "circumstance"])
def test_every_code_is_a_term_of_the_directory(kind: str) -> None:
    with (ROOT / "data" / "directory" / "england" / "terms.csv").open(encoding="utf-8", newline="") as file:
        terms = {row["key"] for row in csv.DictReader(file) if row["taxonomy"] == kind}
    codes = {"topic": {*NEEDS, "homeless_tonight"}, "circumstance": set(CIRCUMSTANCES)}
    assert terms == {f"{kind}:{code}" for code in codes[kind]}


@pytest.mark.parametrize("language", REPLY_LANGUAGES)
@pytest.mark.parametrize("domain", ["messages", "phrases"])
def test_every_catalogue_has_the_keys_of_the_english_and_no_other(language: str, domain: str) -> None:
    assert set(catalogue(language, domain)) == set(catalogue("en", domain))
    assert [key for key, message in catalogue(language, domain).items() if not message.string] == []


@pytest.mark.parametrize("language", TRANSLATED)
@pytest.mark.parametrize("domain", TRANSLATED_DOMAINS)
def test_every_translation_says_whether_a_native_speaker_has_read_it(language: str, domain: str) -> None:
    for key, message in catalogue(language, domain).items():
        assert not message.string or any(comment.startswith(DRAFTED_OR_REVIEWED) for comment in message.user_comments), key


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_statement_that_may_be_shown_is_translated_and_no_other(language: str) -> None:
    translated = {key for key, message in catalogue(language, "guidance").items() if message.string}
    assert translated == set(statements())


@pytest.mark.parametrize("language", REPLY_LANGUAGES)
def test_every_urgent_text_begins_with_its_number(language: str) -> None:
    texts = {key: str(message.string) for key, message in catalogue(language, "messages").items() if key.startswith("urgent.")}
    assert texts
    assert [key for key, text in texts.items() if not text.startswith("{phone}")] == []


def test_no_folder_of_words_is_without_a_language_of_ours() -> None:
    assert set(LOCALES.glob("*/LC_MESSAGES")) == {locale_folder(language) for language in REPLY_LANGUAGES}


def keys_said() -> Iterator[tuple[str, str]]:
    """Give every key that the code or a template says, with where; those put together at run time are not seen."""
    for path in ROOT.glob("bot/**/*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                wanted = {"say": 2, "said": 2, "MessageRefused": 1, "problem": 2}.get(called, 0)
                for given in node.args[:wanted]:
                    if (
                        isinstance(given, ast.Constant)
                        and isinstance(given.value, str)
                        and re.fullmatch(r"[a-z_]{3,}[a-z_.]*", given.value)
                    ):
                        yield given.value, path.name
    for path in ROOT.glob("bot/web/templates/**/*.html"):
        for key in re.findall(
            r"""\b(?:say|both|in_english|called|linked|fact)\(\s*["']([\w.]+)["']\s*[,)]""", path.read_text(encoding="utf-8")
        ):
            yield key, path.name


def test_every_text_that_the_code_says_is_written() -> None:
    said, written = list(keys_said()), {key for domain in DOMAINS for key in catalogue("en", domain)}
    assert len(said) > 40
    assert [(key, where) for key, where in said if key not in written] == []


def test_no_key_stands_in_two_catalogues() -> None:
    keys = [key for domain in DOMAINS for key in catalogue("en", domain)]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        ("urgent", URGENT),
        ("outcome", (*OUTCOMES, "abusive")),
        ("change", (*OUTCOMES, "abusive")),
        ("concern", CONCERNS),
        ("slot", SLOTS_OF_PHRASES),
        ("scenario", tuple(scenarios())),
    ],
)
def test_staff_have_words_for_every_code(kind: str, codes: tuple[str, ...]) -> None:
    assert [code for code in codes if f"staff.{kind}.{code}" not in catalogue("en", "staff")] == []


def test_every_reason_of_a_change_has_words_for_staff() -> None:
    """The reasons are read from the source of the desk, where each is written out."""
    source = (ROOT / "bot/handover/desk.py").read_text(encoding="utf-8")
    reasons = set(re.findall(r'self\._(?:move|record)\(session, row, [\w.]+, \w+, [\w.]+, "(\w+)"', source))
    assert len(reasons) > 8
    assert {reason for reason in reasons if f"staff.change.{reason}" not in catalogue("en", "staff")} == set()


def test_every_way_in_which_a_council_s_sign_in_ends_has_words() -> None:
    """The reasons are read from the source of whoever refuses, where each is written out."""
    sources = ["bot/council/claims.py", "bot/council/provider.py", "bot/handover/identities.py", "bot/web/staff/council_door.py"]
    written = " ".join((ROOT / source).read_text(encoding="utf-8") for source in sources)
    reasons = set(re.findall(r'CouncilRefused\("(\w+)"\)|reason="(\w+)"|"(\w+_roles?|too_many_groups)"|"disabled", "(\w+)"', written))
    found = {next(filter(None, groups)) for groups in reasons}
    assert found == {key.rpartition(".")[2] for key in catalogue("en", "staff") if key.startswith("staff.council.")}


@pytest.mark.parametrize("topic", NEEDS)
def test_every_need_has_a_name_to_show(topic: str) -> None:
    assert f"topic.{topic}" in catalogue("en", "messages")


def pictures_drawn() -> list[str]:
    return re.findall(r'<symbol id="(\w+)"', (ROOT / "bot/web/static/pictures.svg").read_text(encoding="utf-8"))


def test_every_need_has_a_picture() -> None:
    assert set(NEEDS) <= set(pictures_drawn())
    assert len(set(pictures_drawn())) == len(pictures_drawn())


def test_every_picture_that_a_page_shows_is_drawn_and_no_other() -> None:
    shown = set(NEEDS)
    for path in ROOT.glob("bot/web/templates/**/*.html"):
        shown |= set(re.findall(r"""\bpicture\("(\w+)"\)""", path.read_text(encoding="utf-8")))
    assert shown == set(pictures_drawn())


def test_the_reader_of_every_language_can_ask_for_an_interpreter() -> None:
    assert set(INTERPRETER_FOR) >= set(TRANSLATED)


def classes(path: Path) -> set[str]:
    return {node.name for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.ClassDef)}


def names_in_the_settings_of_rasa() -> list[str]:
    config = read("config.yml")
    names = [component["name"] for component in (*config["pipeline"], *config["policies"])]
    names += read("credentials.yml")
    names += [str(store["type"]) for store in read("endpoints.yml").values() if "." in str(store.get("type", ""))]
    return names


@pytest.mark.parametrize("name", names_in_the_settings_of_rasa())
def test_every_path_in_the_settings_of_rasa_exists(name: str) -> None:
    module, _, cls = name.rpartition(".")
    if module:
        assert cls in classes(ROOT / f"{module.replace('.', '/')}.py")
    else:
        rasa = importlib.util.find_spec("rasa")
        assert rasa is not None
        assert rasa.submodule_search_locations
        folders = [Path(location) / part for location in rasa.submodule_search_locations for part in ("nlu", "core")]
        assert any(f"class {name}(" in path.read_text(encoding="utf-8") for folder in folders for path in folder.rglob("*.py"))


def test_every_variable_that_rasa_s_settings_name_is_set_by_the_runner() -> None:
    named = set()
    for name in ("config.yml", "credentials.yml", "endpoints.yml"):
        named |= set(re.findall(r"\$\{(\w+)\}", (ROOT / name).read_text(encoding="utf-8")))
    runner = (ROOT / "bot" / "runner.py").read_text(encoding="utf-8")
    assert named
    assert [variable for variable in sorted(named) if f'"{variable}"' not in runner] == []


def test_the_action_that_rasa_falls_back_to_is_one_of_the_domain() -> None:
    (policy,) = read("config.yml")["policies"]
    assert policy["core_fallback_action_name"] in read("domain.yml")["actions"]
