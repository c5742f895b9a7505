"""What is read for training: who wrote it, and what in it cannot wait; and that nobody prepares while another does."""

import threading
from pathlib import Path
from queue import SimpleQueue

import pytest

from bot import preparing
from bot.codes import URGENT
from bot.database import migrate, open_database
from bot.errors import SetUpError
from bot.preparing import Example, Preparation, training_examples
from bot.settings import read_settings
from bot.understanding.urgency import HARMLESS, UNCLEAR

SHEET = """version: "3.1"
nlu:
- intent: housing
  examples: |
    - my heating is broken
- intent: housing
  metadata: {hand: second, urgent: homeless_tonight}
  examples: |
    - no bed for tonight
"""


def test_an_example_knows_its_language_its_hand_and_its_urgency(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preparing, "NLU", tmp_path)
    (tmp_path / "en.yml").write_text(SHEET, encoding="utf-8")
    assert training_examples() == [
        Example("my heating is broken", "housing", "en"),
        Example("no bed for tonight", "housing", "en", "second", "homeless_tonight"),
    ]


def test_a_kind_that_does_not_exist_is_named_with_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preparing, "NLU", tmp_path)
    (tmp_path / "en.yml").write_text(SHEET.replace("homeless_tonight", "homless"), encoding="utf-8")
    with pytest.raises(SetUpError, match=r"en\.yml, intent housing: 'homless'"):
        training_examples()


def test_the_topics_nearest_to_danger_have_calm_and_urgent_examples_in_every_language() -> None:
    examples = training_examples()
    for intent in ("housing", "mental_health", "domestic_abuse", "modern_slavery", "emergency"):
        for language in {example.language for example in examples}:
            marks = {example.urgent for example in examples if (example.intent, example.language) == (intent, language)}
            assert HARMLESS in marks, (intent, language)
            assert marks & set(URGENT), (intent, language)
            assert marks <= {*URGENT, HARMLESS, UNCLEAR}


def test_nothing_is_prepared_on_a_database_of_a_newer_version(tmp_path: Path) -> None:
    settings = read_settings({"MODELS_DIR": str(tmp_path / "models"), "VAR_DIR": str(tmp_path / "var")})
    engine = open_database(settings.database_url)
    migrate(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    said: list[str] = []
    with pytest.raises(SetUpError, match="The database is of a newer version"):
        Preparation(settings, said.append).run()
    assert said == []


def test_of_two_that_prepare_the_same_models_the_second_waits_and_says_so(tmp_path: Path) -> None:
    settings = read_settings({"MODELS_DIR": str(tmp_path)})
    said, order = SimpleQueue[str](), list[str]()

    def second() -> None:
        with Preparation(settings, said.put).alone():
            order.append("second")

    with Preparation(settings, said.put).alone():
        other = threading.Thread(target=second)
        other.start()
        assert said.get(timeout=30) == "Another process is preparing; this one waits for it …"
        order.append("first")
    other.join(30)
    assert order == ["first", "second"]
    assert said.empty()
