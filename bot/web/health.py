"""What is wrong with what this front door stands on: shown to staff, told by DESK_NOTIFY, and counted for whoever watches."""

import asyncio
import logging
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from anyio import CapacityLimiter, to_thread

from bot.moments import utc_now
from bot.seals import Watch
from bot.sharing.memory import SharedMemory
from bot.timekeeping import LATE_OR_WRONG, Timekeeping
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
FAULTS = (READS, WRITES, ASSISTANT, ASSISTANT_PART, REDIS, DISK, MODELS, *LATE_OR_WRONG)
"""Every fault that is looked for; the words of each are ``staff.fault.KIND``."""


@dataclass(frozen=True)
class Fault:
    """Something that is wrong, of ``FAULTS``, and since when (UTC)."""

    kind: str
    since: datetime


class Health:
    """Looks every second; what it found last can be asked for from any thread, and costs nothing."""

    def __init__(
        self,
        storage: Storage,
        engine: Engine,
        memory: SharedMemory,
        timekeeping: Timekeeping,
        folder: Path,
        models: Path,
        alarm: Callable[[str], None],
    ) -> None:
        """``folder`` is on the disk that must not run full; ``alarm`` is told ``broken`` once something stays wrong."""
        self._models = Watch(models)
        self._storage, self._engine, self._memory, self._timekeeping = storage, engine, memory, timekeeping
        self._folder, self._alarm = folder, alarm
        self._wrong_now: dict[str, tuple[float, Fault]] = {}
        self._told: set[str] = set()
        self._was_ready = False

    @property
    def storage_is_away(self) -> bool:
        """Whether the database cannot be asked anything now."""
        return self._storage.away.is_set()

    def faults(self) -> list[Fault]:
        """Give what is wrong now, in the order of ``FAULTS``."""
        wrong = self._wrong_now
        return [wrong[kind][1] for kind in FAULTS if kind in wrong]

    async def watch(self) -> None:
        """Look for ever; runs as a task."""
        lane = CapacityLimiter(1)
        while True:
            try:
                self._note(await to_thread.run_sync(self._wrong, limiter=lane))
            except Exception as error:
                # Whatever looking fails at, it must not end: what was found last would be told for ever.
                log.error("It could not be looked whether something is wrong, and will be again: %s", type(error).__name__)
            await asyncio.sleep(LOOK_EVERY)

    def _free_bytes(self) -> int:
        try:
            return shutil.disk_usage(self._folder).free
        except OSError:
            return 0

    def _wrong(self) -> set[str]:
        self._memory.attempt(lambda client: client.ping(), False)
        wrong = {*self._storage.since, *self._timekeeping.found}
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
        self._wrong_now = {kind: self._wrong_now.get(kind) or (now, Fault(kind, utc_now())) for kind in wrong}
        self._told &= wrong
        for kind, (since, _fault) in self._wrong_now.items():
            after = STARTS_WITHIN if kind == ASSISTANT and not self._was_ready else TELL_AFTER
            if now - since >= after and kind not in self._told:
                self._told.add(kind)
                log.error("Something is wrong and stays so: %s. `python -m bot doctor` says more.", kind)
                self._alarm("broken")
