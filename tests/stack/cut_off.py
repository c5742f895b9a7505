"""Run as a program in a network namespace of its own: starts the stack with no way out, uses it, and reports.

Prints as JSON how often the kernel found no route, which is what any attempt to leave loopback ends in, and the answers.
"""

import contextlib
import fcntl
import json
import socket
import struct
import sys
from pathlib import Path

from tests.stack.running_stack import Stack

SIOCSIFFLAGS, IFF_UP = 0x8914, 0x1


def raise_loopback() -> None:
    """Bring up the namespace's loopback device, its only one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        fcntl.ioctl(probe, SIOCSIFFLAGS, struct.pack("16sh", b"lo", IFF_UP))


def no_routes() -> int:
    """Give the kernel's count of packets that had no way out, over IPv4 and IPv6."""
    lines = [line.split() for line in Path("/proc/net/snmp").read_text().splitlines() if line.startswith("Ip:")]
    count = int(dict(zip(*lines, strict=True))["OutNoRoutes"])
    six = dict(line.split() for line in Path("/proc/net/snmp6").read_text().splitlines())
    return count + int(six.get("Ip6OutNoRoutes", 0))


def main() -> None:
    raise_loopback()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        before = no_routes()
        with contextlib.suppress(OSError):
            probe.connect(("192.0.2.1", 9))
        counts = no_routes() - before
    # No PostgreSQL or Redis is in a network of one's own.
    stack = Stack(Path(sys.argv[1]), on_servers=False)
    start = no_routes()
    stack.start()
    topics = [stack.ask(text)["understood"]["topic"] for text in ("how do I join the library", "Де їжа в Елі?", "do you speak Arabic")]
    stack.client.get("/")
    stack.client.get("/privacy")
    stack.client.get("/staff/sign-in")
    stack.client.get("/staff/council")
    status = stack.stop()
    print(json.dumps({"topics": topics, "status": status, "attempts": no_routes() - start, "counter_works": counts >= 1}))


if __name__ == "__main__":
    main()
