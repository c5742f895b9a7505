"""Who can be asked for drafts: what deep-translator knows of each provider, and which of our languages each has.

deep-translator: https://deep-translator.readthedocs.io/. Nothing is sent before ``draft`` is called, but for Microsoft, whose list of
languages is fetched when it is opened.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
from deep_translator import DeeplTranslator, GoogleTranslator, LibreTranslator, MicrosoftTranslator, exceptions
from deep_translator.constants import BASE_URLS
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from bot.answers.catalogue import TRANSLATED
from bot.errors import SetUpError

NAMES_OF = {"zh-Hant": ("zh-TW", "zh-Hant", "zt"), "prs": ("prs", "fa-AF")}
"""What providers may call a language of ours, where it is not our own code. Persian is no stand-in for Dari, nor simplified for
traditional letters."""
AGAIN = (exceptions.TooManyRequests, exceptions.RequestError, exceptions.ServerException, requests.RequestException)
"""What may pass when asked once more."""
NEVER = (exceptions.BaseError, exceptions.AuthorizationException, exceptions.MicrosoftAPIerror)
"""What will not pass."""
TRIES = 4
LONGEST_WAIT = 60
"""Seconds between two tries, at most."""


@dataclass(frozen=True)
class Provider:
    """A provider that is ready: its ``name``, the ``host`` that texts go to, its names of our languages by our codes, and how to ask."""

    name: str
    host: str
    languages: dict[str, str]
    translator: Callable[[str], Any]

    @property
    def lacking(self) -> list[str]:
        """Our languages that it does not have."""
        return [code for code in TRANSLATED if code not in self.languages]

    def draft(self, text: str, language: str) -> str:
        """Give a draft of the English ``text`` in ``language``, one of ``languages``.

        Raises SetUpError where the provider refuses or does not answer after several tries.
        """
        asking = Retrying(
            retry=retry_if_exception_type(AGAIN), stop=stop_after_attempt(TRIES), wait=wait_exponential(max=LONGEST_WAIT), reraise=True
        )
        try:
            return str(asking(self.translator(self.languages[language]).translate, text) or "")
        except (*AGAIN, *NEVER, ValueError, KeyError) as error:
            raise SetUpError(f"{self.name} ({self.host}) gave no translation: {type(error).__name__}.") from error


def _host(address: str) -> str:
    return urlsplit(address).netloc


def open_provider(name: str, key: str, url: str) -> Provider:
    """Make a provider ready. ``key`` is what it wants for paying customers; ``url`` the address of a LibreTranslate server.

    Raises SetUpError where something is lacking or it does not answer.
    """
    address, translator = {
        "google": (BASE_URLS["GOOGLE_TRANSLATE"], lambda target: GoogleTranslator(source="en", target=target)),
        "deepl": (BASE_URLS["DEEPL"], lambda target: DeeplTranslator(api_key=key, source="en", target=target, use_free_api=False)),
        "microsoft": (BASE_URLS["MICROSOFT_TRANSLATE"], lambda target: MicrosoftTranslator(api_key=key, source="en", target=target)),
        "libre": (url, lambda target: LibreTranslator(api_key=key or "none", source="en", target=target, custom_url=f"{url}/")),
    }[name]
    try:
        known = set(translator("pl").get_supported_languages(as_dict=True).values())
    except (*AGAIN, *NEVER, ValueError) as error:
        raise SetUpError(f"{name} ({_host(address)}) cannot be used: {type(error).__name__}. Check DRAFT_KEY and DRAFT_URL.") from error
    languages = {code: theirs for code in TRANSLATED for theirs in NAMES_OF.get(code, (code,)) if theirs in known}
    return Provider(name, _host(address), languages, translator)
