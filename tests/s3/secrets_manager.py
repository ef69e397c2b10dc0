"""Cases: config sources come from Secrets Manager, as moto has it."""

import json

import boto3

from machine import cases_of, contains, equal, release_files, until


def secrets(store, region="eu-north-1"):
    return boto3.client("secretsmanager", endpoint_url=store.endpoint, region_name=region)


def machine_with(place, arn, files=None):
    """A machine whose config source `db` is this secret."""
    place.put_release("r.zip", files or release_files("r"))
    machine = place.machine(environment={"AWS_ENDPOINT_URL_SECRETS_MANAGER": place.store.endpoint})
    machine.config["configSources"] = {"db": {"awsSecretArn": arn}}
    machine.write_config()
    machine.never_shown += ["hunter2"]
    return machine


def a_text_and_bytes_are_config_sources(store):
    text = json.dumps({"password": "hunter2"})
    for number, held in enumerate([{"SecretString": text}, {"SecretBinary": text.encode()}]):
        arn = secrets(store).create_secret(Name=f"db-{number}", **held)["ARN"]
        with machine_with(store.place(), arn) as machine:
            machine.run("fetch-context")
            cached = machine.cache / "db.json"
            equal((cached.read_text(), oct(cached.stat().st_mode & 0o777)), (text, "0o600"))


def a_secret_that_comes_late_is_waited_for_by_name(store):
    with machine_with(store.place(), "late") as machine:
        contains(machine.run("fetch-context", exit_code=1)[1], "late")
        machine.environment["AWS_REGION"] = "eu-north-1"
        waiting = machine.spawn("fetch-context", "--retry")
        until(lambda: "waiting for what is not there yet" in machine.log.read_text(), "it waits")
        secrets(store).create_secret(Name="late", SecretString="{}")
        _, stderr = waiting.communicate(timeout=30)
        equal(waiting.returncode, 0)
        contains(stderr, "waiting for what is not there yet: db (the secret late)")
        equal((machine.cache / "db.json").read_text(), "{}")


CASES = [case for case in cases_of(__name__) if case not in (secrets, machine_with)]
