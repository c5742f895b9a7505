"""The operator's command line: ``python -m bot COMMAND``."""

import argparse
import os
import sys

from bot.errors import DeskError
from bot.settings import read_settings


def _say(text: str) -> None:
    print(text, flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Run one command; give the exit status. Errors of ours are one message, without a traceback."""
    parser = argparse.ArgumentParser(prog="python -m bot", description="Welcome Desk")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("prepare", help="build the directory and train the assistant, where their inputs changed")
    commands.add_parser("run", help="prepare, then start the three processes")
    commands.add_parser("web", help="the front door alone")
    commands.add_parser("rasa", help="Rasa alone, on loopback")
    commands.add_parser("actions", help="the action server alone, on loopback")
    chosen = parser.parse_args(arguments)
    try:
        settings = read_settings()
        from bot import runner

        if chosen.command in ("prepare", "run"):
            if chosen.command == "run":
                runner.check_ports(settings)
                return runner.prepare_apart() or runner.run_all(settings)
            os.environ["OMP_NUM_THREADS"] = str(os.cpu_count() or 1)
            from bot.preparing import Preparation

            Preparation(settings, _say).run()
            return 0
        {"web": runner.run_web, "rasa": runner.run_rasa, "actions": runner.run_actions}[chosen.command](settings)
        return 0
    except DeskError as error:
        print(str(error), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    sys.exit(main())
