"""Keeping the processes of the Procfile running: what dies is started again."""

import os
import threading
import time
from dataclasses import dataclass
from multiprocessing import Process as Watcher
from typing import Any

from honcho.manager import Manager
from honcho.process import Popen, Process

PROVEN_AFTER = 30.0
"""Seconds after which a process has shown that it can run; one that ends before it ever did so has something wrong with it."""
LAST_WORDS = 1.0
"""Seconds for which the output of a process that has ended is still read."""
WAITS = (1.0, 2.0, 5.0, 10.0)
"""Seconds before a process is started again, longer each time that it ends before it has run for PROVEN_AFTER; the last for ever."""


class _Kept(Process):  # type: ignore[misc]
    """A process whose end is told when it ends: what it has started may live on, and hold its output open."""

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self._child_ctor = self._open

    def _open(self, *given: Any, **more: Any) -> Popen:
        child = Popen(*given, **more)
        threading.Thread(target=self._tell_its_end, args=(child,), daemon=True).start()
        return child

    def _tell_its_end(self, child: Popen) -> None:
        status = child.wait()
        self._all_read.wait(LAST_WORDS)
        super()._send_message({"returncode": status}, type="stop")
        self._events.close()
        self._events.join_thread()
        # This process is the watcher's own (multiprocessing's), and may be reading what nobody will close.
        os._exit(0)

    def run(self, events: Any = None, ignore_signals: bool = False) -> None:
        self._all_read = threading.Event()
        super().run(events, ignore_signals)
        self._all_read.set()
        threading.Event().wait()

    def _send_message(self, data: Any, type: str = "line") -> None:  # noqa: A002 - honcho's own name
        # Honcho tells the end once all output has come, which may be never.
        if type != "stop":
            super()._send_message(data, type)


@dataclass
class _Life:
    """``since`` and ``due`` are of ``time.monotonic``; ``due`` is when it is to be started again, None while it runs."""

    since: float = 0.0
    due: float | None = None
    proven: bool = False
    falls: int = 0


class Keeper(Manager):  # type: ignore[misc]
    """Runs processes side by side until Ctrl-C or SIGTERM, and starts again what ends meanwhile.

    One that ends before it ever ran for PROVEN_AFTER stops all, as something is wrong that starting again does not mend; ``returncode``
    is then its own.
    """

    def __init__(self) -> None:
        super().__init__()
        self._process_ctor = _Kept
        self._lives: dict[str, _Life] = {}

    def _start(self) -> None:
        self._lives = {name: _Life(time.monotonic()) for name in self._processes}
        super()._start()

    def _all_stopped(self) -> bool:
        if not self._terminating:
            for name in self._processes:
                self._keep(name)
        return bool(super()._all_stopped())

    def _keep(self, name: str) -> None:
        process, life, now = self._processes[name], self._lives[name], time.monotonic()
        life.proven = life.proven or (life.due is None and now - life.since >= PROVEN_AFTER)
        if life.due is None and process.get("returncode") is not None and life.proven:
            life.falls = 0 if now - life.since >= PROVEN_AFTER else life.falls + 1
            wait = WAITS[min(life.falls, len(WAITS) - 1)]
            self._system_print(f"{name} is started again in {wait:.0f} s\n")
            # There, so that it is not told to end; without a number, so that it does not count as ended.
            process["returncode"], life.due = None, now + wait
        elif life.due is not None and now >= life.due:
            del process["returncode"]
            life.since, life.due = now, None
            process["process"] = Watcher(name=name, target=process["obj"].run, args=(self.events, True))
            process["process"].start()

    def terminate(self) -> None:
        """End all processes; those that wait to be started again have ended already."""
        for name, life in self._lives.items():
            if life.due is not None:
                self._processes[name]["returncode"], life.due = 0, None
        super().terminate()
