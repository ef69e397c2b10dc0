"""A generated certificate: certbot in a container, a real ACME server (RFC 8555), the challenge answered by the proxy."""

import contextlib
import ipaddress

import acme
from acme import listens
from host import SECURE, Host, docker, master, workers
from load import ask, ask_https, served_certificate
from machine import cases_of, contains, equal

NAMES = [SECURE, "www.example.com"]


@contextlib.contextmanager
def pebble(machine, valid_days):
    """The ACME server, which certbot is told to use."""
    with acme.pebble(valid_days, address="0.0.0.0") as server:
        subnet = docker("network", "inspect", "bridge", "-f", "{{(index .IPAM.Config 0).Subnet}}").strip()
        # This machine, as containers reach it.
        gateway = ipaddress.ip_network(subnet)[1]
        settings = machine.root / "opt" / "etc" / "letsencrypt" / "cli.ini"
        settings.parent.mkdir(parents=True, exist_ok=True)
        settings.write_text(f"server = https://{gateway}:{server.port}/dir\nno-verify-ssl = true\n")
        yield


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


CASES = [case for case in cases_of(__name__) if case not in (pebble, generate, secured)]
LONG = []
