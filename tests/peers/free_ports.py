#!/usr/bin/env python3
"""Prints free TCP ports of 127.0.0.1, each with the port 10000 above it free too (SeaweedFS takes that one for gRPC).

They lie below the range from which the system takes the ports of outgoing connections, so that none of those takes
one between this look and the server's start.
"""

import random
import socket
import sys


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def main() -> None:
    wanted = int(sys.argv[1])
    candidates = (p for p in random.sample(range(11000, 22000), 11000) if is_free(p) and is_free(p + 10000))
    print(*(next(candidates) for _ in range(wanted)))


main()
