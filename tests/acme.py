"""A real ACME server (RFC 8555): pebble, which finds names in a DNS server of its own, pebble-challtestsrv."""

import collections
import contextlib
import json
import os
import socket
import subprocess
import tempfile
import urllib.request

from machine import until

DAY_S = 86_400

# `port` of the ACME server, `certificate`: the path of the one to trust it by, `management`: the URL to change DNS by.
Pebble = collections.namedtuple("Pebble", "port certificate management")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def listens(port):
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@contextlib.contextmanager
def pebble(valid_days, address="127.0.0.1"):
    """The server at an address, whose certificates hold so long; what DNS does not know leads to this machine."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="c2-pebble-"))
        key, certificate = f"{folder}/key.pem", f"{folder}/cert.pem"
        made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=pebble", "-days", "2"]
        made += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate]
        subprocess.run(made, check=True, capture_output=True)
        dns, management, port, other = (free_port() for _ in range(4))
        settings = {
            "listenAddress": f"{address}:{port}",
            "managementListenAddress": f"127.0.0.1:{other}",
            "certificate": certificate,
            "privateKey": key,
            "httpPort": 80,
            "tlsPort": 443,
            "ocspResponderURL": "",
            "certificateValidityPeriod": valid_days * DAY_S,
        }
        with open(f"{folder}/pebble.json", "w") as file:
            json.dump({"pebble": settings}, file)
        names = ["pebble-challtestsrv", "-defaultIPv4", "127.0.0.1", "-defaultIPv6", "", "-dns01", f"127.0.0.1:{dns}"]
        names += ["-http01", "", "-https01", "", "-tlsalpn01", "", "-management", f"127.0.0.1:{management}"]
        server = ["pebble", "-config", f"{folder}/pebble.json", "-dnsserver", f"127.0.0.1:{dns}"]
        log = stack.enter_context(open(f"{folder}/log", "w"))
        # It proves each name anew, at once, and refuses nothing that it need not.
        environment = {**os.environ, "PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0", "PEBBLE_AUTHZREUSE": "0"}
        for command in (names, server):
            process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment)
            stack.callback(process.wait)
            stack.callback(process.kill)
        until(lambda: listens(port) and listens(management), "pebble listens")
        yield Pebble(port, certificate, f"http://127.0.0.1:{management}")


def show_texts(management, name, values):
    """Makes these the TXT records of a name, which ends with a dot."""
    for operation, more in [("clear-txt", {}), *(("set-txt", {"value": value}) for value in values)]:
        body = json.dumps({"host": name, **more}).encode()
        urllib.request.urlopen(f"{management}/{operation}", body).close()
