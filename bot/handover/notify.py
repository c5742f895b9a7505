"""Telling staff who are not looking at the page that somebody waits: by whatever ``apprise`` can reach, with nothing of the chat."""

import logging
import threading
import time

from bot.errors import SettingsError
from bot.sharing.memory import NOTHING_SHARED, SharedMemory

log = logging.getLogger(__name__)
WORDS = {
    "waiting": "Somebody is waiting for a person at the Welcome Desk.",
    "message": "Somebody left a message at the Welcome Desk.",
    "urgent": "An urgent message came to the Welcome Desk.",
    "overdue": "Numbers that the Welcome Desk gives to people in danger were checked too long ago. Officers: please open /officer.",
    "broken": "Something that the Welcome Desk needs does not work. Staff: /staff says what. Operators: run python -m bot doctor.",
}
"""All that is ever told; it stands here and not in a catalogue because the operator's own tools read it."""
QUIET_FOR = 60.0
"""Seconds for which the same thing is not told again."""
DAY = 24 * 3600.0
"""Seconds for which what officers have to do is not told again."""

AGAIN_AFTER = (10.0, 60.0, 600.0)
"""Seconds after which a notice that was not taken is tried again: some are told only once."""


class Notifier:
    """Sends to the addresses of the setting DESK_NOTIFY (https://github.com/caronc/apprise/wiki); with none nothing leaves the building.

    Raises SettingsError where an address cannot be used.
    """

    def __init__(self, addresses: str, memory: SharedMemory = NOTHING_SHARED) -> None:
        """``memory`` keeps several processes from telling the same."""
        self._to = None
        self._memory = memory
        self._told: dict[str, float] = {}
        if not addresses:
            return
        import apprise  # 40 MB that nobody needs otherwise

        self._to = apprise.Apprise()
        for address in addresses.split():
            if not self._to.add(address):
                raise SettingsError("DESK_NOTIFY has an address that cannot be used: https://github.com/caronc/apprise/wiki lists them.")

    def alert(self, kind: str) -> None:
        """Tell of ``kind`` in a thread of its own: a slow mail server holds nobody up."""
        now = time.monotonic()
        quiet = DAY if kind == "overdue" else QUIET_FOR
        if self._to is None or now - self._told.get(kind, -quiet) < quiet:
            return
        self._told[kind] = now
        threading.Thread(target=self._send, args=(kind, quiet), daemon=True).start()

    def _send(self, kind: str, quiet: float) -> None:
        if self._to is None or not self._memory.first(f"notice {kind}", quiet - 1):
            return
        for wait in (0.0, *AGAIN_AFTER):
            time.sleep(wait)
            if self._to.notify(body=WORDS[kind], title="Welcome Desk"):
                return
            log.error("A notification of DESK_NOTIFY was not taken.")
