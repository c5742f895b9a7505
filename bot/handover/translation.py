"""Translation between staff and a visitor during a handover, by a LibreTranslate server of the operator's own; off unless one is set.

No public service is ever asked. LibreTranslate's API is https://libretranslate.com/docs. Which languages a server has is asked of it;
models for ``ps``, ``ckb``, ``ti`` and ``so`` are rare.
"""

import ipaddress
import logging
import socket
import time
from urllib.parse import urlsplit

import httpx

from bot.errors import SettingsError

log = logging.getLogger(__name__)
TIMEOUT = 8.0
LANGUAGES_LAST = 600.0
"""Seconds after which the server is asked again which languages it has."""
CODES = {"zh-Hant": "zt", "prs": "fa", "ckb": "ku"}
"""LibreTranslate's names of languages, where they are not ours: ``zt`` is Traditional Chinese."""


def _is_private(url: str) -> bool:
    """Tell whether every address of a server's name is on this computer or a private network."""
    try:
        found = socket.getaddrinfo(urlsplit(url).hostname, None)
    except OSError:
        return False
    return all(ipaddress.ip_address(str(entry[4][0]).partition("%")[0]).is_private for entry in found)


class Translator:
    """A LibreTranslate server at ``url``. Whatever goes wrong gives no translation, and never holds up a message.

    Raises SettingsError where the server is not on a private network: visitors' words go to nobody else's.
    """

    def __init__(self, url: str) -> None:
        if not _is_private(url):
            raise SettingsError(f"TRANSLATE_URL is {url!r}: give a server of your own, on this computer or its private network.")
        self._url = url
        self._client = httpx.AsyncClient(timeout=TIMEOUT, trust_env=False)
        self._pairs: set[tuple[str, str]] | None = None
        self._asked = 0.0

    def knows(self, source: str, target: str) -> bool:
        """Tell whether a pair of our languages may be worth asking for; True while the server has not said what it has."""
        pair = (CODES.get(source, source), CODES.get(target, target))
        return pair[0] != pair[1] and (self._pairs is None or pair in self._pairs)

    async def translate(self, text: str, source: str, target: str) -> str:
        """Give ``text`` in ``target``, or an empty text where the server is away, slow or does not know the languages."""
        try:
            await self._learn_languages()
            if not self.knows(source, target):
                return ""
            body = {"q": text, "source": CODES.get(source, source), "target": CODES.get(target, target), "format": "text"}
            answer = await self._client.post(f"{self._url}/translate", json=body)
            found = answer.json().get("translatedText", "") if answer.status_code == 200 else ""
        except (httpx.HTTPError, ValueError, TypeError, KeyError, AttributeError) as error:
            log.error("The translation server did not answer: %s", type(error).__name__)
            return ""
        return found.strip() if isinstance(found, str) else ""

    async def _learn_languages(self) -> None:
        if self._pairs is not None and time.monotonic() - self._asked < LANGUAGES_LAST:
            return
        answer = await self._client.get(f"{self._url}/languages")
        if answer.status_code == 200:
            self._pairs = {(one["code"], target) for one in answer.json() for target in one.get("targets", [])}
            self._asked = time.monotonic()

    async def close(self) -> None:
        await self._client.aclose()
