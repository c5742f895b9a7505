"""The three processes: whether they run and answer. Asked on this computer alone."""

import socket
from typing import Any

import httpx

from bot import __version__
from bot.doctor.findings import Finding, Installation, Level, judged
from bot.release import commit
from bot.settings import Settings

PATIENCE = 3.0
CHECK = "Running"
START = "Start it: `make run`, or its service."


def running(case: Installation) -> list[Finding]:
    """Look at whether the front door, every Rasa and the action server answer, and whether their ports are theirs."""
    settings = case.settings
    asked = [("front door", settings.port, f"{_door(settings)}/healthz", "alive")]
    asked += [
        ("Rasa", port, f"{url}/webhooks/front/state", "sql_tracker_store")
        for port, url in zip(settings.rasa_ports, settings.rasa_urls, strict=True)
    ]
    asked += [("action server", settings.actions_port, f"{settings.actions_url}/health", "status")]
    told = [(name, port, _ask(address), shape) for name, port, address, shape in asked]
    faults = []
    for name, port, answer, shape in told:
        if answer is not None and shape not in answer:
            faults.append((Level.BROKEN, f"Something else than the {name} answers at port {port}.", "Stop it, or choose another port."))
        elif answer is None and _listens(port):
            do = "Stop the product and start it again. If the port is taken even then, something else has it: stop that."
            faults.append((Level.BROKEN, f"Port {port} is taken, and no {name} answers there.", do))
    if faults:
        return judged(CHECK, faults, "")
    if all(answer is None for _name, _port, answer, _shape in told):
        return [Finding(CHECK, Level.LOOK, "The product does not run; its ports are free.", START)]
    for name, port, answer, _shape in told:
        if answer is None:
            do = "Stop the product and start it again; its log says why."
            faults.append((Level.BROKEN, f"The {name} (port {port}) does not run, though others do.", do))
        elif answer.get("ready") and not answer.get("sql_tracker_store"):
            faults.append(
                (Level.BROKEN, "Rasa keeps conversations in memory instead of the database.", "Put endpoints.yml back as it was.")
            )
    if told[0][2]:
        faults += _ready(settings)
    return judged(CHECK, faults, "Front door, Rasa and action server answer, and a real question was answered.")


def _ready(settings: Settings) -> list[tuple[Level, str, str]]:
    told = _ask(f"{_door(settings)}/readyz") or {}
    if not told.get("database", True):
        return [(Level.BROKEN, "The front door does not reach the database.", "See what is said of the database.")]
    if not told.get("ready"):
        do = "While it starts, wait a minute. Otherwise people see emergency numbers and the directory only: see the log."
        return [(Level.BROKEN, "The front door is not ready: Rasa has not answered its question yet.", do)]
    here = __version__, commit()
    if (told.get("version"), told.get("commit")) != here:
        return [
            (Level.LOOK, f"What runs is version {told.get('version')} {told.get('commit')}, here is {' '.join(here)}.", "Start it again.")
        ]
    return []


def _door(settings: Settings) -> str:
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "localhost") else settings.host  # noqa: S104 - compared, not listened at
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


def _ask(address: str) -> dict[str, Any] | None:
    """Give what is answered, empty where it is not JSON as ours is; None where nothing is."""
    try:
        told = httpx.get(address, timeout=PATIENCE, trust_env=False).json()
    except httpx.HTTPError:
        return None
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(PATIENCE)
        return probe.connect_ex(("127.0.0.1", port)) == 0
