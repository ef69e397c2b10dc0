"""Cases: a machine boots for the first time, nothing is ready yet, and `fetch-context --retry` gets through by itself.

The cases wait for the same pauses, so they run side by side.
"""

import contextlib
import time

from machine import cases_of, contains, contains_none, equal, until
from sentinels import WatchedMachine
from stand_in import StandIn, refusal

HOUR_S = 3600
TEN_YEARS_S = 10 * 365 * 24 * HOUR_S

ROLES = "/latest/meta-data/iam/security-credentials/"
# Each thing that is waited for is named.
BOTH = ("site (s3://bucket/site.json: ", "db (the secret db: ")


def a_clock_that_is_wrong_is_put_right_without_a_wait():
    for ahead_s in (HOUR_S, -HOUR_S, TEN_YEARS_S, -TEN_YEARS_S):
        # S3 calls a presigned request of another time AccessDenied.
        for code in ("RequestTimeTooSkewed", "AccessDenied"):
            with booting(ahead_s, code) as (aws, machine):
                give(aws)
                keys = {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": machine.new("key")}
                machine.environment.update(keys)
                contains_none(machine.run("fetch-context", "--retry")[1], "waiting")
                everything_is_there(machine)
                equal(aws.skewed > 0, True)


def a_clock_that_ntp_sets_while_it_waits_needs_no_other_correction():
    for ahead_s in (HOUR_S, TEN_YEARS_S):
        with booting(ahead_s) as (aws, machine):
            machine.environment.update(AWS_ACCESS_KEY_ID="AKID", AWS_SECRET_ACCESS_KEY=machine.new("key"))

            def set_right():
                equal(aws.skewed > 0, True)
                aws.ahead_s = 0
                give(aws)

            waited_for(machine, set_right, "site (s3://bucket/site.json)", "db (the secret db)")


def a_wrong_clock_does_not_hinder_the_roles_that_sts_gives():
    for ahead_s in (HOUR_S, -TEN_YEARS_S):
        with booting(ahead_s, "SignatureDoesNotMatch") as (aws, machine):
            give(aws)
            keys = "[source]\naws_access_key_id = AKID\naws_secret_access_key = secret\n"
            role = "[profile boot]\nrole_arn = arn:aws:iam::123456789012:role/boot\nsource_profile = source\n"
            machine.environment["AWS_SHARED_CREDENTIALS_FILE"] = str(machine.given("keys", keys))
            machine.environment["AWS_CONFIG_FILE"] = str(machine.given("config", role))
            machine.environment["AWS_PROFILE"] = "boot"
            machine.run("fetch-context", "--retry")
            everything_is_there(machine)


def a_metadata_service_that_is_silent_for_20_s_is_waited_for():
    with booting() as (aws, machine):
        give(aws)
        ends = time.monotonic() + 20

        def fault(request):
            if request.path.startswith("/latest/"):
                time.sleep(max(0, ends - time.monotonic()))

        aws.fault = fault
        waited_for(machine, None, *BOTH, f"instance metadata at {aws.endpoint}: no answer within 1 s")


def a_metadata_service_that_takes_no_connections_yet_is_waited_for():
    with booting() as (aws, machine), contextlib.ExitStack() as later:
        give(aws)
        with StandIn() as other:
            address, port = other.endpoint, int(other.endpoint.rpartition(":")[2])
        machine.environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = address
        comes_up = lambda: later.enter_context(StandIn(port=port))
        waited_for(machine, comes_up, *BOTH, f"instance metadata at {address}: the connection failed")


def a_network_that_is_not_up_yet_is_waited_for():
    with booting() as (aws, machine), contextlib.ExitStack() as later:
        with StandIn() as other:
            address, port = other.endpoint, int(other.endpoint.rpartition(":")[2])
        for name in [name for name, value in machine.environment.items() if value == aws.endpoint]:
            machine.environment[name] = address
        machine.environment.update(AWS_ACCESS_KEY_ID="AKID", AWS_SECRET_ACCESS_KEY=machine.new("key"))
        failed = f"{address}: the connection failed"
        waited_for(machine, lambda: give(later.enter_context(StandIn(port=port))), *BOTH, failed)


def services_that_are_not_up_yet_are_waited_for():
    with booting() as (aws, machine):
        give(aws)
        aws.fault = lambda request: None if request.path.startswith("/latest/") else (503, "")
        waited_for(machine, lambda: withdraw(aws), *BOTH, "answered 503")


def a_role_that_comes_late_is_waited_for():
    with booting() as (aws, machine):
        give(aws)
        aws.fault = lambda request: (404, "") if request.path == ROLES else None
        waited_for(machine, lambda: withdraw(aws), *BOTH, "the instance has no role")


def keys_of_the_role_that_come_late_are_waited_for():
    with booting() as (aws, machine):
        give(aws)
        aws.fault = lambda request: (200, "") if request.path.endswith("/the-role") else None
        waited_for(machine, lambda: withdraw(aws), *BOTH, "role the-role")


def a_credentials_file_that_is_filled_late_is_waited_for():
    with booting() as (aws, machine):
        give(aws)
        machine.environment["AWS_EC2_METADATA_DISABLED"] = "true"
        machine.environment["AWS_SHARED_CREDENTIALS_FILE"] = str(machine.given("keys", ""))
        keys = "[default]\naws_access_key_id = AKID\naws_secret_access_key = secret\n"
        waited_for(machine, lambda: machine.given("keys", keys), *BOTH, "there is no profile default")


def a_secret_and_an_object_that_come_late_are_waited_for_by_name():
    with booting() as (aws, machine):
        waited_for(machine, lambda: give(aws), "site (s3://bucket/site.json)", "db (the secret db)")


def a_permission_that_comes_late_is_waited_for():
    with booting() as (aws, machine):
        give(aws)
        aws.fault = denied
        waited_for(
            machine,
            lambda: withdraw(aws),
            "site (s3://bucket/site.json: ",
            "AccessDenied",
            "db (the secret db: ",
            "AccessDeniedException: not authorized",
        )


def a_configuration_in_s3_is_waited_for_too():
    with booting() as (aws, machine):
        give(aws)
        config = (machine.root / "camus2.json").read_bytes()
        machine.environment["CAMUS2_CONFIG"] = "s3://bucket/camus2.json"
        aws.fault = lambda request: (404, "") if request.path == ROLES else None

        def meanwhile(process):
            named = "waiting for what is not there yet: the configuration (s3://bucket/camus2.json"
            contains(process.stderr.readline(), f"{named}: no AWS credentials", "the instance has no role")
            withdraw(aws)
            equal(process.stderr.readline(), f"{named})\n")
            aws.objects["/bucket/camus2.json"] = config

        machine.run("fetch-context", "--retry", meanwhile=meanwhile)
        everything_is_there(machine)


def all_of_it_at_once_is_got_through():
    with booting(TEN_YEARS_S, "AccessDenied") as (aws, machine):
        aws.fault = lambda request: (404, "") if request.path == ROLES else None

        def meanwhile(_):
            until(lambda: "the instance has no role" in log_of(machine), "it waits for the role")
            aws.fault = denied
            until(lambda: "not authorized" in log_of(machine), "it waits for the permission")
            withdraw(aws)
            until(lambda: "site (s3://bucket/site.json)" in log_of(machine), "it waits for the object")
            give(aws)

        machine.run("fetch-context", "--retry", meanwhile=meanwhile)
        everything_is_there(machine)


@contextlib.contextmanager
def booting(ahead_s=0, skew_code="RequestTimeTooSkewed"):
    """A server whose clock is this far ahead, and a machine that has nothing but its instance metadata service."""
    with StandIn(ahead_s, skew_code) as aws, WatchedMachine(aws.endpoint) as machine:
        aws.keys = {"AccessKeyId": "AKID", "SecretAccessKey": machine.new("secret"), "Token": machine.new("token")}
        sources = {"site": {"s3": "s3://bucket/site.json"}, "db": {"awsSecretArn": "db"}}
        machine.configure(releases={"s3": "s3://bucket/releases"}, configSources=sources)
        yield aws, machine


def give(aws):
    """Puts what the machine wants where it looks for it."""
    aws.secrets["db"] = {"SecretString": "{}"}
    aws.objects["/bucket/site.json"] = b"{}"


def denied(request):
    """A fault: nothing is permitted."""
    if "x-amz-target" in request.headers:
        return refusal(request, 400, "AccessDeniedException", "not authorized")
    return refusal(request, 403, "AccessDenied", "not authorized") if request.path.startswith("/bucket") else None


def withdraw(aws):
    aws.fault = lambda request: None


def waited_for(machine, then, *named):
    """Lets c2 wait, calls `then`, and insists on what stderr named and that all comes in the end."""

    def meanwhile(_):
        until(lambda: "waiting for what is not there yet" in log_of(machine), "it waits")
        if then:
            then()

    contains(machine.run("fetch-context", "--retry", meanwhile=meanwhile)[1], "waiting for", *named)
    everything_is_there(machine)


def everything_is_there(machine):
    equal({path.name: path.read_text() for path in machine.cache.iterdir()}, {"site.json": "{}", "db.json": "{}"})


def log_of(machine):
    return machine.log.read_text() if machine.log.exists() else ""


CASES = [case for case in cases_of(__name__) if case.__code__.co_argcount == 0 and case is not booting]
