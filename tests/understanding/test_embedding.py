"""The embedding engine is C code: what reaches it must not break it."""

import subprocess
import sys
import unicodedata

import numpy as np
import pytest

from bot.understanding.embedding import LONGEST_EMBEDDED, Embedder, prepare

BREAKS_THE_ENGINE = "\ufdfa" * 300


def test_text_that_grows_when_normalised_reaches_the_engine_grown_and_cut() -> None:
    short = prepare(BREAKS_THE_ENGINE)
    assert len(short) == LONGEST_EMBEDDED
    assert unicodedata.normalize("NFKC", short) == short


@pytest.mark.parametrize("text", [BREAKS_THE_ENGINE, "", " ", "\u0301" * 999, "🏴" * 500, "a" * 5000, "ᾞ" * 400, "\U0010ffff"])
def test_no_text_kills_the_process(text: str) -> None:
    code = f"from bot.understanding.embedding import Embedder; print(Embedder().embed({text!r}).shape)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-500:]
    assert done.stdout.strip() == "(384,)"


def test_vectors_are_unit_length_and_blind_to_case() -> None:
    embedder = Embedder()
    vector = embedder.embed("Where is the Library?")
    assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-3)
    assert np.array_equal(vector, embedder.embed("where is the library?"))


def test_a_primed_vector_is_used_instead_of_embedding_again() -> None:
    embedder = Embedder()
    given = np.full(embedder.size, 0.05, dtype=np.float32)
    embedder.prime("some text", given)
    assert embedder.embed("Some text") is given


def test_no_text_stays_in_memory() -> None:
    embedder = Embedder()
    embedder.embed("my visa number is in the letter")
    assert len(embedder._known) == 1
    assert "visa" not in repr(vars(embedder))
    assert b"visa" not in b"".join(embedder._known)
