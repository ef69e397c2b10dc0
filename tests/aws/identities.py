"""Cases: credentials that the metadata service and STS of a server give, used on its other services."""

import itertools
import json

from machine import cases_of, contains, equal
from sentinels import WatchedMachine
from store import Store

ROLE = "arn:aws:iam::123456789012:role/reader"
numbers = itertools.count()


def fetches(cloud, machine):
    """The machine, whose identity is the case's, fetches an object and a secret."""
    place = Store(cloud.endpoint).place()
    place.put("site.json", b'{"host": "a"}')
    name = f"identity-{next(numbers)}"
    cloud.client("secretsmanager").create_secret(Name=name, SecretString=json.dumps({"user": "b"}))
    sources = {"site": {"s3": place.url("site.json")}, "db": {"awsSecretArn": name}}
    machine.configure(releases={"s3": place.url("releases")}, configSources=sources)
    machine.run("fetch-context")
    equal(json.loads((machine.cache / "site.json").read_text()), {"host": "a"})
    equal(json.loads((machine.cache / "db.json").read_text()), {"user": "b"})


def an_instance_has_the_keys_of_its_role(cloud):
    with WatchedMachine(cloud.endpoint, S3_ENDPOINT=cloud.endpoint) as machine:
        fetches(cloud, machine)


def a_profile_assumes_a_role_through_another_one(cloud):
    with WatchedMachine(cloud.endpoint, S3_ENDPOINT=cloud.endpoint) as machine:
        machine.environment["AWS_EC2_METADATA_DISABLED"] = "true"
        keys = f"[base]\naws_access_key_id = AKID\naws_secret_access_key = {machine.new('secret')}\n"
        first = f"[profile first]\nrole_arn = {ROLE}-1\nsource_profile = base\nexternal_id = us\n"
        second = f"[profile second]\nrole_arn = {ROLE}-2\nsource_profile = first\nduration_seconds = 900\n"
        machine.environment["AWS_SHARED_CREDENTIALS_FILE"] = str(machine.given("keys", keys))
        machine.environment["AWS_CONFIG_FILE"] = str(machine.given("config", first + second))
        machine.environment["AWS_PROFILE"] = "second"
        fetches(cloud, machine)
        # They are had of STS and of nobody else.
        unreached = {"AWS_ENDPOINT_URL_STS": "http://127.0.0.1:9"}
        _, told = machine.run("fetch-context", exit_code=1, environment=unreached)
        contains(told, f"profile first, role {ROLE}-1: http://127.0.0.1:9: the connection failed")


def a_web_identity_becomes_a_role(cloud):
    with WatchedMachine(cloud.endpoint, S3_ENDPOINT=cloud.endpoint) as machine:
        machine.environment["AWS_EC2_METADATA_DISABLED"] = "true"
        token = str(machine.given("token", machine.new("identity token")))
        machine.environment.update(AWS_WEB_IDENTITY_TOKEN_FILE=token, AWS_ROLE_ARN=ROLE)
        fetches(cloud, machine)


CASES = [case for case in cases_of(__name__) if case is not fetches]
