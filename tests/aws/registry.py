"""Cases: docker itself logs in, pushes and pulls by the logins that c2 has from Amazon ECR.

The registry is a real one that lets one user in. It has the name of one of ECR, but only for an engine of its own, in
namespaces of its own: this machine's docker and its names stay as they are.
"""

import contextlib
import json
import pathlib
import subprocess
import tarfile
import tempfile

from cloud import Cloud
from engine import Engine
from machine import C2, cases_of, contains, contains_none, equal, until
from stand_in import StandIn

# The one that the stand-in gives logins to.
HOST = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
IMAGE = f"{HOST}/web:1"
# What makes docker call docker-credential-c2 for this registry.
HELPER = {"credHelpers": {HOST: "c2"}}


class Registry:
    """The registry, the engine, and AWS, which gives out the password; to be used in a `with`."""

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self.folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="c2-registry-")))
            certificate, key, hosts = (self.folder / name for name in ("cert.pem", "key.pem", "hosts"))
            hosts.write_text(f"127.0.0.1 localhost {HOST}\n")
            made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=registry", "-days", "2"]
            made += ["-addext", f"subjectAltName=DNS:{HOST}", "-keyout", key, "-out", certificate]
            subprocess.run(made, check=True, capture_output=True)
            self.aws = stack.enter_context(StandIn())
            self.engine = stack.enter_context(Engine("ecr", hosts=hosts, trusted=certificate))
            settings = {
                "version": "0.1",
                "storage": {"filesystem": {"rootdirectory": f"{self.folder}/images"}},
                "http": {"addr": "127.0.0.1:443", "tls": {"certificate": f"{certificate}", "key": f"{key}"}},
                "auth": {"htpasswd": {"realm": "ecr", "path": f"{self.folder}/users"}},
            }
            # JSON is YAML.
            (self.folder / "registry.yml").write_text(json.dumps(settings))
            log = stack.enter_context(open(self.folder / "log", "w"))
            command = [*self.engine.prefix(), "docker-registry", "serve", self.folder / "registry.yml"]
            server = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
            stack.callback(server.wait)
            stack.callback(server.kill)
            until(lambda: "listening on" in (self.folder / "log").read_text(), "the registry listens")
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self._stack.close()

    def change_password(self, password):
        """The registry takes this password alone, and AWS gives it out."""
        made = subprocess.run(["htpasswd", "-niB", "AWS"], input=password.encode(), check=True, capture_output=True)
        (self.folder / "users").write_bytes(made.stdout)
        self.aws.password = password

    @contextlib.contextmanager
    def machine(self, docker_config):
        """A machine whose docker speaks with the engine, which has an image to be pushed that the registry has not."""
        self.change_password("the-first-password")
        with Cloud(self.aws.endpoint).machine(DOCKER_HOST=self.engine.host) as machine:
            machine.docker_config = machine.root / "docker" / "config.json"
            machine.docker_config.parent.mkdir()
            machine.docker_config.write_text(json.dumps(docker_config))
            machine.environment["DOCKER_CONFIG"] = str(machine.docker_config.parent)
            machine.never_shown.append(self.aws.password)
            (machine.programs / "docker-credential-c2").symlink_to(C2)
            empty = machine.root / "empty.tar"
            tarfile.open(empty, "w").close()
            docker(machine, "import", "--message", machine.root.name, str(empty), IMAGE)
            yield machine


def docker(machine, *arguments, exit_code=0):
    """Runs docker as a person on the machine does; gives all that it prints."""
    done = subprocess.run(["docker", *arguments], env=machine.environment, capture_output=True, text=True, check=False)
    told = done.stdout + done.stderr
    if done.returncode != exit_code:
        raise AssertionError(f"docker {' '.join(arguments)} ended with {done.returncode}, not {exit_code}\n{told}")
    return told


def pull_anew(machine, exit_code=0):
    docker(machine, "rmi", IMAGE)
    told = docker(machine, "pull", IMAGE, exit_code=exit_code)
    equal(bool(docker(machine, "images", "-q", IMAGE)), exit_code == 0)
    return told


def a_docker_that_is_logged_in_pushes_and_pulls(at):
    with at.machine({}) as machine:
        contains(docker(machine, "push", IMAGE, exit_code=1), "no basic auth credentials")
        stdout, stderr = machine.run("aws-docker-login-cmd")
        equal(stdout, "")
        contains(stderr, f"docker is logged in to {HOST}")
        equal(list(json.loads(machine.docker_config.read_text())["auths"]), [HOST])
        docker(machine, "push", IMAGE)
        pull_anew(machine)


def what_the_older_tools_command_line_says_logs_docker_in(at):
    with at.machine({}) as machine:
        machine.never_shown.clear()
        printed, _ = machine.run("aws-docker-login-cmd", "--print")
        subprocess.run(["sh", "-ec", printed], env=machine.environment, check=True, capture_output=True)
        docker(machine, "push", IMAGE)


def a_login_that_the_registry_refuses_is_a_failure_in_its_words(at):
    with at.machine({}) as machine:
        at.aws.password = "an-old-password"
        machine.never_shown.append(at.aws.password)
        _, stderr = machine.run("aws-docker-login-cmd", exit_code=1)
        contains(stderr, HOST, "401 Unauthorized")
        equal("auths" in json.loads(machine.docker_config.read_text()), False)


def the_credential_helper_lets_docker_push_and_pull_without_a_login(at):
    with at.machine(HELPER) as machine:
        docker(machine, "push", IMAGE)
        pull_anew(machine)
        equal(json.loads(machine.docker_config.read_text()), HELPER)


def a_password_that_has_changed_is_no_matter_to_the_helper_but_to_a_login(at):
    with at.machine({}) as logged_in, at.machine(HELPER) as helped:
        logged_in.run("aws-docker-login-cmd")
        docker(helped, "push", IMAGE)
        at.change_password("the-second-password")
        contains(pull_anew(logged_in, exit_code=1), "unauthorized: authentication required")
        docker(helped, "pull", IMAGE)
        pull_anew(helped)
        equal(json.loads(helped.docker_config.read_text()), HELPER)


def a_login_beside_the_helper_leaves_no_password_in_dockers_configuration(at):
    with at.machine(HELPER) as machine:
        contains(machine.run("aws-docker-login-cmd")[1], f"docker is logged in to {HOST}")
        contains_none(machine.docker_config.read_text(), '"auth"')
        docker(machine, "push", IMAGE)


CASES = [case for case in cases_of(__name__) if case not in (docker, pull_anew)]
