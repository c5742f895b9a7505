"""The classifier of letters: what it counts, what it learns, and that it is kept as it is."""

from pathlib import Path

import numpy as np
import pytest

from bot.understanding.letters import LettersModel, fit_temperature, hashed, meaning, soften, spelling, train

TAUGHT = [("вода", "drink"), ("чай", "drink"), ("voda zimna", "drink"), ("хліб", "eat"), ("khlib", "eat"), ("суп", "eat")]


@pytest.fixture(scope="module")
def model() -> LettersModel:
    return train([hashed(text, "meaning", 1 << 12) for text, _ in TAUGHT], [kind for _, kind in TAUGHT], "meaning", 1 << 12, 1.0)


def test_a_second_labelling_is_learnt_beside_the_first_and_changes_nothing_in_it(model: LettersModel) -> None:
    counted = [hashed(text, "meaning", 1 << 12) for text, _ in TAUGHT]
    two = train(counted, [kind for _, kind in TAUGHT], "meaning", 1 << 12, 1.0, beside=["cold", "hot", "cold", "dry", "dry", "hot"])
    assert two.classes == ("drink", "eat", "cold", "dry", "hot")
    assert np.allclose(two.scores("voda")[:2], model.scores("voda"))
    assert two.classes[2 + int(two.scores("voda")[2:].argmax())] == "cold"


@pytest.mark.parametrize(("text", "kind"), [("voda", "drink"), ("хлиб", "eat"), ("hlib", "eat"), ("sup", "eat")])
def test_a_word_is_known_in_another_script_and_spelling(model: LettersModel, text: str, kind: str) -> None:
    assert model.classes[int(model.scores(text).argmax())] == kind


def test_spelling_is_counted_as_it_is_written_and_meaning_in_latin_letters() -> None:
    assert "ода" in spelling("вода")[0]
    assert any("voda" in run for counts in meaning("вода") for run in counts)


@pytest.mark.parametrize("text", ["", "…", "7", "\n"])
def test_a_text_without_words_is_scored_all_the_same(model: LettersModel, text: str) -> None:
    assert np.isfinite(model.scores(text)).all()


def test_a_stored_model_scores_the_same(model: LettersModel, tmp_path: Path) -> None:
    np.savez(tmp_path / "model.npz", **model.arrays("x"))
    with np.load(tmp_path / "model.npz", allow_pickle=False) as stored:
        again = LettersModel.from_arrays(stored, "x")
    assert (again.scores("voda") == model.scores("voda")).all()


def test_the_temperature_brings_claims_down_to_what_was_right() -> None:
    draw = np.random.default_rng(0)
    column = draw.integers(0, 2, 2000)
    # Claims 0.98 for the first of two, and is right three times in four.
    wrong = draw.random(2000) < 0.25
    scores = np.zeros((2000, 2))
    scores[np.arange(2000), np.where(wrong, 1 - column, column)] = 4.0
    likely = soften(scores, fit_temperature(scores, column))
    assert likely.max(axis=1).mean() == pytest.approx(0.75, abs=0.03)
