"""Cases: certbot obtains certificates by challenges that c2 shows in Route 53."""

import contextlib
import http.server
import itertools
import json
import sys
import threading
import urllib.request

from machine import C2, cases_of, contains, equal

# What certbot does with its hooks: each name's challenge is shown before the first is removed.
CERTBOT = """#!/usr/bin/env python3
import json, os, subprocess, sys
with open(os.environ["CALLS"], "a") as calls:
    calls.write(json.dumps({"arguments": sys.argv[1:]}) + "\\n")
option = lambda name: sys.argv[sys.argv.index(name) + 1]
names = [value for flag, value in zip(sys.argv, sys.argv[1:]) if flag == "-d"]
def call(hook, name):
    domain = name.removeprefix("*.")
    validation = "wild" if name != domain else "base"
    environment = {**os.environ, "CERTBOT_DOMAIN": domain, "CERTBOT_VALIDATION": f"{validation}-challenge"}
    done = subprocess.run(option(hook), shell=True, env=environment, capture_output=True, text=True)
    if done.returncode or done.stdout or done.stderr:
        sys.exit(f"{hook} ended with {done.returncode}: {done.stdout}{done.stderr}")
for name in names: call("--manual-auth-hook", name)
subprocess.run(os.environ["WHILE_SHOWN"], shell=True, check=True)
for name in names: call("--manual-cleanup-hook", name)
print("certbot is done")
"""

numbers = itertools.count()


def zone(cloud, private=False):
    """A zone of its own: its name and its id."""
    name = f"case-{next(numbers)}.example.com"
    options = {"VPC": {"VPCRegion": "eu-west-1", "VPCId": "vpc-1"}, "HostedZoneConfig": {"PrivateZone": True}}
    made = cloud.client("route53").create_hosted_zone(Name=name, CallerReference=name, **(options if private else {}))
    return name, made["HostedZone"]["Id"].rsplit("/", 1)[1]


def texts(cloud, zone_id):
    """The TXT records of a zone: name -> (TTL, values)."""
    sets = cloud.client("route53").list_resource_record_sets(HostedZoneId=zone_id)["ResourceRecordSets"]
    found = [one for one in sets if one["Type"] == "TXT"]
    return {one["Name"]: (one["TTL"], [record["Value"] for record in one["ResourceRecords"]]) for one in found}


def machine_for(cloud, *domains, **more):
    """A machine with a configuration of certificates."""
    machine = cloud.machine()
    config = {"certbotPath": str(machine.program("certbot", CERTBOT)), "basedir": str(machine.root / "le")}
    config.update({"email": "ops@example.com", "domains": list(domains), **more})
    (machine.root / "le.json").write_text(json.dumps(config))
    machine.environment["HX_LETSENCRYPT_CONFIG"] = str(machine.root / "le.json")
    machine.environment["WHILE_SHOWN"] = "true"
    return machine


def hook(machine, verb, domain, validation, exit_code=0):
    return machine.run(
        verb, exit_code=exit_code, environment={"CERTBOT_DOMAIN": domain, "CERTBOT_VALIDATION": validation}
    )


def a_challenge_is_shown_beside_others_and_removed_alone(cloud):
    name, zone_id = zone(cloud)
    with machine_for(cloud, name, awsHostedZoneId=zone_id) as machine:
        record = f"_acme-challenge.{name}."
        equal(hook(machine, "le-auth-hook", name, "one"), ("", ""))
        equal(texts(cloud, zone_id), {record: (60, ['"one"'])})
        hook(machine, "le-auth-hook", name, "two")
        hook(machine, "le-auth-hook", name, "two")
        equal(texts(cloud, zone_id), {record: (60, ['"one"', '"two"'])})
        equal(hook(machine, "le-cleanup-hook", name, "one"), ("", ""))
        equal(texts(cloud, zone_id), {record: (60, ['"two"'])})
        hook(machine, "le-cleanup-hook", name, "two")
        hook(machine, "le-cleanup-hook", name, "two")
        equal(texts(cloud, zone_id), {})


def without_a_zones_id_the_smallest_public_zone_is_found(cloud):
    name, zone_id = zone(cloud)
    with machine_for(cloud, name) as machine:
        hook(machine, "le-auth-hook", f"deep.below.{name}", "one")
        equal(texts(cloud, zone_id), {f"_acme-challenge.deep.below.{name}.": (60, ['"one"'])})
        private, _ = zone(cloud, private=True)
        _, stderr = hook(machine, "le-auth-hook", private, "one", exit_code=1)
        contains(stderr, f"no public zone in Route 53 that _acme-challenge.{private} is in", "awsHostedZoneId")


@contextlib.contextmanager
def slow(cloud, times, arrived=lambda: None):
    """A Route 53 in front of moto that says of each change so many times that it has not arrived; gives URL and paths asked.

    Once it says that a change has arrived, it calls `arrived`.
    """
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))) or None
            headers = {"Authorization": self.headers["Authorization"], "Content-Type": "application/xml"}
            request = urllib.request.Request(cloud.endpoint + self.path, body, headers, method=self.command)
            with urllib.request.urlopen(request) as answer:
                text = answer.read()
            if b"<Status>INSYNC" in text:
                answered = next(n for n, path in enumerate(reversed(asked)) if path.endswith("/rrset/"))
                if answered < times:
                    text = text.replace(b"<Status>INSYNC", b"<Status>PENDING")
                else:
                    arrived()
            self.send_response(200)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_POST = do_GET

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


def a_challenge_is_waited_for_until_all_name_servers_have_it(cloud):
    name, zone_id = zone(cloud)
    with slow(cloud, 2) as (endpoint, asked), machine_for(cloud, name, awsHostedZoneId=zone_id) as machine:
        machine.environment["AWS_ENDPOINT_URL_ROUTE_53"] = endpoint
        hook(machine, "le-auth-hook", name, "one")
        equal(["/change/" in path for path in asked], [False, False, True, True])
        equal(texts(cloud, zone_id), {f"_acme-challenge.{name}.": (60, ['"one"'])})
        asked.clear()
        hook(machine, "le-cleanup-hook", name, "one")
        equal((len(asked), texts(cloud, zone_id)), (2, {}))


def a_zone_that_is_not_there_is_named(cloud):
    with machine_for(cloud, "example.com", awsHostedZoneId="ZNOTTHERE") as machine:
        _, stderr = hook(machine, "le-auth-hook", "example.com", "one", exit_code=1)
        contains(stderr, "ZNOTTHERE", "NoSuchHostedZone", "check awsHostedZoneId")


def a_hook_that_certbot_did_not_call_says_what_is_missing(cloud):
    with machine_for(cloud, "example.com") as machine:
        contains(machine.run("le-auth-hook", exit_code=1)[1], "CERTBOT_DOMAIN is not set")


def certbot_is_called_with_hooks_that_work_for_a_wildcard_and_its_base_name(cloud):
    name, zone_id = zone(cloud)
    with machine_for(cloud, name, f"*.{name}", awsHostedZoneId=f"/hostedzone/{zone_id}") as machine:
        shown = machine.root / "shown"
        python = f"import boto3; print(boto3.client('route53', endpoint_url='{cloud.endpoint}')" + (
            f".list_resource_record_sets(HostedZoneId='{zone_id}')['ResourceRecordSets'][-1]['ResourceRecords'])"
        )
        machine.environment["AWS_DEFAULT_REGION"] = "eu-west-1"
        machine.environment["WHILE_SHOWN"] = f'{sys.executable} -c "{python}" > {shown}'
        stdout, stderr = machine.run("le-get-certs")
        equal((stdout, stderr), ("", "certbot is done\n"))
        contains(shown.read_text(), "base-challenge", "wild-challenge")
        equal(texts(cloud, zone_id), {})
        (call,) = machine.calls()
        folder = machine.root / "le"
        expected = ["certonly", "--manual", "--preferred-challenges", "dns"]
        expected += ["--manual-auth-hook", f"{C2} le-auth-hook", "--manual-cleanup-hook", f"{C2} le-cleanup-hook"]
        expected += ["--config-dir", f"{folder}/config", "--work-dir", f"{folder}/work", "--logs-dir", f"{folder}/logs"]
        expected += ["--email", "ops@example.com", "--agree-tos", "--non-interactive", "--keep-until-expiring"]
        equal(call["arguments"], [*expected, "--expand", "--quiet", "-d", name, "-d", f"*.{name}"])


def a_certbot_that_fails_fails_and_its_log_is_named(cloud):
    with machine_for(cloud, "example.com", awsHostedZoneId="ZNOTTHERE", verbosity="noisy") as machine:
        stdout, stderr = machine.run("le-get-certs", exit_code=1)
        equal(stdout, "")
        contains(stderr, "NoSuchHostedZone", "le-auth-hook", f"certbot's log is in {machine.root}/le/logs")


def everything_that_is_wrong_with_the_configuration_is_said(cloud):
    with machine_for(cloud, verbosity="loud", basedir=None) as machine:
        _, stderr = machine.run("le-get-certs", exit_code=1)
        contains(stderr, "le.json:1:", "verbosity", "basedir")


CASES = [case for case in cases_of(__name__) if case not in (zone, texts, machine_for, hook, slow)]
