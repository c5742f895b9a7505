"""Who can be asked for drafts: what deep-translator knows of each provider, and which of our languages each has.

deep-translator: https://deep-translator.readthedocs.io/. No text is sent before ``draft`` is called; a LibreTranslate server is asked for
its languages when it is opened, because deep-translator's own list of them is old.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
from deep_translator import DeeplTranslator, GoogleTranslator, LibreTranslator, exceptions
from deep_translator.constants import BASE_URLS, LIBRE_LANGUAGES_TO_CODES
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from bot.answers.catalogue import TRANSLATED
from bot.errors import SetUpError, WordingRefused

NAMES_OF = {"zh-Hant": ("zh-TW", "zh-Hant", "zt"), "prs": ("prs", "fa-AF")}
"""What providers may call a language of ours, where it is not our own code. Persian is no stand-in for Dari, nor simplified for
traditional letters."""
AGAIN = (exceptions.TooManyRequests, exceptions.RequestError, exceptions.ServerException, requests.RequestException)
"""What may pass when asked once more."""
NEVER = (exceptions.BaseError, exceptions.AuthorizationException)
"""What will not pass."""
NOT_THIS_ONE = (exceptions.TranslationNotFound, exceptions.NotValidLength, exceptions.NotValidPayload)
"""What concerns one text alone."""
TIMEOUT = 30.0
"""Seconds that a provider has to answer."""
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

        Raises SetUpError where the provider refuses or does not answer after several tries, WordingRefused where it has none for this text.
        """
        asking = Retrying(
            retry=retry_if_exception_type(AGAIN), stop=stop_after_attempt(TRIES), wait=wait_exponential(max=LONGEST_WAIT), reraise=True
        )
        try:
            return str(asking(self.translator(self.languages[language]).translate, text) or "")
        except NOT_THIS_ONE as error:
            raise WordingRefused("officer.draft.none") from error
        except (*AGAIN, *NEVER, ValueError, KeyError) as error:
            raise SetUpError(f"{self.name} ({self.host}) gave no translation: {type(error).__name__}.") from error


def _never_wait_for_ever() -> None:
    """Give every call of requests a limit of time: deep-translator sets none and takes none."""
    plain = requests.Session.request

    def request(self: requests.Session, *given: Any, **more: Any) -> requests.Response:
        return plain(self, *given, **{**more, "timeout": more.get("timeout") or TIMEOUT})

    if plain.__module__ == requests.Session.__module__:
        requests.Session.request = request  # type: ignore[method-assign]


def _learn_languages(url: str) -> None:
    """Ask a LibreTranslate server which languages it has, and let deep-translator know. Raises SetUpError where it does not say."""
    try:
        found = {str(one["name"]).lower(): str(one["code"]) for one in requests.get(f"{url}/languages", timeout=TIMEOUT).json()}
    except (requests.RequestException, ValueError, KeyError, TypeError) as error:
        raise SetUpError(f"libre ({_host(url)}) does not say which languages it has: {type(error).__name__}. Check DRAFT_URL.") from error
    LIBRE_LANGUAGES_TO_CODES.clear()
    LIBRE_LANGUAGES_TO_CODES.update(found)


def _host(address: str) -> str:
    return urlsplit(address).netloc


def open_provider(name: str, key: str, url: str) -> Provider:
    """Make a provider ready. ``key`` is what it wants for paying customers; ``url`` the address of a LibreTranslate server.

    Raises SetUpError where something is lacking or it does not answer.
    """
    _never_wait_for_ever()
    if name == "libre":
        if not url:
            raise SetUpError("libre is a server of your own: give its address with DRAFT_URL.")
        _learn_languages(url)
    address, translator = {
        "google": (BASE_URLS["GOOGLE_TRANSLATE"], lambda target: GoogleTranslator(source="en", target=target)),
        "deepl": (BASE_URLS["DEEPL"], lambda target: DeeplTranslator(api_key=key, source="en", target=target, use_free_api=False)),
        "libre": (url, lambda target: LibreTranslator(api_key=key or "none", source="en", target=target, custom_url=f"{url}/")),
    }[name]
    try:
        known = set(translator("pl").get_supported_languages(as_dict=True).values())
    except (*AGAIN, *NEVER, ValueError) as error:
        raise SetUpError(f"{name} ({_host(address)}) cannot be used: {type(error).__name__}. Check DRAFT_KEY and DRAFT_URL.") from error
    languages = {code: theirs for code in TRANSLATED for theirs in NAMES_OF.get(code, (code,)) if theirs in known}
    return Provider(name, _host(address), languages, translator)
