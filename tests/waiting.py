"""Waiting for what another process or thread does: as long as a busy machine may need, and no longer than it takes."""

import time
from collections.abc import Callable

PATIENCE = 30.0


def soon(look: Callable[[], bool]) -> bool:
    """Tell whether something comes true within half a minute."""
    limit = time.monotonic() + PATIENCE
    while not look():
        if time.monotonic() > limit:
            return False
        time.sleep(0.05)
    return True
