"""Starting the three processes, each from its line of the Procfile."""

import os
import signal
import socket
import subprocess
import sys
import warnings
from typing import Any

from bot.errors import SetUpError
from bot.logs import set_up_logs
from bot.running import hold
from bot.seals import whole
from bot.settings import RASA_MODEL, ROOT, Settings
from bot.sharing.memory import name_of_product

QUIET = {
    "RASA_TELEMETRY_ENABLED": "false",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    "RASA_MAX_CACHE_SIZE": "0",
}
"""The environment of every process that imports Rasa: no telemetry, no chatter, no ``.rasa`` beside the code, which may be read-only."""
LARGEST_HEAD = 16 * 1024
"""Bytes that the request line and the headers of a request may have together."""


def check_ports(settings: Settings) -> None:
    """Raise SetUpError naming a port that something else is using."""
    for name, host, port in (
        ("PORT", settings.host, settings.port),
        *(("RASA_PORT", "127.0.0.1", port) for port in settings.rasa_ports),
        ("ACTIONS_PORT", "127.0.0.1", settings.actions_port),
    ):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                raise SetUpError(f"Port {port} is in use: stop what uses it, or start with {name}={port + 10} make run.") from error


def prepare_apart() -> int:
    """Run ``prepare`` in a process of its own, so that what training needs is not held while the product runs; give its status.

    SIGTERM ends it with this one: left alone, it would train beside the next start and write the same files.
    """
    with subprocess.Popen([sys.executable, "-m", "bot", "prepare"], cwd=ROOT) as preparing:
        before = signal.signal(signal.SIGTERM, lambda *_: preparing.terminate())
        try:
            return preparing.wait()
        finally:
            signal.signal(signal.SIGTERM, before)


def run_all(settings: Settings) -> int:
    """Run the Procfile's processes until Ctrl-C, or until one shows that it cannot run; give the exit status."""
    from honcho.environ import parse_procfile

    from bot.keeping import Keeper

    check_ports(settings)
    manager = Keeper()
    environment = {
        **os.environ,
        "PATH": f"{os.path.dirname(sys.executable)}{os.pathsep}{os.environ.get('PATH', '')}",
        "PYTHONUNBUFFERED": "1",
        "OMP_NUM_THREADS": "1",
    }
    for name, line in parse_procfile((ROOT / "Procfile").read_text()).processes.items():
        # No shell stands between a process and whoever watches it.
        command = f"exec {line}"
        if name == "rasa" and settings.rasa_workers > 1:
            for number, port in enumerate(settings.rasa_ports, 1):
                manager.add_process(f"rasa.{number}", command, env={**environment, "RASA_PORT": str(port)}, cwd=str(ROOT))
        else:
            manager.add_process(name, command, env=environment, cwd=str(ROOT))
    manager.loop()
    # The status is that of what ended first; being stopped by Ctrl-C or SIGTERM is no failure.
    return 0 if manager.returncode in (None, 0, 130, 143, -2, -15) else int(manager.returncode)


def listening(settings: Settings) -> dict[str, Any]:
    """Give how uvicorn listens for the front door.

    The parser is h11, whatever Rasa's Sanic brings along: httptools takes headers of any size into memory, a request with two hosts and
    one with none.
    """
    from bot.web.listening import ImpatientProtocol

    return {
        "host": settings.host,
        "port": settings.port,
        "http": ImpatientProtocol,
        "h11_max_incomplete_event_size": LARGEST_HEAD,
        "access_log": False,
        "log_config": None,
        "proxy_headers": bool(settings.trusted_proxies),
        "forwarded_allow_ips": settings.trusted_proxies or None,
        "server_header": False,
        "ws": "none",
        "timeout_graceful_shutdown": 5,
    }


def run_web(settings: Settings) -> None:
    """Run the front door: in this process, or in several that this one watches over and starts again when they die."""
    import uvicorn

    from bot.opening import wait_until_prepared
    from bot.web.app import make_app_or_end
    from bot.web.listening import raise_limit_of_connections
    from bot.web.metrics import share_figures
    from bot.web.several import watch_over_several

    hold(settings.var)
    raise_limit_of_connections()
    set_up_logs("web", settings.log_format)
    if settings.web_workers == 1:
        wait_until_prepared(settings)
        uvicorn.run(make_app_or_end(settings), **listening(settings))
        return
    share_figures(settings.var / "metrics")
    config = uvicorn.Config(
        "bot.web.app:app_of_this_environment",
        factory=True,
        workers=settings.web_workers,
        # A new process reads models and the directory before the old one goes.
        timeout_worker_healthcheck=120,
        **listening(settings),
    )
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as shared:
        # Should this process be killed, those it watched over answer people until they are replaced by another's (bot.web.app).
        for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
            shared.setsockopt(socket.SOL_SOCKET, option, 1)
        shared.bind((settings.host, settings.port))
        shared.set_inheritable(True)
        watch_over_several(config, shared)


def rasa_environment(settings: Settings) -> dict[str, str]:
    """Give the environment Rasa runs in; ``endpoints.yml`` reads its variables.

    On SQLite, Rasa's events have a file of their own, so that neither waits for the other to have written.
    """
    return {
        **QUIET,
        "TRACKER_URL": f"sqlite:///{settings.tracker_file}" if settings.on_sqlite else settings.database_url,
        "LOCK_URL": settings.redis_url,
        "LOCK_NAME": name_of_product(settings.database_url),
        "ACTIONS_WEBHOOK": f"{settings.actions_url}/webhook",
    }


def hush_warnings() -> None:
    """Keep the deprecation warnings of Rasa's frozen dependencies out of the operator's terminal.

    Filters do not: some of those packages set the filters back.
    """
    warnings.showwarning = lambda *_args, **_kwargs: None


def run_rasa(settings: Settings) -> None:
    """Run Rasa's server in this process, on loopback, without its HTTP API."""
    if settings.on_sqlite:
        # Only there it has a file to hold; on PostgreSQL it may be a user that can write nowhere.
        hold(settings.var)
    os.environ.update(rasa_environment(settings))
    os.chdir(ROOT)
    hush_warnings()
    sys.argv = ["rasa", "run", "--interface", "127.0.0.1", "--port", str(settings.rasa_port), "--quiet"]
    sys.argv += ["--model", str(whole(settings.models) / f"{RASA_MODEL}.tar.gz")]
    sys.argv += ["--endpoints", "endpoints.yml", "--credentials", "credentials.yml"]
    from bot.nlu.left_out import leave_out

    leave_out()
    from rasa.__main__ import main

    from bot.nlu.worked_out_once import work_out_once

    work_out_once()
    main()


def run_actions(settings: Settings) -> None:
    """Run the action server in this process, on loopback (rasa_sdk's own command listens to everybody)."""
    hush_warnings()
    from rasa_sdk.endpoint import create_app

    app = create_app("actions")
    set_up_logs("actions", settings.log_format)
    app.run("127.0.0.1", settings.actions_port, workers=1, access_log=False, motd=False)
