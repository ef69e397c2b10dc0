"""A generated certificate: certbot in a container, a real ACME server (RFC 8555), the challenge answered by the proxy."""

import contextlib
import ipaddress
import json
import os
import socket
import subprocess
import tempfile

from host import SECURE, Host, docker, master, workers
from load import ask, ask_https, served_certificate
from machine import cases_of, contains, equal, until

DAY_S = 86_400
NAMES = [SECURE, "www.example.com"]


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@contextlib.contextmanager
def pebble(machine, valid_days):
    """The ACME server, with names that all lead to this machine; certbot is told to use it."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="c2-pebble-"))
        key, certificate = f"{folder}/key.pem", f"{folder}/cert.pem"
        made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=pebble", "-days", "2"]
        subprocess.run([*made, "-keyout", key, "-out", certificate], check=True, capture_output=True)
        dns, management, port, other = (free_port() for _ in range(4))
        settings = {
            "listenAddress": f"0.0.0.0:{port}",
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
        environment = {**os.environ, "PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0"}
        for command in (names, server):
            process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment)
            stack.callback(process.wait)
            stack.callback(process.kill)
        until(lambda: listens(port), "pebble listens")
        subnet = docker("network", "inspect", "bridge", "-f", "{{(index .IPAM.Config 0).Subnet}}").strip()
        # This machine, as containers reach it.
        gateway = ipaddress.ip_network(subnet)[1]
        settings = machine.root / "opt" / "etc" / "letsencrypt" / "cli.ini"
        settings.parent.mkdir(parents=True, exist_ok=True)
        settings.write_text(f"server = https://{gateway}:{port}/dir\nno-verify-ssl = true\n")
        yield


def listens(port):
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def generate(machine, exit_code=0):
    return machine.run("generate-ssl-certificate", exit_code=exit_code, timeout_s=180)


def secured(machine):
    machine.config["deployMode"]["proxy"]["endPoints"]["secure"] = {
        "serverNames": NAMES,
        "etype": {"httpsWithRedirect": "generated"},
    }
    machine.config["autoCertContactEmail"] = "ops@example.com"
    machine.write_config()


def a_generated_certificate_is_obtained_served_and_renewed_and_touches_nothing_while_it_holds():
    with Host() as machine:
        contains(generate(machine)[1], "there is nothing to obtain")
        secured(machine)
        machine.run("start", "r1.zip", "a")
        machine.run("connect", "secure", "a")
        # Until there is one, the challenge's port answers alone.
        equal((ask(SECURE)[0], listens(443)), (301, False))
        contains(machine.run("status")[0], "Certificates:\n  secure: ", "is not there")
        with pebble(machine, valid_days=10):
            contains(generate(machine)[1], "the certificate camus2cert of secure.example.com, www.example.com is served")
            first = served_certificate()
            equal([ask_https(name) for name in NAMES], [(200, "one")] * 2)
            contains(machine.run("status")[0], "expires in 9 days")
            # Certbot renews what expires within a month.
            generate(machine)
            second = served_certificate()
            equal(first == second, False)
        with pebble(machine, valid_days=90):
            generate(machine)
            third, running = served_certificate(), workers(master())
            equal(second == third, False)
            _, told = generate(machine)
            equal((served_certificate(), workers(master())), (third, running))
            contains(told, "expires in 89 days")
        equal(ask_https(SECURE), (200, "one"))


def a_certificate_that_cannot_be_had_is_a_failure_that_names_the_log_and_changes_nothing():
    with Host() as machine:
        secured(machine)
        machine.config["autoCertContactEmail"] = ""
        machine.write_config()
        contains(generate(machine, exit_code=1)[1], "autoCertContactEmail is empty")
        secured(machine)
        machine.run("start", "r1.zip", "a")
        machine.run("connect", "main", "a")
        with pebble(machine, valid_days=90):
            pass
        _, told = generate(machine, exit_code=1)
        contains(told, "obtain the certificate", f"certbot's log is in {machine.root}/opt/var/log/letsencrypt")
        equal(ask("main.example.com"), (200, "one"))


CASES = [case for case in cases_of(__name__) if case not in (free_port, pebble, listens, generate, secured)]
LONG = []
