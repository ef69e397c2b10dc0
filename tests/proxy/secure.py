"""https, the health path, and what endpoints answer that go nowhere."""

import socket
import subprocess

from host import MAIN, SECURE, Host, docker, proxy_id, serve_a
from load import Load, ask, ask_https, served_certificate
from machine import cases_of, contains, equal


def secured(machine):
    """Gives the machine an endpoint with a certificate of its own; returns what makes one with this serial number."""
    certificate, key = machine.root / "site.pem", machine.root / "site.key"

    def certify(serial):
        subject = ["-subj", f"/CN={SECURE}", "-days", "2", "-set_serial", str(serial)]
        options = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-out", str(certificate)]
        subprocess.run(["openssl", *options, *subject], check=True, capture_output=True)
        return certificate.read_text()

    etype = {"httpsWithRedirect": {"explicit": {"sslCertificate": str(certificate), "sslCertificateKey": str(key)}}}
    machine.config["deployMode"]["proxy"]["endPoints"]["secure"] = {"serverNames": [SECURE], "etype": etype}
    machine.write_config()
    return certify


def a_port_443_that_is_taken_leaves_what_serves():
    with Host() as machine:
        serve_a(machine)
        machine.run("connect", "other", "b")
        secured(machine)(1000)
        container = proxy_id()
        with socket.create_server(("0.0.0.0", 443)), Load(MAIN) as load:
            for _ in range(2):
                _, stderr = machine.run("connect", "secure", "a", exit_code=1)
                contains(stderr, "connect secure to a", "something else listens on port 443")
        equal((load.failures(), proxy_id()), ({}, container))
        # Whoever has it for another address is found out by nginx alone; meanwhile another endpoint's deploy dies.
        with socket.create_server(("127.0.0.2", 443)):
            for dies in (False, True):
                if dies:
                    docker("rm", "-f", *docker("ps", "-q", "--filter", "label=com.docker.compose.project=b").split())
                _, stderr = machine.run("connect", "secure", "a", exit_code=1)
                contains(stderr, "connect secure to a", "Address already in use")
                equal(ask(MAIN), (200, "one"))
        machine.run("connect", "secure", "a")
        equal(ask_https(SECURE), (200, "one"))


def an_https_endpoint_redirects_serves_and_takes_a_new_certificate():
    with Host() as machine:
        certify = secured(machine)
        machine.run("start", "r1.zip", "a")
        _, stderr = machine.run("connect", "secure", "a", exit_code=1)
        contains(stderr, "configure the endpoint secure", "does not exist")
        first = certify(1001)
        machine.run("connect", "secure", "a")
        equal(ask(SECURE)[0], 301)
        equal(served_certificate(), first)
        equal(ask_https(SECURE), (200, "one"))
        challenge = machine.root / "www" / ".well-known" / "acme-challenge"
        challenge.mkdir(parents=True)
        (challenge / "token").write_text("proof")
        equal(ask(SECURE, "/.well-known/acme-challenge/token"), (200, "proof"))
        equal(ask("nobody.example.com", "/health-check"), (200, "one"))
        second = certify(1002)
        machine.run("restart-frontend-proxy")
        equal(served_certificate(), second)
        machine.run("disconnect", "secure")
        equal(ask(SECURE)[0], 503)
        contains(machine.run("status")[0], "secure: (secure.example.com:80,443) -> (not connected)")


def the_health_path_asks_the_deploy_of_the_first_connected_endpoint():
    with Host() as machine:
        machine.run("start", "r1.zip", "a")
        machine.run("connect", "other", "a")
        equal(ask("nobody.example.com", "/health-check"), (200, "one"))
        machine.run("start", "r2.zip", "b")
        machine.run("connect", "main", "b")
        equal(ask("nobody.example.com", "/health-check"), (200, "two"))


def the_health_path_may_have_a_modifier_of_nginx_and_be_passed_on():
    with Host() as machine:
        machine.run("start", "r1.zip", "a")
        machine.run("connect", "main", "a")
        for incoming, outgoing, healthy, other in (
            ("= /h", "/", "/h", "/h/x"),
            ("=/h", "", "/h", "/h/x"),
            ("^~ /h", "/", "/h/x", "/x"),
            ("~ ^/h[0-9]$", "", "/h7", "/h77"),
            ("~* \"^/h{2}$\"", "", "/HH", "/HHH"),
            ("/", "", "/any", None),
        ):
            machine.config["healthCheck"] = {"just": {"incomingPath": incoming, "outgoingPath": outgoing}}
            machine.write_config()
            machine.run("restart-frontend-proxy")
            equal(ask("nobody.example.com", healthy), (200, "one"))
            if other:
                equal(ask("nobody.example.com", other)[0], 404)


CASES = [case for case in cases_of(__name__) if case is not secured]
LONG = []
