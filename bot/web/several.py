"""Several processes of the front door, and what watches over them: uvicorn's, which starts them again when they die."""

from socket import socket

from uvicorn.config import Config
from uvicorn.supervisors import multiprocess


class FrontDoor(multiprocess.Process):
    """One of them, which is seen at once to die also where it dies before its first sign of life.

    As long as we hold its end of the line, too, the line never ends, and uvicorn waits for that sign until ``timeout_worker_healthcheck``
    is over (0.54: supervisors/multiprocess.py, _healthcheck).
    """

    def start(self) -> None:
        super().start()
        self.child_conn.close()


def watch_over_several(config: Config, listening_at: socket) -> None:
    """Run as many front doors as ``config`` says, until this process is told to stop."""
    multiprocess.Process = FrontDoor  # type: ignore[misc]
    multiprocess.Multiprocess(config, sockets=[listening_at]).run()
