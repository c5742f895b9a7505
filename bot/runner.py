"""Starting the three processes, each from its line of the Procfile."""

import os
import signal
import socket
import subprocess
import sys
import warnings
from typing import Any

from bot.errors import SetUpError
from bot.settings import RASA_MODEL, ROOT, Settings

QUIET = {
    "RASA_TELEMETRY_ENABLED": "false",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
}
"""The environment of every process that imports Rasa: no telemetry, no chatter."""
LARGEST_HEAD = 16 * 1024
"""Bytes that the request line and the headers of a request may have together."""


def check_ports(settings: Settings) -> None:
    """Raise SetUpError naming a port that something else is using."""
    for name, host, port in (
        ("PORT", settings.host, settings.port),
        ("RASA_PORT", "127.0.0.1", settings.rasa_port),
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
    """Run the Procfile's processes until one ends or Ctrl-C; give the exit status."""
    from honcho.environ import parse_procfile
    from honcho.manager import Manager

    check_ports(settings)
    manager = Manager()
    environment = {
        **os.environ,
        "PATH": f"{os.path.dirname(sys.executable)}{os.pathsep}{os.environ.get('PATH', '')}",
        "PYTHONUNBUFFERED": "1",
        "OMP_NUM_THREADS": "1",
    }
    for name, command in parse_procfile((ROOT / "Procfile").read_text()).processes.items():
        manager.add_process(name, command, env=environment, cwd=str(ROOT))
    manager.loop()
    # Honcho gives the status of what ended first; being stopped by Ctrl-C or SIGTERM is no failure.
    return 0 if manager.returncode in (None, 0, 130, 143, -2, -15) else int(manager.returncode)


def listening(settings: Settings) -> dict[str, Any]:
    """Give how uvicorn listens for the front door.

    Its parser is h11, whatever Rasa's Sanic brings along: httptools takes headers of any size into memory, a request with two hosts and
    one with none.
    """
    return {
        "host": settings.host,
        "port": settings.port,
        "http": "h11",
        "h11_max_incomplete_event_size": LARGEST_HEAD,
        "access_log": False,
        "log_level": "warning",
        "proxy_headers": bool(settings.trusted_proxies),
        "forwarded_allow_ips": settings.trusted_proxies or None,
        "server_header": False,
        "ws": "none",
        "timeout_graceful_shutdown": 5,
    }


def run_web(settings: Settings) -> None:
    """Run the front door in this process."""
    import uvicorn

    from bot.web.app import make_app

    uvicorn.run(make_app(settings), **listening(settings))


def rasa_environment(settings: Settings) -> dict[str, str]:
    """Give the environment Rasa runs in; ``endpoints.yml`` reads its variables."""
    return {
        **QUIET,
        "TRACKER_DB": str(settings.var / f"rasa-{settings.area}.db"),
        "ACTIONS_WEBHOOK": f"{settings.actions_url}/webhook",
    }


def hush_warnings() -> None:
    """Keep the deprecation warnings of Rasa's frozen dependencies out of the operator's terminal.

    Filters do not: some of those packages set the filters back.
    """
    warnings.showwarning = lambda *_args, **_kwargs: None


def run_rasa(settings: Settings) -> None:
    """Run Rasa's server in this process, on loopback, without its HTTP API."""
    settings.var.mkdir(parents=True, exist_ok=True)
    os.environ.update(rasa_environment(settings))
    os.chdir(ROOT)
    hush_warnings()
    sys.argv = ["rasa", "run", "--interface", "127.0.0.1", "--port", str(settings.rasa_port), "--quiet"]
    sys.argv += ["--model", str(settings.models / f"{RASA_MODEL}.tar.gz")]
    sys.argv += ["--endpoints", "endpoints.yml", "--credentials", "credentials.yml"]
    from rasa.__main__ import main

    from bot.nlu.action_results import check_schema_once

    check_schema_once()
    main()


def run_actions(settings: Settings) -> None:
    """Run the action server in this process, on loopback (rasa_sdk's own command listens to everybody)."""
    hush_warnings()
    from rasa_sdk.endpoint import create_app

    app = create_app("actions")
    app.run("127.0.0.1", settings.actions_port, workers=1, access_log=False, motd=False)
