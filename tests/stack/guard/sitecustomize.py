"""Loaded by every Python process that has this folder on its path: writes down each attempt to reach beyond this machine."""

import os
import sys

LOOPBACK = ("127.", "::1", "localhost", "0.0.0.0", "::")


def watch(event: str, arguments: tuple[object, ...]) -> None:
    """Write down a connection or a name look-up that is not for this machine."""
    if event not in ("socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"):
        return
    address = arguments[1] if event in ("socket.connect", "socket.sendto") else arguments
    host = address[0] if isinstance(address, tuple) and address else address
    if isinstance(host, bytes):
        host = host.decode(errors="replace")
    if not isinstance(host, str) or not host or host.startswith("/") or host.startswith(LOOPBACK):
        return
    with open(os.environ["OUTBOUND_LOG"], "a", encoding="utf-8") as log:
        log.write(f"{event} {host} {' '.join(sys.argv)[:80]}\n")


if os.environ.get("OUTBOUND_LOG"):
    sys.addaudithook(watch)
