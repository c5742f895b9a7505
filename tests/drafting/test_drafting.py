"""Drafts by a provider, against a real HTTP server that speaks LibreTranslate's API as deep-translator asks it."""

import argparse
import asyncio
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.answers.catalogue import TRANSLATED, Catalogues
from bot.answers.wording import DRAFTED, GUIDANCE, SERVICES, Draft, Wordings
from bot.drafting.command import run_translate
from bot.drafting.providers import open_provider
from bot.errors import DeskError, SetUpError
from bot.settings import Settings, read_settings
from tests.builders import Clock, Pack
from tests.serving import served


class Provider:
    """What was asked of it, and how it answers: by marking the text, losing its braces, being busy twice, or refusing."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        self.busy = 0
        self.refuses = False
        self.loses_braces = False
        self.has_nothing = False
        self.sleeps = 0.0
        self.meanwhile: Callable[[], object] | None = None

    async def languages(self, request: Request) -> Response:
        return JSONResponse([{"code": code, "name": name} for code, name in {"en": "English", "pl": "Polish", "uk": "Ukrainian"}.items()])

    async def translate(self, request: Request) -> Response:
        asked = dict(request.query_params)
        self.asked.append(asked)
        await asyncio.sleep(self.sleeps)
        if self.meanwhile:
            self.meanwhile()
            self.meanwhile = None
        if self.has_nothing:
            return JSONResponse({})
        if self.refuses:
            return Response(status_code=403)
        if self.busy:
            self.busy -= 1
            return Response(status_code=503)
        text = re.sub(r"\{\w+\}", "", asked["q"]) if self.loses_braces else asked["q"]
        return JSONResponse({"translatedText": f"PL: {text}"})


@pytest.fixture
def provider() -> Provider:
    return Provider()


@pytest.fixture
def address(provider: Provider) -> Iterator[str]:
    with served(
        Starlette(routes=[Route("/translate", provider.translate, methods=["POST"]), Route("/languages", provider.languages)])
    ) as url:
        yield url


@pytest.fixture
def settings(tmp_path: Path, address: str, engine: Engine) -> Settings:
    """An installation whose directory has one service and one statement with a telephone number."""
    pack = Pack(tmp_path / "pack").service(name="Advice Desk", description="Help with forms.")
    pack.statement(statement="In danger, call 999.").load(engine)
    url = engine.url.render_as_string(hide_password=False)
    return read_settings(
        {"DATABASE_URL": url, "VAR_DIR": str(tmp_path), "DRAFT_PROVIDER": "libre", "DRAFT_URL": address, "DRAFT_PER_MINUTE": "6000"}
    )


def run(settings: Settings, *to: str, only: str | None = None, most: int = 0, dry_run: bool = False) -> str:
    said: list[str] = []
    run_translate(settings, argparse.Namespace(to=list(to), only=only, most=most, dry_run=dry_run), said.append)
    return "\n".join(said)


def test_what_is_lacking_is_drafted_and_marked_as_made_by_a_machine(settings: Settings, provider: Provider, engine: Engine) -> None:
    said = run(settings, "pl")
    assert "3 texts" in said
    assert {asked["q"] for asked in provider.asked} == {"Advice Desk", "Help with forms.", "In danger, call {phone1}."}
    assert {(asked["source"], asked["target"]) for asked in provider.asked} == {("en", "pl")}
    wordings = Wordings(engine, Clock())
    by_domain = {SERVICES: wordings.in_force(), GUIDANCE: wordings.waiting()}
    assert {domain: len(versions) for domain, versions in by_domain.items()} == {SERVICES: 2, GUIDANCE: 1}
    for domain, versions in by_domain.items():
        assert {(v.domain, v.language, v.review, v.by, v.why) for v in versions} == {(domain, "pl", DRAFTED, "the operator", "libre")}
    assert Catalogues(wordings=wordings).quoted("pl", SERVICES, "advice_desk.summary", "Help with forms.").text == "PL: Help with forms."


def test_a_second_run_asks_for_nothing_that_is_there_or_waits(settings: Settings, provider: Provider) -> None:
    run(settings, "pl", most=1)
    assert len(provider.asked) == 1
    run(settings, "pl")
    assert len(provider.asked) == 3
    assert "0 texts" in run(settings, "pl")
    assert len(provider.asked) == 3


def test_a_dry_run_says_how_much_would_go_where_and_sends_nothing(settings: Settings, provider: Provider, address: str) -> None:
    said = run(settings, "pl", dry_run=True)
    size = len("Advice Desk") + len("Help with forms.") + len("In danger, call {phone1}.")
    assert f"3 texts of the directory and the guidance, {size} characters in all, go to {address.removeprefix('http://')}" in said
    assert provider.asked == []


def test_the_languages_that_a_provider_lacks_are_named_and_not_asked_for(settings: Settings, provider: Provider) -> None:
    said = run(settings, "ti", "prs", only=SERVICES)
    assert all(f" {code}" in said for code in ("ti", "prs", "ps", "ckb", "so", "zh-Hant"))
    assert provider.asked == []


def test_a_busy_provider_is_asked_again(settings: Settings, provider: Provider) -> None:
    provider.busy = 1
    assert "Drafts kept, marked as made by a machine: 1." in run(settings, "pl", most=1)
    assert len(provider.asked) == 2


def test_a_provider_that_refuses_stops_the_run_and_what_was_kept_stays(settings: Settings, provider: Provider, engine: Engine) -> None:
    run(settings, "pl", only=SERVICES, most=1)
    provider.refuses = True
    with pytest.raises(SetUpError, match="AuthorizationException"):
        run(settings, "pl")
    assert len(Wordings(engine, Clock()).in_force()) == 1


def test_a_draft_that_lost_its_number_is_not_kept(settings: Settings, provider: Provider, engine: Engine) -> None:
    provider.loses_braces = True
    said = run(settings, "pl", only=GUIDANCE)
    assert "phone1" in said
    assert "Not kept: 1." in said
    assert Wordings(engine, Clock()).waiting() == []


def test_without_a_provider_nothing_is_sent_and_that_is_said(settings: Settings, provider: Provider, tmp_path: Path) -> None:
    off = read_settings({"DATABASE_URL": settings.database_url, "VAR_DIR": str(tmp_path)})
    assert "No provider is set" in run(off, "pl")
    assert provider.asked == []


def test_a_language_that_is_none_of_ours_is_told(settings: Settings) -> None:
    with pytest.raises(DeskError, match="xx"):
        run(settings, "xx")


def test_which_of_our_languages_a_provider_has(address: str) -> None:
    google, libre = open_provider("google", "", ""), open_provider("libre", "", address)
    assert {"ps", "ckb", "ti", "so", "zh-Hant", "fa"} <= set(google.languages)
    assert google.lacking == ["prs"]
    assert set(libre.languages) == {"pl", "uk"}
    for found in (google, libre):
        assert set(found.languages) | set(found.lacking) == set(TRANSLATED)


def test_a_provider_that_wants_a_key_says_so() -> None:
    with pytest.raises(SetUpError, match="DRAFT_KEY"):
        open_provider("deepl", "", "")


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", ""])
def test_a_server_that_is_not_there_is_told(url: str) -> None:
    with pytest.raises(SetUpError, match="DRAFT_URL"):
        open_provider("libre", "", url)


def test_a_server_that_never_answers_is_not_waited_for(address: str, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.drafting.providers.TRIES", 1)
    libre = open_provider("libre", "", address)
    monkeypatch.setattr("bot.drafting.providers.TIMEOUT", 0.3)
    provider.sleeps = 3.0
    began = time.monotonic()
    with pytest.raises(SetUpError, match="ReadTimeout"):
        libre.draft("Help.", "pl")
    assert time.monotonic() - began < provider.sleeps


def test_what_somebody_translated_meanwhile_is_left_as_it_is(settings: Settings, provider: Provider, engine: Engine) -> None:
    wordings = Wordings(engine, Clock())
    own = Draft(SERVICES, "pl", "advice_desk.summary", "Pomoc z formularzami.", "Help with forms.", "unreviewed")
    provider.meanwhile = lambda: wordings.propose([own], "Olga", 1)
    said = run(settings, "pl", only=SERVICES)
    assert "advice_desk.summary: Somebody translated it meanwhile" in said
    assert Catalogues(wordings=wordings).quoted("pl", SERVICES, own.key, own.english).text == own.text


def test_a_text_that_a_provider_has_nothing_for_does_not_stop_the_others(settings: Settings, provider: Provider) -> None:
    provider.has_nothing = True
    said = run(settings, "pl", only=SERVICES)
    assert said.count("The provider gave no translation of it.") == 2
    assert "Not kept: 2." in said
