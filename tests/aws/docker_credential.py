"""Cases: docker asks c2 for the login to a registry, as it asks any credential helper."""

import json

from machine import C2, cases_of, contains, equal

HOST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
NOT_FOUND = "credentials not found in native keychain\n"


def get_gives_the_login_of_the_hosts_account_and_region(cloud):
    for host, account in {
        HOST: "123456789012",
        "https://111122223333.dkr.ecr.eu-north-1.amazonaws.com": "111122223333",
        "111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn": "111122223333",
        "111122223333.dkr-ecr.us-west-2.on.aws": "111122223333",
    }.items():
        with cloud.machine() as machine:
            stdout, stderr = machine.run("docker-credential", "get", given=host + "\n")
            expected = {"ServerURL": host, "Username": "AWS", "Secret": f"{account}-auth-token"}
            equal((json.loads(stdout), stderr), (expected, ""))


def get_of_another_registry_fails_in_the_words_of_the_protocol(cloud):
    with cloud.machine() as machine:
        for host in ("https://index.docker.io/v1/", "ghcr.io", f"{HOST}.example.com"):
            equal(machine.run("docker-credential", "get", given=host, exit_code=1), (NOT_FOUND, ""))


def called_by_the_helpers_name_it_is_the_helper(cloud):
    with cloud.machine() as machine:
        helper = machine.root / "docker-credential-c2"
        helper.symlink_to(C2)
        stdout, _ = machine.run("get", given=HOST, program=helper)
        equal(json.loads(stdout)["Secret"], "123456789012-auth-token")
        equal(machine.run("get", given="ghcr.io", exit_code=1, program=helper), (NOT_FOUND, ""))
        machine.run("frobnicate", given="", exit_code=2, program=helper)


def list_names_this_machines_registry(cloud):
    with cloud.machine() as machine:
        equal(json.loads(machine.run("docker-credential", "list", given="unused")[0]), {f"https://{HOST}": "AWS"})


def store_and_erase_keep_nothing(cloud):
    with cloud.machine() as machine:
        login = json.dumps({"ServerURL": HOST, "Username": "AWS", "Secret": "hunter2"})
        machine.never_shown.append("hunter2")
        equal(machine.run("docker-credential", "store", given=login), ("", ""))
        stdout, _ = machine.run("docker-credential", "store", given=login.replace(HOST, "ghcr.io"), exit_code=1)
        contains(stdout, "c2 keeps no logins")
        equal(machine.run("docker-credential", "erase", given=HOST), ("", ""))


def without_credentials_docker_reads_why(cloud):
    without = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None, "AWS_EC2_METADATA_DISABLED": "true"}
    with cloud.machine() as machine:
        stdout, _ = machine.run("docker-credential", "get", given=HOST, exit_code=1, environment=without)
        contains(stdout, "log in to Amazon ECR", "AWS_ACCESS_KEY_ID")


CASES = cases_of(__name__)
