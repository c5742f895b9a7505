"""How soon each process of the product answers, and how much memory it takes, beside Rasa's own command and another checkout.

``python -m benchmarks.processes`` starts the action server, Rasa and the front door one after the other, each once the one before
answers, asks some questions, and prints for each the seconds until it answered, those of a core that it had used by then (which depend
less on what else the machine does) and its memory in MB: resident (RSS) and proportional (PSS, in which pages that several processes
share count once). Beside Rasa stands ``rasa run`` with the same model and nothing left out.
``--beside CHECKOUT`` measures the product of another checkout, an earlier one, in the same run; its models must have been made there by
``python -m bot prepare``. Takes two minutes.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from bot.runner import rasa_environment
from bot.settings import RASA_MODEL, ROOT, read_settings
from tests.stack.running_stack import Stack

WITHIN = 240.0
QUESTIONS = ("hello", "food bank in Ely", "Де я можу вивчати англійську в Елі?", "وين المكتبة", "I have nowhere to sleep tonight") * 4


@dataclass(frozen=True)
class Figures:
    """Seconds until a process answered, those of a core that it had used by then, and its memory in MB."""

    answers: float
    used: float
    resident: float
    proportional: float


@contextmanager
def running(command: list[str], checkout: Path, environment: dict[str, str], address: str) -> Iterator[tuple[int, float, float]]:
    """Run a command until the block ends; gives its process id, after how many seconds ``address`` answered with 200, and how many
    of a core it had used by then.
    """
    began = time.perf_counter()
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, cwd=checkout, env={**environment, "OMP_NUM_THREADS": "1"}, stdout=quiet, stderr=quiet) as process:
        try:
            while True:
                assert process.poll() is None, f"{command} ended"
                assert time.perf_counter() - began < WITHIN, f"{address} does not answer"
                try:
                    if httpx.get(address, timeout=30, trust_env=False).status_code == httpx.codes.OK:
                        break
                except httpx.TransportError:
                    pass
                time.sleep(0.05)
            used = psutil.Process(process.pid).cpu_times()
            yield process.pid, time.perf_counter() - began, used.user + used.system
        finally:
            process.terminate()


def memory(process_id: int, answers: float, used: float) -> Figures:
    """Look at the memory of a process that answered after so many seconds and used so many of a core."""
    told = psutil.Process(process_id).memory_full_info()
    return Figures(answers, used, told.rss / 1e6, told.pss / 1e6)


def measure(checkout: Path, folder: Path) -> dict[str, Figures]:
    """Run the product of a checkout, and Rasa's own command with its model; give each process's figures."""
    stack = Stack(folder, checkout=checkout, on_servers=False)
    environment = stack.settings()
    python = [sys.executable, "-m"]
    subprocess.run([*python, "bot", "prepare"], cwd=checkout, env=environment, check=True, stdout=subprocess.DEVNULL)
    rasa = f"http://127.0.0.1:{stack.ports['RASA_PORT']}/webhooks/front/state"
    plain = [*python, "rasa", "run", "--interface", "127.0.0.1", "--port", stack.ports["RASA_PORT"], "--quiet"]
    plain += [
        "--model",
        str(checkout / "models" / f"{RASA_MODEL}.tar.gz"),
        "--endpoints",
        "endpoints.yml",
        "--credentials",
        "credentials.yml",
    ]
    whole = {**environment, **rasa_environment(read_settings(environment))}
    found = {}
    with running(plain, checkout, whole, rasa) as started:
        found["rasa run, nothing left out"] = memory(*started)
    with ExitStack() as stopped:
        actions = f"http://127.0.0.1:{stack.ports['ACTIONS_PORT']}/health"
        at = {
            name: stopped.enter_context(running([*python, "bot", name], checkout, environment, address))
            for name, address in (("actions", actions), ("rasa", rasa), ("web", f"{stack.url}/readyz"))
        }
        for text in QUESTIONS:
            stack.client.post("/api/v1/chat", json={"text": text}).raise_for_status()
        found |= {name: memory(*started) for name, started in at.items()}
    return found


def show(title: str, found: dict[str, Figures], beside: dict[str, Figures]) -> None:
    """Print a table; each ratio is to the figure of the same process in ``beside``."""
    print(f"{title:30}{'answers (s)':>18}{'core used (s)':>18}{'RSS (MB)':>18}{'PSS (MB)':>18}")
    for name, figures in found.items():
        other = beside[name]
        pairs = zip(vars(figures).values(), vars(other).values(), strict=True)
        print(f"{name:30}" + "".join(f"{value:9.1f} ({value / base:.2f})".rjust(18) for value, base in pairs))
    print()


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--beside", metavar="CHECKOUT", type=Path, help="another checkout, measured in the same run")
    beside = options.parse_args().beside
    with tempfile.TemporaryDirectory() as folder:
        for name in ("ours", "theirs"):
            (Path(folder) / name).mkdir()
        theirs = measure(beside.resolve(), Path(folder) / "theirs") if beside else {}
        ours = measure(ROOT, Path(folder) / "ours")
    plain = ours["rasa run, nothing left out"]
    show("this checkout (to rasa run)", ours, dict.fromkeys(ours, plain))
    if theirs:
        show("the other (to rasa run)", theirs, dict.fromkeys(theirs, plain))
        show("this checkout (to the other)", ours, theirs)


if __name__ == "__main__":
    main()
