"""The front door as an ASGI application."""

import asyncio
import contextlib
import functools
import logging
import multiprocessing
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

from anyio import CapacityLimiter, to_thread
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot import __version__
from bot.answers.catalogue import Catalogues
from bot.answers.wording import Wordings
from bot.conversation.feedback import FeedbackBook
from bot.conversation.insights import Insights
from bot.conversation.store import ConversationStore
from bot.database import open_database, stay_open, try_to_read
from bot.directory.changes import Changes
from bot.directory.cold_weather import ColdWeatherSwitch
from bot.directory.feed import Feed
from bot.directory.listing import Listing
from bot.directory.lookup import Filters
from bot.directory.uploads import Uploads
from bot.errors import ConversationLeft, DeskError, MessageRefused, UnknownConversation
from bot.handover.accounts import Accounts
from bot.handover.callback import Vault
from bot.handover.desk import Desk
from bot.handover.hours import DeskHours
from bot.handover.identities import Identities
from bot.handover.notify import Notifier
from bot.handover.translation import Translator
from bot.jobs import TIDYING, Jobs
from bot.logs import set_up_logs
from bot.moments import utc_now
from bot.opening import LiveDirectory, open_look_up, open_meaning, open_reader, wait_until_prepared
from bot.release import commit
from bot.running import hold
from bot.settings import Settings, read_settings
from bot.sharing.limiter import Limiter
from bot.sharing.memory import SharedMemory, name_of_product
from bot.sharing.signals import Signals
from bot.sharing.turns import Turns
from bot.switches.off_switches import HANDOVER, OffSwitches
from bot.timekeeping import Timekeeping
from bot.web import api, chat_page, embed, feed, pages, sheet
from bot.web.away import answer_without_database
from bot.web.away_page import AWAY_FOLDER, keep_away_page, make_away_page
from bot.web.engine import Engine
from bot.web.health import Health
from bot.web.limits import RateLimits
from bot.web.live import Live
from bot.web.metrics import Figures, Measured
from bot.web.officer import approvals, catalogue_files, editing, files, history, home, phrases, places, records, reviews, translations
from bot.web.officer import cold_weather as cold_weather_page
from bot.web.officer import feedback as feedback_pages
from bot.web.officer import insights as insight_pages
from bot.web.officer import off_switches as off_switches_page
from bot.web.officer import wordings as wording_pages
from bot.web.officer.office import Learning, Office
from bot.web.pipeline import Pipeline
from bot.web.rendering import STATIC, read_templates
from bot.web.staff import chat as staff_chat
from bot.web.staff import council_door, door, queue
from bot.web.staff import look_up as look_up_pages
from bot.web.staff.council import open_council
from bot.web.storage import READS, Storage, StorageGuard
from bot.wiping import Wiper

log = logging.getLogger(__name__)
TIDY_EVERY = 60.0
"""Seconds between looks at what is to be erased, by one process for all."""
ANNOUNCED_FOR = 10.0
"""Seconds within which only one of several processes says that the product is ready."""
FIRST_LOOK = 10.0
"""Seconds that a process waits at its start to learn whether Rasa is there; one that is not there is known at once."""
REPLACED_WITHIN = 45.0
"""Seconds in which several processes of the front door start again, on a slow machine."""
PATIENCE = 10.0
"""Seconds that a database may take for one statement of the front door's."""
SWEEP_EVERY = 2.0
"""Seconds between looks at whether somebody or the desk's day is gone, and whether officers changed anything."""


class SafetyHeaders:
    """Adds the headers that keep a page from doing, loading or telling anything but its own."""

    def __init__(self, app: ASGIApp, frame_ancestors: str) -> None:
        self.app = app
        policy = (
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; frame-src 'self'; "
            "form-action 'self'; base-uri 'none'; frame-ancestors "
        )
        # Nobody frames the desk, whoever may frame the chat; with no referrer at all, browsers would not say where its forms come from.
        self.staff = {"Content-Security-Policy": f"{policy}'none'", "Referrer-Policy": "same-origin"}
        self.headers = {
            "Content-Security-Policy": f"{policy}{frame_ancestors}",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers[name] = value
                if scope.get("path", "").startswith("/static/") and b"v=" in scope.get("query_string", b""):
                    headers["Cache-Control"] = "public, max-age=31536000, immutable"
                headers.setdefault("Cache-Control", "no-store")
                if scope.get("path", "").startswith(("/staff", "/officer")):
                    for name, value in self.staff.items():
                        headers[name] = value
            await send(message)

        await self.app(scope, receive, with_headers if scope["type"] == "http" else send)


class OneLength:
    """Refuses a request that says its length in two ways (RFC 9112, 6.1): what is before us may have believed the other one."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        told = {name for name, _ in scope.get("headers", ())}
        if scope["type"] == "http" and {b"content-length", b"transfer-encoding"} <= told:
            await Response(status_code=400, headers={"Connection": "close"})(scope, receive, send)
            return
        await self.app(scope, receive, send)


def _keep_away_page(pipeline: Pipeline) -> None:
    """Write the page for when no front door answers, from the directory as it is now."""
    keep_away_page(pipeline.settings.var / AWAY_FOLDER, lambda: make_away_page(pipeline.composer(), pipeline.catalogues, utc_now()))


async def _get_ready(pipeline: Pipeline) -> None:
    """Do beforehand what nobody is to wait for."""
    # What is open today is worked out once a day.
    today = functools.partial(pipeline.look_up.find, "", None, Filters(open_now=True), utc_now())
    works: tuple[Callable[[], object], ...] = (functools.partial(_keep_away_page, pipeline), pipeline.look_up.keep, today)
    for work in works:
        try:
            await to_thread.run_sync(work)
        except Exception as error:
            log.error("The page for when no front door answers, or the look-up, could not be made ready: %s", type(error).__name__)


async def _tidy_for_ever(
    pipeline: Pipeline, office: Office, insights: Insights, jobs: Jobs, wiper: Wiper, timekeeping: Timekeeping
) -> None:
    while True:
        try:
            await to_thread.run_sync(timekeeping.look_now)
            if timekeeping.is_in_doubt:
                log.error("A clock is wrong or has jumped: nothing is erased by it until it agrees with others, and for an hour.")
            elif await to_thread.run_sync(jobs.claim, TIDYING, timedelta(seconds=TIDY_EVERY - SWEEP_EVERY)):
                failed = True
                try:
                    if timekeeping.is_sure:
                        await to_thread.run_sync(timekeeping.bring_back)
                    await _tidy(pipeline, office, insights)
                    failed = False
                finally:
                    await to_thread.run_sync(jobs.ended, TIDYING, failed)
                    # What was erased before something failed is overwritten all the same.
                    await to_thread.run_sync(wiper.wipe)
        except Exception as error:
            log.error("The tidying job failed and will be tried again: %s", type(error).__name__)
        await _get_ready(pipeline)
        await asyncio.sleep(TIDY_EVERY)


async def _tidy(pipeline: Pipeline, office: Office, insights: Insights) -> None:
    # Erasing comes first: nothing that fails after it may keep it from being done.
    await pipeline.tidy()
    for forget in (office.changes.forget, office.wordings.forget, pipeline.cold_weather.forget, pipeline.off_switches.forget):
        await to_thread.run_sync(forget, pipeline.settings.history_years)
    await to_thread.run_sync(office.uploads.forget)
    if any(one.urgent and one.overdue for one in await to_thread.run_sync(office.listing.entries)):
        office.alarm("overdue")
    await to_thread.run_sync(pipeline.desk.accounts.tidy)
    await to_thread.run_sync(pipeline.desk.reports.forget_escalations, pipeline.settings.safeguarding_years)
    await to_thread.run_sync(pipeline.desk.reports.forget_settled, pipeline.settings.history_years)
    await to_thread.run_sync(insights.forget, pipeline.settings.insight_years)


async def _sweep_for_ever(pipeline: Pipeline, pages_told: Live, timekeeping: Timekeeping) -> None:
    looks: tuple[Callable[[], Awaitable[Any]], ...] = (
        functools.partial(to_thread.run_sync, pipeline.desk.sweep),
        functools.partial(to_thread.run_sync, timekeeping.look),
        pipeline.refresh,
        pipeline.refresh_places,
    )
    while True:
        await pages_told.saved_elsewhere(SWEEP_EVERY)
        for look in looks:
            try:
                await look()
            except Exception as error:
                log.error("The desk or what officers changed could not be looked over and will be again: %s", type(error).__name__)


def _stop_if_failed(watching: asyncio.Task[None]) -> None:
    """End the process where the engine was found to be set up wrongly: a running page would hide it."""
    if not watching.cancelled() and watching.exception():
        log.error("%s", watching.exception())
        os.kill(os.getpid(), signal.SIGTERM)


def _is_watched_over() -> bool:
    """Tell whether what started this process is still there; true where nothing watches over it but the system."""
    watcher = multiprocessing.parent_process()
    return watcher is None or os.getppid() == watcher.pid


async def _leave_when_replaced() -> None:
    """End this process some time after the one that watched over it: another has been started meanwhile, with processes of its own."""
    while _is_watched_over():
        await asyncio.sleep(1.0)
    log.error("Who watches over this process is gone: it ends in %.0f s.", REPLACED_WITHIN)
    await asyncio.sleep(REPLACED_WITHIN)
    os.kill(os.getpid(), signal.SIGTERM)


async def _announce(engine: Engine, memory: SharedMemory, address: str) -> None:
    while not engine.ready:
        await asyncio.sleep(0.2)
    if memory.first("announced", ANNOUNCED_FOR):
        print(f"\n  Welcome Desk is ready. Open {address}\n", flush=True)


def app_of_this_environment() -> Starlette:
    """Make the application of one of several processes, from the settings of its environment."""
    settings = read_settings()
    # Those that are left when their watcher is killed still write.
    hold(settings.var)
    set_up_logs("web", settings.log_format)
    # uvicorn's own handler would only note it, and what waits for its database would go on waiting.
    noting = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        wait_until_prepared(settings, lambda: None if _is_watched_over() else sys.exit(0))
    finally:
        signal.signal(signal.SIGTERM, noting)
    return make_app_or_end(settings)


def make_app_or_end(settings: Settings) -> Starlette:
    """Make the application. Ends this process where something that ``prepare`` learns is missing or a setting cannot be used."""
    try:
        return make_app(settings)
    except DeskError as error:
        log.error("%s", error)
        sys.exit(1)


def make_app(settings: Settings) -> Starlette:
    """Make the application. Raises SetUpError where what ``python -m bot prepare`` builds is missing."""
    read_templates()
    database = open_database(settings.database_url, patience=PATIENCE)
    stay_open(database)
    live = LiveDirectory(database)
    memory = SharedMemory(settings.redis_url, name_of_product(settings.database_url))
    engine = Engine(settings.rasa_urls, settings.actions_url, settings.engine_timeout, settings.web_workers)
    directory = live.current()
    reader, meaning = open_reader(settings, directory), open_meaning(settings, directory)
    signals = Signals(memory)
    pages_told = Live(signals.tell)
    notifier = Notifier(settings.desk_notify, memory)
    vault = Vault(settings.var)
    limiter = Limiter(memory, vault.secret_for("limits"))
    off_switches = OffSwitches(database)
    desk = Desk(
        database,
        Accounts(database, limiter=limiter),
        DeskHours(settings.desk_hours),
        vault,
        idle=timedelta(minutes=settings.idle_minutes),
        gone_after=timedelta(seconds=settings.desk_gone_seconds),
        changed=pages_told.changed,
        alert=notifier.alert,
        district=lambda place: live.current().district_of(place),
        is_off=lambda: off_switches.off(HANDOVER) is not None,
    )
    tried = open_database(settings.database_url, patience=PATIENCE)
    storage = Storage(functools.partial(try_to_read, tried), Jobs(tried).try_to_write)
    store = ConversationStore(database, settings.idle_minutes, kept=storage.written)
    wordings = Wordings(database, utc_now)
    catalogues = Catalogues(wordings=wordings)
    look_up = open_look_up(directory, meaning, catalogues, live.tables, reader.gazetteer.common_words)
    cold_weather = ColdWeatherSwitch(database)
    translator = Translator(settings.translate_url) if settings.translate_url else None
    feedback = FeedbackBook(database, settings.feedback_unread_days, settings.feedback_days)
    turns = Turns(memory, "visitor")
    pipeline = Pipeline(
        settings, store, live, reader, catalogues, engine, meaning, desk, look_up, cold_weather, off_switches, feedback, turns, translator
    )
    jobs = Jobs(database)
    office = Office(Changes(database), Listing(database), Uploads(database), Learning(jobs), wordings, notifier.alert)
    insights = Insights(database)
    wiper = Wiper(database, jobs, settings.tracker_file)
    timekeeping = Timekeeping(database, jobs, memory)
    health = Health(storage, engine, memory, timekeeping, settings.var, settings.models, notifier.alert)
    figures = Figures(engine, desk, jobs, memory, off_switches, health)
    of_code = commit()

    async def healthz(request: Request) -> Response:
        return JSONResponse({"alive": True})

    async def readyz(request: Request) -> Response:
        reachable = READS not in storage.since
        ready = engine.ready and not storage.away.is_set()
        body = {
            "ready": ready,
            "engine": engine.ready,
            "database": reachable,
            "faults": [fault.kind for fault in health.faults()],
            "model": engine.model,
            "version": __version__,
            "commit": of_code,
        }
        return JSONResponse(body, 200 if ready else 503)

    async def icon(request: Request) -> Response:
        """Where browsers look for the icon of what is no page."""
        return FileResponse(STATIC / "icon.svg")

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        shown = f"http://{settings.host}:{settings.port}/"
        tasks = [
            asyncio.create_task(work)
            for work in (
                engine.watch(),
                storage.watch(),
                health.watch(),
                _tidy_for_ever(pipeline, office, insights, jobs, wiper, timekeeping),
                _sweep_for_ever(pipeline, pages_told, timekeeping),
                _announce(engine, memory, shown),
                signals.listen(pages_told.hear),
                *([_leave_when_replaced()] if settings.web_workers > 1 else []),
            )
        ]
        tasks[0].add_done_callback(_stop_if_failed)
        # A process that takes another's place must not tell people that Rasa is away only because it has not looked yet.
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(engine.first_look(), FIRST_LOOK)
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await engine.close()
        await memory.close()

    app = Starlette(
        routes=[
            *chat_page.routes,
            *pages.routes,
            *sheet.routes,
            *embed.routes,
            *door.routes,
            *council_door.routes,
            *look_up_pages.routes,
            *queue.routes,
            *staff_chat.routes,
            *home.routes,
            *wording_pages.routes,
            *catalogue_files.routes,
            *reviews.routes,
            *translations.routes,
            *phrases.routes,
            *records.routes,
            *editing.routes,
            *files.routes,
            *places.routes,
            *approvals.routes,
            *history.routes,
            *cold_weather_page.routes,
            *off_switches_page.routes,
            *insight_pages.routes,
            *feedback_pages.routes,
            *api.routes,
            *feed.routes,
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            Route("/metrics", figures.show),
            Route("/favicon.ico", icon),
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        exception_handlers={
            MessageRefused: chat_page.refused,
            UnknownConversation: api.unknown,
            ConversationLeft: chat_page.show_ended,
            404: chat_page.not_found,
        },
        lifespan=lifespan,
    )
    app.add_middleware(StorageGuard, storage=storage, answer=answer_without_database)
    # A page names its session only where the visitor's own form sent it, so compressing it gives nothing away to another site.
    app.add_middleware(GZipMiddleware, minimum_size=500)
    app.add_middleware(SafetyHeaders, frame_ancestors=settings.frame_ancestors)
    app.add_middleware(Measured, seconds=figures.seconds)
    app.add_middleware(OneLength)
    app.state.pipeline = pipeline
    app.state.live = pages_told
    app.state.storage = storage
    app.state.health = health
    app.state.office = office
    app.state.insights = insights
    app.state.council = open_council(settings, Identities(database), vault)
    # A hash takes its time: threads of its own, so that no number of tries keeps visitors waiting.
    app.state.signing_in = CapacityLimiter(2)
    app.state.limits = RateLimits(settings, limiter)
    # Urgent words are given only after counting, which must not wait behind what waits for a database.
    app.state.counting = CapacityLimiter(8)
    app.state.slow_codes = CapacityLimiter(1)
    # What is left while the database is away, by the token of its chat.
    app.state.leaving = set()
    app.state.feed = Feed(database, feed.open_feed_words(catalogues))
    app.state.feed_lane = CapacityLimiter(2)
    return app
