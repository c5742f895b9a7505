"""Fuzzes one target: ``python -m fuzz.run TARGET SECONDS``. A target is a module of this folder with ``seeds`` and ``try_one``.

``seeds`` gives inputs to begin with, ``try_one`` takes bytes and raises where something is wrong. Beside that an input may take no longer
than SLOWEST and no more memory than MOST_MEMORY.
"""

import hashlib
import importlib
import os
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import atheris

from bot.settings import ROOT

SLOWEST = 5.0
"""Seconds of work that one input may take: some fifty times what an ordinary one takes, watched for paths as it is."""
MOST_MEMORY = 4096
"""Megabytes."""
WATCHED = ["bot", "fuzz", "openpyxl", "babel", "stdnum", "phonenumbers", "email_validator", "starlette", "python_multipart"]
"""Packages that are watched for new paths; what is C inside others is not seen, but runs."""
LONGEST = 8192
"""Bytes of an input; twice what a message may have."""


def main() -> None:
    name, seconds = sys.argv[1], int(sys.argv[2])
    with atheris.instrument_imports(include=WATCHED):
        target = importlib.import_module(f"fuzz.{name}")
    corpus = Path(tempfile.mkdtemp(prefix=f"fuzz-{name}-"))
    for seed in target.seeds():
        (corpus / hashlib.sha1(seed, usedforsecurity=False).hexdigest()).write_bytes(seed[:LONGEST])
    broken = ROOT / "var" / "fuzz" / name
    broken.mkdir(parents=True, exist_ok=True)

    def try_in_time(data: bytes) -> None:
        began = time.thread_time()
        target.try_one(data)
        took = time.thread_time() - began
        if took > SLOWEST:
            raise AssertionError(f"it took {took:.1f} seconds of work")

    limits = [f"-max_total_time={seconds}", f"-max_len={LONGEST}", f"-rss_limit_mb={MOST_MEMORY}", "-timeout=60"]
    atheris.Setup([sys.argv[0], *limits, f"-artifact_prefix={broken}/", str(corpus)], try_in_time)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
