"""Cases: docker is logged in to registries of Amazon ECR, and nobody but docker sees the password."""

import subprocess

from machine import C2, cases_of, contains, contains_none, equal

ACCOUNT = "123456789012"


def host(account=ACCOUNT, region="eu-west-1"):
    return f"{account}.dkr.ecr.{region}.amazonaws.com"


def docker_reads_the_password_and_nothing_is_printed(cloud):
    with cloud.machine() as machine:
        machine.program("docker")
        machine.never_shown += [f"{ACCOUNT}-auth-token", "what the program prints"]
        stdout, stderr = machine.run("aws-docker-login-cmd")
        equal(stdout, "")
        contains(stderr, f"docker is logged in to {host()}")
        (call,) = machine.calls()
        equal(call["arguments"], ["login", "--username", "AWS", "--password-stdin", host()])
        equal(call["stdin"], f"{ACCOUNT}-auth-token")
        contains_none(str(call["environment"]), "auth-token")


def several_registries_are_logged_in_to_each_once(cloud):
    with cloud.machine() as machine:
        machine.program("docker")
        machine.run("aws-docker-login-cmd", "111122223333", "444455556666", "111122223333")
        calls = [(call["arguments"][-1], call["stdin"]) for call in machine.calls()]
        expected = [(host(account), f"{account}-auth-token") for account in ("111122223333", "444455556666")]
        equal(calls, expected)


def scripts_that_run_what_the_older_tool_printed_go_on_working(cloud):
    with cloud.machine() as machine:
        machine.program("docker")
        for script in ('$("$C2" aws-docker-login-cmd)', '"$C2" aws-docker-login-cmd | sh'):
            subprocess.run(["sh", "-ec", script], env={**machine.environment, "C2": C2}, check=True)
        equal([call["arguments"][0] for call in machine.calls()], ["login", "login"])


def print_gives_the_older_tools_command_and_calls_nothing(cloud):
    with cloud.machine() as machine:
        machine.program("docker")
        stdout, stderr = machine.run("aws-docker-login-cmd", "--print", "111122223333")
        equal((stdout, stderr), (f"docker login -u AWS -p 111122223333-auth-token {host('111122223333')}\n", ""))
        equal(machine.calls(), [])


def the_region_is_the_environments_also_of_another_partition(cloud):
    for region in ("cn-north-1", "us-gov-west-1"):
        with cloud.machine(AWS_REGION=region) as machine:
            machine.program("docker")
            machine.run("aws-docker-login-cmd")
            contains(machine.calls()[0]["arguments"][-1], f".dkr.ecr.{region}.amazonaws.com")


def what_docker_says_of_a_failure_is_shown_with_the_registry(cloud):
    with cloud.machine(PROGRAM_FAILS="1") as machine:
        machine.program("docker")
        machine.never_shown.append("auth-token")
        stdout, stderr = machine.run("aws-docker-login-cmd", exit_code=1)
        equal(stdout, "")
        contains(stderr, host(), "the program says why")


def without_docker_it_says_what_to_install(cloud):
    with cloud.machine() as machine:
        machine.environment["PATH"] = str(machine.programs)
        machine.never_shown.append("auth-token")
        contains(machine.run("aws-docker-login-cmd", exit_code=1)[1], "install docker")


def what_is_no_registry_is_refused(cloud):
    with cloud.machine() as machine:
        contains(machine.run("aws-docker-login-cmd", "1234", exit_code=1)[1], '"1234" is not the id of a registry')


def without_credentials_every_source_is_named(cloud):
    without = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None, "AWS_EC2_METADATA_DISABLED": "true"}
    with cloud.machine() as machine:
        _, stderr = machine.run("aws-docker-login-cmd", exit_code=1, environment=without)
        contains(stderr, "log in to Amazon ECR", "AWS_ACCESS_KEY_ID", "instance metadata")


CASES = [case for case in cases_of(__name__) if case is not host]
