"""The log of every process: what happened in the product, and nothing of who asked or what was said."""

import logging
import re
import sys
import traceback
from typing import Any

import structlog

_TOLD_IN_FULL = ("bot", "actions", "uvicorn")
"""Whose own words are written: ours, and the server's, which are the same for everybody."""
_ADDRESS = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b|\b(?:[0-9a-f]{1,4}:){3,7}[0-9a-f:]*[0-9a-f]{1,4}\b", re.I)
"""An address of the Internet Protocol, of either version."""


def set_up_logs(process: str, style: str) -> None:
    """Let everything that this process logs go to standard error, one entry a line; replaces what another library has set up.

    ``process`` is ``web``, ``rasa`` or ``actions``; ``style`` is ``json`` or ``plain``. An error is told by its kind and by where it arose,
    and an entry of a library by where it was written: their own words may quote a message. Addresses are taken out of the rest.
    """
    render: list[Any] = [structlog.processors.JSONRenderer(ensure_ascii=False)]
    if style == "plain":
        render = [_as_line]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        ],
        processors=[_tells_nobody(process), *render],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    # uvicorn, sanic and Rasa bring handlers of their own, which would write the same a second time and with addresses.
    for name in list(logging.root.manager.loggerDict):
        logger = logging.getLogger(name)
        logger.handlers = []
        logger.propagate = True


def _tells_nobody(process: str) -> Any:
    def processor(_logger: Any, _method: str, entry: dict[str, Any]) -> dict[str, Any]:
        record, error = entry["_record"], entry.get("exc_info")
        if error is True:
            error = sys.exc_info()
        if isinstance(error, BaseException):
            error = (type(error), error, error.__traceback__)
        event = f"{record.pathname}:{record.lineno}"
        if record.name.partition(".")[0] in _TOLD_IN_FULL:
            event = _ADDRESS.sub("[address]", str(entry["event"]).strip())
        told: dict[str, Any] = {"at": entry["at"], "level": entry["level"], "process": process, "logger": record.name, "event": event}
        if error and error[0]:
            told["error"] = error[0].__name__
            told["where"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error[2])]
        return told

    return processor


def _as_line(_logger: Any, _method: str, entry: dict[str, Any]) -> str:
    """Write an entry for somebody who reads along in a terminal."""
    lines = [f"{entry['at']} {entry['level']} {entry['process']} {entry['event']}"]
    if "error" in entry:
        lines += [f"  {entry['error']}", *(f"    {place}" for place in entry["where"])]
    return "\n".join(lines)
