"""Cases: the real certbot and a real ACME server (RFC 8555), which asks a DNS server that has what Route 53 has."""

import contextlib
import json
import subprocess
import types

import acme
from certificates import machine_for, slow, texts, zone
from machine import cases_of, contains, equal

CERTBOT = "/usr/bin/certbot"


@contextlib.contextmanager
def authority(cloud, *prefixes, valid_days=90, reaches_dns=True):
    """A machine that is to have a certificate for names in a zone of its own, and an authority that gives it out.

    The DNS server has a change of the zone only when Route 53 has said that it has arrived.
    """
    name, zone_id = zone(cloud)
    seen, shown = [], set()
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(acme.pebble(valid_days))

        def arrived():
            found = {record: values for record, (_, values) in texts(cloud, zone_id).items()} if reaches_dns else {}
            seen.append({record: len(values) for record, values in found.items()})
            for record in shown | set(found):
                acme.show_texts(server.management, record, [value.strip('"') for value in found.get(record, [])])
            shown.update(found)

        endpoint, asked = stack.enter_context(slow(cloud, 1, arrived))
        domains = [prefix + name for prefix in prefixes]
        machine = stack.enter_context(machine_for(cloud, *domains, certbotPath=CERTBOT, awsHostedZoneId=zone_id))
        machine.environment |= {"AWS_ENDPOINT_URL_ROUTE_53": endpoint, "REQUESTS_CA_BUNDLE": server.certificate}
        settings = machine.root / ".config" / "letsencrypt" / "cli.ini"
        settings.parent.mkdir(parents=True)
        settings.write_text(f"server = https://127.0.0.1:{server.port}/dir\n")
        certificate = machine.root / "le" / "config" / "live" / name / "fullchain.pem"
        yield types.SimpleNamespace(
            machine=machine,
            name=name,
            certificate=certificate,
            record=f"_acme-challenge.{name}.",
            asked=asked,
            seen=seen,
            left=lambda: texts(cloud, zone_id),
        )


def certified(certificate):
    """The names that a certificate is for."""
    asked = ["openssl", "x509", "-noout", "-ext", "subjectAltName", "-in", certificate]
    told = subprocess.run(asked, check=True, capture_output=True, text=True).stdout
    return {name.strip().removeprefix("DNS:") for name in told.splitlines()[1].split(",")}


def a_wildcard_and_its_base_name_are_proven_for_one_certificate_that_is_kept_while_it_holds(cloud):
    with authority(cloud, "", "*.") as at:
        equal(at.machine.run("le-get-certs", timeout_s=120), ("", ""))
        equal(certified(at.certificate), {at.name, f"*.{at.name}"})
        # The one record held both values when the authority looked, and nothing is left of it.
        equal((at.seen, at.left()), ([{at.record: 1}, {at.record: 2}], {}))
        first = at.certificate.read_text()
        at.asked.clear()
        equal(at.machine.run("le-get-certs", timeout_s=120), ("", ""))
        equal((at.certificate.read_text(), at.asked), (first, []))


def a_name_that_is_added_makes_a_certificate_for_all_of_them(cloud):
    with authority(cloud, "") as at:
        at.machine.run("le-get-certs", timeout_s=120)
        equal(certified(at.certificate), {at.name})
        settings = at.machine.root / "le.json"
        config = json.loads(settings.read_text())
        config["domains"].append(f"www.{at.name}")
        settings.write_text(json.dumps(config))
        at.machine.run("le-get-certs", timeout_s=120)
        equal((certified(at.certificate), at.left()), ({at.name, f"www.{at.name}"}, {}))


def a_certificate_that_ends_soon_is_renewed(cloud):
    with authority(cloud, "", "*.", valid_days=10) as at:
        at.machine.run("le-get-certs", timeout_s=120)
        first = at.certificate.read_text()
        at.machine.run("le-get-certs", timeout_s=120)
        equal(at.certificate.read_text() == first, False)
        equal((certified(at.certificate), at.left()), ({at.name, f"*.{at.name}"}, {}))


def a_challenge_that_the_authority_does_not_see_is_a_failure_that_leaves_nothing_in_the_zone(cloud):
    with authority(cloud, "", "*.", reaches_dns=False) as at:
        stdout, stderr = at.machine.run("le-get-certs", exit_code=1, timeout_s=120)
        equal(stdout, "")
        contains(stderr, at.name, f"certbot's log is in {at.machine.root}/le/logs")
        equal((at.certificate.exists(), at.left()), (False, {}))


CASES = [case for case in cases_of(__name__) if case not in (authority, certified)]
