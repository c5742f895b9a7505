"""Waiting a certain time for somebody who may be gone, without taking a busy machine for a broken one."""

import asyncio
from typing import Any

TICK = 0.1
"""Seconds between two looks."""


async def is_done_within(work: "asyncio.Future[Any]", seconds: float) -> bool:
    """Wait for ``work``; give whether it was done within so many seconds, of which this process had its share.

    A look that comes late counts no more than one in time: where this process was kept from looking, what it waits for was kept from
    answering, too. Nothing is cancelled.
    """
    for _ in range(max(1, round(seconds / TICK))):
        await asyncio.wait({work}, timeout=TICK)
        if work.done():
            return True
    return False
