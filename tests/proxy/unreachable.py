"""What is not there: a certificate, port 80, a docker that works. Each is a failure that says so, changing nothing."""

import itertools
import re
import signal
import socket

from host import IMPATIENT, MAIN, SECURE, Engine, Host, answers, docker, docker_stand_in, proxy_id, release, runs_in
from host import serve_a
from load import Load, ask
from machine import cases_of, contains, equal, until


def a_certificate_that_is_not_there_or_is_none_is_a_failure():
    with Host() as machine:
        serve_a(machine)
        container = proxy_id()
        paths = {"sslCertificate": str(machine.root / "site.pem"), "sslCertificateKey": str(machine.root / "site.key")}
        etype = {"httpsWithRedirect": {"explicit": paths}}
        machine.config["deployMode"]["proxy"]["endPoints"]["secure"] = {"serverNames": [SECURE], "etype": etype}
        machine.write_config()
        for told in ["does not exist", "PEM"]:
            for endpoint in ["secure", "main"]:
                _, stderr = machine.run("connect", endpoint, "b", exit_code=1)
                contains(stderr, endpoint, told, "site.")
                equal(ask(MAIN), (200, "one"))
                docker("restart", "-t", "1", "frontendproxy")
                answers(MAIN, "one")
            (machine.root / "site.pem").write_text("no certificate")
            (machine.root / "site.key").write_text("no key")
        equal(proxy_id(), container)


def a_taken_port_80_is_a_failure_and_heals():
    with Host() as machine, socket.socket() as taken:
        machine.run("start", "r1.zip", "a")
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("0.0.0.0", 80))
        taken.listen()
        _, stderr = machine.run("connect", "main", "a", exit_code=1)
        contains(stderr, "connect main to a", "something else listens on port 80")
        equal(docker("ps", "-aq", "--filter", "name=frontendproxy"), "")
        contains(machine.run("status")[0], "main: (main.example.com:80) -> (not connected)")
        taken.close()
        machine.run("connect", "main", "a")
        equal(ask(MAIN), (200, "one"))


def connect_fails(machine, environment):
    """A connect under load to an engine that fails from some point on, where it comes to that; the next one converges."""
    with Load(MAIN, threads=1) as load:
        process = machine.spawn("connect", "main", "b", environment=environment)
        _, stderr = process.communicate(timeout=60)
    equal(load.failures(), {})
    if process.returncode != 0:
        equal(process.returncode, 1)
        contains(stderr, "main", "no docker today")
        docker("restart", "-t", "1", "frontendproxy")
        until(lambda: ask(MAIN)[0] == 200, "the proxy is back")
        machine.run("connect", "main", "b")
    equal(ask(MAIN), (200, "two"))
    machine.run("connect", "main", "a")
    return process.returncode != 0


def an_engine_that_fails_from_any_request_on_is_a_failure_and_the_next_run_converges():
    with Host() as machine:
        release(machine, "r2.zip", "two", readiness=IMPATIENT)
        serve_a(machine)
        for at in itertools.count():
            count = itertools.count()
            with Engine(machine, chosen=lambda _, at=at, count=count: next(count) >= at) as engine:
                failed = connect_fails(machine, engine.environment)
            equal(failed, engine.held.is_set())
            if not failed:
                break
        asked = [re.sub("[0-9a-f]{64}", "ID", request) for request in engine.requests]
        print(f"       the engine failed from each of the {at} requests of a connect on: {', '.join(asked)}")


def an_engine_that_is_gone_from_any_request_on_is_asked_by_the_docker_command():
    with Host() as machine:
        serve_a(machine)
        for at in range(5):
            count = itertools.count()
            with Engine(machine, chosen=lambda _, at=at, count=count: next(count) == at, says=b"") as failing:
                machine.run("connect", "main", "b", environment=failing.environment)
                equal(ask(MAIN), (200, "two"))
            machine.run("connect", "main", "a")
        contains(machine.log.read_text(), "the docker command is used instead of the engine's socket")


def a_docker_that_fails_from_any_call_on_is_a_failure_and_the_next_run_converges():
    with Host() as machine:
        release(machine, "r2.zip", "two", readiness=IMPATIENT)
        serve_a(machine)
        log = machine.root / "calls"
        for at in itertools.count():
            log.write_text("")
            works = f'echo $1 >> {log}\n[ $(wc -l < {log}) -le {at} ] && exec $DOCKER "$@"'
            failing = docker_stand_in(machine, f"{works}\necho no docker today >&2\nexit 1")
            failed = connect_fails(machine, failing)
            calls = log.read_text().split()
            equal(failed, len(calls) > at)
            if not failed:
                break
        print(f"       docker failed from each of the {at} calls of a connect on: {' '.join(calls)}")


def a_docker_that_does_not_run_at_all_is_a_failure():
    with Host() as machine:
        serve_a(machine)
        nowhere = {"DOCKER_HOST": f"unix://{machine.root}/no.sock"}
        for words in [["connect", "main", "b"], ["disconnect", "main"], ["restart-frontend-proxy"]]:
            _, stderr = machine.run(*words, exit_code=1, environment=nowhere)
            contains(stderr, "no.sock")
        absent = machine.root / "absent"
        absent.mkdir()
        (absent / "sh").symlink_to("/bin/sh")
        nothing = {"PATH": str(absent), **nowhere}
        _, stderr = machine.run("connect", "main", "b", exit_code=1, environment=nothing)
        contains(stderr, "install docker")
        equal(ask(MAIN), (200, "one"))


def signal_ends(machine, hanging, number):
    """Docker hangs in one kind of call; the run is ended by a signal, and leaves no docker behind."""
    log = machine.root / "calls"
    log.write_text("")
    hangs = f'[ "$1" = {hanging} ] && echo $1 >> {log} && exec sleep 600'
    stand_in = docker_stand_in(machine, f'{hangs}\nexec $DOCKER "$@"')
    ends_by(machine, machine.spawn("connect", "main", "b", environment=stand_in), log.read_text, number)


def signal_ends_hanging_engine(machine, hanging, number):
    """The engine hangs in one kind of request; the run is ended by a signal."""
    with Engine(machine, chosen=lambda request: hanging in request, says=None) as engine:
        process = machine.spawn("connect", "main", "b", environment=engine.environment)
        ends_by(machine, process, engine.held.is_set, number)


def ends_by(machine, process, hangs, number):
    until(hangs, "docker hangs")
    process.send_signal(number)
    process.communicate(timeout=60)
    equal(process.returncode, 128 + number)
    equal(runs_in(machine.root), [])
    equal(ask(MAIN), (200, "one"))


def a_signal_ends_a_run_that_docker_keeps_waiting():
    with Host() as machine:
        serve_a(machine)
        for number in [signal.SIGINT, signal.SIGTERM]:
            signal_ends(machine, "ps", number)
            signal_ends(machine, "exec", number)
            for hanging in ["GET /containers", "POST /containers", "start", "GET /exec"]:
                signal_ends_hanging_engine(machine, hanging, number)
        machine.run("connect", "main", "b")
        equal(ask(MAIN), (200, "two"))


def a_docker_that_hangs_ends_in_an_error():
    with Host() as machine:
        serve_a(machine)
        for hanging in ["ps", "exec", "kill"]:
            stand_in = docker_stand_in(machine, f'[ "$1" = {hanging} ] && exec sleep 600\nexec $DOCKER "$@"')
            _, stderr = machine.run("connect", "main", "b", exit_code=1, timeout_s=120, environment=stand_in)
            contains(stderr, "main", "no end after 30 s", "docker ps")
            equal(runs_in(machine.root), [])
            equal(ask(MAIN), (200, "one"))
        for hanging in ["GET /containers", "POST /containers", "start", "GET /exec"]:
            with Engine(machine, chosen=lambda request, word=hanging: word in request, says=None) as engine:
                environment = engine.environment
                _, stderr = machine.run("connect", "main", "b", exit_code=1, timeout_s=120, environment=environment)
            contains(stderr, "main", "no answer of the docker engine after 30 s", "docker ps")
            equal(ask(MAIN), (200, "one"))
        # Going back hangs too, and is not cut short.
        signal_ends(machine, "kill", signal.SIGINT)
        machine.run("connect", "main", "b")
        equal(ask(MAIN), (200, "two"))


HELPERS = [connect_fails, signal_ends, signal_ends_hanging_engine, ends_by]
LONG = [a_docker_that_hangs_ends_in_an_error]
CASES = [case for case in cases_of(__name__) if case not in HELPERS + LONG]
