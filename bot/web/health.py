"""What is wrong with what this front door stands on: shown to staff, told by DESK_NOTIFY, and counted for whoever watches."""

import asyncio
import logging
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from anyio import CapacityLimiter, to_thread

from bot.moments import utc_now
from bot.seals import Watch
from bot.sharing.memory import SharedMemory
from bot.web.engine import Engine
from bot.web.storage import READS, WRITES, Storage

log = logging.getLogger(__name__)
LOOK_EVERY = 1.0
TELL_AFTER = 5.0
"""Seconds that something must be wrong before anybody is fetched for it: a process that starts again is back by itself."""
STARTS_WITHIN = 120.0
"""Seconds that Rasa may take to start before that it does not answer is something wrong that somebody is fetched for."""
LITTLE_SPACE = 200 * 1024 * 1024
"""Bytes: with less left on the disk of VAR_DIR, somebody has to make room before it is full."""
ASSISTANT, ASSISTANT_PART, REDIS, DISK, MODELS = "assistant", "assistant_part", "redis", "disk", "models"
FAULTS = (READS, WRITES, ASSISTANT, ASSISTANT_PART, REDIS, DISK, MODELS)
"""Every fault that is looked for; the words of each are ``staff.fault.KIND``."""


@dataclass(frozen=True)
class Fault:
    """Something that is wrong, of ``FAULTS``, and since when (UTC)."""

    kind: str
    since: datetime


class Health:
    """Looks every second; what it found last can be asked for from any thread, and costs nothing."""

    def __init__(
        self, storage: Storage, engine: Engine, memory: SharedMemory, folder: Path, models: Path, alarm: Callable[[str], None]
    ) -> None:
        """``folder`` is on the disk that must not run full; ``alarm`` is told ``broken`` once something stays wrong."""
        self._models = Watch(models)
        self._storage, self._engine, self._memory = storage, engine, memory
        self._folder, self._alarm = folder, alarm
        self._since: dict[str, float] = {}
        self._told: set[str] = set()
        self._was_ready = False

    @property
    def storage_is_away(self) -> bool:
        """Whether the database cannot be asked anything now."""
        return self._storage.away.is_set()

    def faults(self) -> list[Fault]:
        """Give what is wrong now, in the order of ``FAULTS``."""
        now, moment = time.monotonic(), utc_now()
        return [Fault(kind, moment - timedelta(seconds=now - self._since[kind])) for kind in FAULTS if kind in self._since]

    async def watch(self) -> None:
        """Look for ever; runs as a task."""
        lane = CapacityLimiter(1)
        while True:
            self._note(await to_thread.run_sync(self._wrong, limiter=lane))
            await asyncio.sleep(LOOK_EVERY)

    def _free_bytes(self) -> int:
        try:
            return shutil.disk_usage(self._folder).free
        except OSError:
            return 0

    def _wrong(self) -> set[str]:
        self._memory.attempt(lambda client: client.ping(), False)
        wrong = set(self._storage.since)
        away = self._engine.away
        self._was_ready = self._was_ready or self._engine.ready
        if not self._engine.ready:
            wrong.add(ASSISTANT)
        elif away:
            wrong.add(ASSISTANT_PART)
        if self._memory.is_silent:
            wrong.add(REDIS)
        if self._free_bytes() < LITTLE_SPACE:
            wrong.add(DISK)
        if self._models.sees_damage():
            wrong.add(MODELS)
        return wrong

    def _note(self, wrong: set[str]) -> None:
        now = time.monotonic()
        self._since = {kind: self._since.get(kind, now) for kind in wrong}
        self._told &= wrong
        for kind, since in self._since.items():
            after = STARTS_WITHIN if kind == ASSISTANT and not self._was_ready else TELL_AFTER
            if now - since >= after and kind not in self._told:
                self._told.add(kind)
                log.error("Something is wrong and stays so: %s. `python -m bot doctor` says more.", kind)
                self._alarm("broken")
