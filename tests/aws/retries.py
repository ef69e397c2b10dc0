"""Cases: how often S3 is asked, and how a bucket in another region is found."""

import contextlib

from faulty_proxy import FaultyProxy
from machine import cases_of, contains, equal, release_files


@contextlib.contextmanager
def listing_through(store, fault, **environment):
    """A machine with one release, which reaches S3 through a proxy with this fault."""
    place = store.place()
    place.put_release("app.zip", release_files("app"))
    with FaultyProxy(store.endpoint, fault) as proxy:
        with place.machine(endpoint=proxy.endpoint, environment=environment) as machine:
            yield machine, proxy


def busy(_, __, answer):
    answer.become_error(503, "SlowDown")


def aws_max_attempts_says_how_often_s3_is_asked(store):
    for attempts in (1, 2, 4):
        with listing_through(store, busy, AWS_MAX_ATTEMPTS=str(attempts)) as (machine, proxy):
            contains(machine.run("list-releases", exit_code=1)[1], "SlowDown")
            equal(len(proxy.requests), attempts)


def a_profile_says_it_too(store):
    with listing_through(store, busy) as (machine, proxy):
        (machine.root / "aws").write_text("[default]\nmax_attempts = 2\n")
        machine.run("list-releases", exit_code=1, environment={"AWS_CONFIG_FILE": str(machine.root / "aws")})
        equal(len(proxy.requests), 2)


def a_bucket_in_another_region_is_found_there(store):
    def fault(_, request, answer):
        if "%2Feu-north-1%2Fs3" not in request.path:
            answer.become_error(400, "AuthorizationQueryParametersError")
            answer.headers.append(("x-amz-bucket-region", "eu-north-1"))

    with listing_through(store, fault, AWS_REGION="us-east-1") as (machine, proxy):
        equal(machine.run("list-releases")[0], "app.zip\n")
        equal(len(proxy.requests), 2)
        machine.run("start", "app.zip")
        equal(machine.current(), "app")


CASES = [case for case in cases_of(__name__) if case not in (listing_through, busy)]
