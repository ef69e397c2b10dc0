"""Proxy mode on a real docker engine: deploys in containers behind a real nginx on port 80 of this machine.

Needs the variable C2 and Compose as docker's plugin. Everything that is started is removed.
"""

import json
import os
import pathlib
import random
import shutil
import socket
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import images
from host import FIRST_PORT, MAIN, OTHER, SECURE, Host, answers, docker, proxy_id, release, runs_in
from load import Load, Websocket, ask, ask_https, served_certificate
from machine import cases_of, contains, equal, finish, run_cases, until


def start_runs_deploys_side_by_side_and_again_touches_nothing():
    with Host() as machine:
        machine.run("start", "r1.zip", "a")
        machine.run("start", "r2.zip", "b")
        before = docker("ps", "-q")
        _, stderr = machine.run("start", "r1.zip", "a")
        contains(stderr, "runs already on port 18000")
        equal(docker("ps", "-q"), before)
        expected = (
            "---------------------MASTER-------------------------------------------\nEndpoints:\n"
            "  main: (main.example.com:80) -> (not connected)\n  other: (other.example.com:80) -> (not connected)\n"
            "\nDeploys:\n  a (r1.zip): (localhost:18000)\n  b (r2.zip): (localhost:18001)\n"
        )
        equal(machine.run("status")[0], expected)
        machine.run("stop", "a")
        machine.run("stop", "b")
        equal(docker("ps", "-q"), "")
        equal(json.loads(machine.run("status", "--json-output")[0]), {"master": {"connections": {}, "deploys": {}}})


def a_port_that_somebody_listens_on_is_skipped():
    with Host() as machine, socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", FIRST_PORT))
        taken.listen()
        _, stderr = machine.run("start", "r1.zip", "a")
        contains(stderr, f"on port {FIRST_PORT + 1}")


def connect_switches_under_load_without_a_failed_request():
    with Host() as machine:
        machine.run("start", "r1.zip", "a")
        machine.run("start", "r2.zip", "b")
        machine.run("connect", "main", "a")
        equal(ask(MAIN), (200, "one"))
        equal(ask(OTHER)[0], 503)
        container = proxy_id()
        switches = int(os.environ.get("SWITCHES", "6"))
        with Load(MAIN) as load, Load(MAIN, "/slow", threads=2) as slow:
            for turn in range(switches):
                machine.run("connect", "main", "ba"[turn % 2])
                answers(MAIN, ["two", "one"][turn % 2])
        equal(load.failures(), {})
        equal(slow.failures(), {})
        equal(proxy_id(), container)
        print(f"       {switches} switches, {load.total()} requests and {slow.total()} slow ones, 0 failed")


def the_old_deploy_is_stopped_under_load_without_a_failed_request():
    with Host() as machine:
        machine.run("start", "r1.zip", "a")
        machine.run("connect", "main", "a")
        with Load(MAIN) as load:
            for old, new in [("a", "b"), ("b", "c"), ("c", "d")]:
                machine.run("start", "r2.zip", new)
                machine.run("connect", "main", new)
                machine.run("stop", old)
        equal(load.failures(), {})
        print(f"       {load.total()} requests, 0 failed")


def a_broken_deploy_keeps_the_old_one():
    with Host() as machine:
        machine.run("start", "r1.zip", "a")
        machine.run("connect", "main", "a")
        machine.run("start", "broken.zip", "b")
        with Load(MAIN) as load:
            _, stderr = machine.run("connect", "main", "b", exit_code=1)
            contains(stderr, "connect main to b", "boom: this server never listens", "main goes to a")
        equal(load.failures(), {})
        contains(machine.run("status")[0], "main: (main.example.com:80) -> a")


def another_release_under_a_live_label_comes_back_when_it_is_broken():
    with Host() as machine:
        machine.run("start", "r1.zip", "a")
        machine.run("connect", "main", "a")
        _, stderr = machine.run("start", "broken.zip", "a", exit_code=1)
        contains(stderr, "boom: this server never listens", "takes two deploys")
        equal(ask(MAIN), (200, "one"))
        machine.run("start", "r2.zip", "a")
        equal(ask(MAIN), (200, "two"))
        equal(machine.leftovers(), [])


def stop_is_refused_while_an_endpoint_is_connected():
    with Host() as machine:
        machine.run("start", "r1.zip", "a")
        machine.run("connect", "main", "a")
        _, stderr = machine.run("stop", "a", exit_code=1)
        contains(stderr, "connected to it: main", "disconnect main")
        machine.run("disconnect", "main")
        equal(ask(MAIN)[0], 503)
        machine.run("stop", "a")


def restart_heals_a_proxy_that_is_missing_stopped_stale_or_blind():
    with Host() as machine:
        machine.run("start", "r1.zip", "a")
        machine.run("connect", "main", "a")
        docker("stop", "-t", "1", "frontendproxy")
        machine.run("restart-frontend-proxy")
        equal(ask(MAIN), (200, "one"))
        docker("rm", "-f", "frontendproxy")
        machine.run("restart-frontend-proxy")
        equal(ask(MAIN), (200, "one"))
        folder = machine.deploys / "frontend-proxy"
        (folder / "nginx.conf").write_text("events {}\n")
        docker("kill", "-s", "HUP", "frontendproxy")
        machine.run("restart-frontend-proxy")
        equal(ask(MAIN), (200, "one"))
        # The folder made anew has another inode: the container still sees the old one.
        state = (folder / "state.json").read_bytes()
        shutil.rmtree(folder)
        folder.mkdir()
        (folder / "state.json").write_bytes(state)
        _, stderr = machine.run("restart-frontend-proxy")
        contains(stderr, "made anew once")
        equal(ask(MAIN), (200, "one"))
        machine.run("shutdown-frontend-proxy")
        equal(ask(MAIN)[0], "error")
        machine.run("shutdown-frontend-proxy")
        machine.run("connect", "main", "a")
        equal(ask(MAIN), (200, "one"))


def a_bad_template_changes_nothing_and_the_proxy_restarts():
    template = (HERE / "custom.conf.tpl").read_text()
    bad = {
        "an unknown directive": template.replace("charset utf-8;", "charsett utf-8;"),
        "a missing semicolon": template.replace("charset utf-8;", "charset utf-8"),
        "an open brace": template + "server {",
        "a missing include": template.replace("mime.types", "no.types"),
        "a port that is none": template.replace("listen 80", "listen 800000"),
        "an unknown variable": template.replace("$host", "$hots"),
        "an unclosed section": template + "{{#endPoints}}",
    }
    with Host() as machine:
        machine.run("start", "r1.zip", "a")
        machine.run("start", "r2.zip", "b")
        machine.run("connect", "main", "a")
        path = machine.root / "custom.conf.tpl"
        machine.config["deployMode"]["proxy"]["nginxConfTemplatePath"] = str(path)
        machine.write_config()
        for what, text in bad.items():
            path.write_text(text)
            machine.run("connect", "main", "b", exit_code=1)
            if ask(MAIN) != (200, "one"):
                raise AssertionError(f"{what}: {ask(MAIN)}")
            docker("restart", "-t", "1", "frontendproxy")
            answers(MAIN, "one")
        path.write_text(template)
        with Load(MAIN) as load:
            for turn in range(4):
                machine.run("connect", "main", "ba"[turn % 2])
                answers(MAIN, ["two", "one"][turn % 2])
        equal(load.failures(), {})
        contains(ask(MAIN)[1], "one")


def a_machine_of_the_older_tool_is_taken_over_and_its_proxy_made_anew_once():
    with Host() as machine:
        # What it left: a deploy without an id, an unmarked configuration, a file mount.
        machine.run("start", "r1.zip", "a")
        (machine.deploys / "a" / ".c2-id").unlink()
        shutil.rmtree(machine.deploys / ".c2")
        folder = machine.deploys / "frontend-proxy"
        state = {
            "deploys": {"a": {"label": "a", "release": "r1.zip", "port": FIRST_PORT}},
            "connections": {"main": "a"},
        }
        (folder / "state.json").write_text(json.dumps(state))
        server = f"server {{ listen 80; server_name {MAIN}; location / {{ proxy_pass http://localhost:{FIRST_PORT}; }} }}"
        (folder / "nginx.conf").write_text(f"user nginx; events {{}} http {{ {server} }}\n")
        compose = f'''version: "2.1"
services:
  nginx:
    container_name: frontendproxy
    image: {images.NGINX}
    network_mode: host
    restart: always
    volumes: ["./nginx.conf:/etc/nginx/nginx.conf:ro"]
'''
        (folder / "docker-compose.yml").write_text(compose)
        subprocess.run(["docker", "compose", "up", "-d"], cwd=folder, check=True, capture_output=True)
        answers(MAIN, "one")
        container = proxy_id()
        contains(machine.run("status")[0], "main: (main.example.com:80) -> a")
        contains(machine.run("start", "r1.zip", "a")[1], "runs already")
        machine.run("start", "r2.zip", "b")
        equal(proxy_id(), container)
        _, stderr = machine.run("connect", "main", "b")
        contains(stderr, "made anew once")
        equal(ask(MAIN), (200, "two"))
        container = proxy_id()
        machine.run("connect", "main", "a")
        equal(ask(MAIN), (200, "one"))
        equal(proxy_id(), container)
        machine.run("stop", "b")
        machine.run("start", "r2.zip", "a")
        equal(ask(MAIN), (200, "two"))


def an_open_websocket_survives_the_switch_and_the_wait_before_the_stop():
    with Host() as machine:
        machine.run("start", "r1.zip", "a")
        machine.run("start", "r2.zip", "b")
        machine.run("connect", "main", "a")
        websocket = Websocket(MAIN)
        equal(websocket.status, 101)
        machine.run("connect", "main", "b")
        equal(ask(MAIN), (200, "two"))
        equal(websocket.echoes("still here"), True)
        stop = machine.spawn("stop", "a")
        until(lambda: "stop it" in machine.log.read_text(), "the stop waits for the old workers")
        equal(websocket.echoes("and still"), True)
        equal(stop.poll(), None)
        websocket.close()
        stop.communicate()
        equal(stop.returncode, 0)


def the_old_spelling_of_compose_will_do():
    with Host() as machine:
        commands = {"startCommand": "docker-compose up -d", "stopCommand": "docker-compose down -t 1"}
        release(machine, "r1.zip", "one", **commands)
        machine.environment["DOCKER_CONFIG"] = str(machine.root / "no-plugins")
        machine.run("start", "r1.zip", "a")
        machine.run("connect", "main", "a")
        equal(ask(MAIN), (200, "one"))
        container = proxy_id()
        machine.run("disconnect", "main")
        equal(ask(MAIN)[0], 503)
        equal(proxy_id(), container)
        machine.run("stop", "a")


def a_docker_that_fails_is_a_failure():
    with Host() as machine:
        machine.run("start", "r1.zip", "a")
        fake = machine.root / "fake"
        fake.mkdir()
        for name in ["docker", "docker-compose"]:
            (fake / name).write_text("#!/bin/sh\necho no docker today >&2\nexit 1\n")
            (fake / name).chmod(0o755)
        broken = {"PATH": f"{fake}:{os.environ['PATH']}"}
        _, stderr = machine.run("connect", "main", "a", exit_code=1, environment=broken)
        contains(stderr, "no docker today")
        contains(machine.run("status")[0], "(not connected)")

def an_https_endpoint_redirects_serves_and_takes_a_new_certificate():
    with Host() as machine:
        certificate, key = machine.root / "site.pem", machine.root / "site.key"

        def certify(serial):
            subject = ["-subj", f"/CN={SECURE}", "-days", "2", "-set_serial", str(serial)]
            options = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-out", str(certificate)]
            subprocess.run(["openssl", *options, *subject], check=True, capture_output=True)
            return certificate.read_text()

        etype = {"httpsWithRedirect": {"explicit": {"sslCertificate": str(certificate), "sslCertificateKey": str(key)}}}
        machine.config["deployMode"]["proxy"]["endPoints"]["secure"] = {"serverNames": [SECURE], "etype": etype}
        machine.write_config()
        machine.run("start", "r1.zip", "a")
        _, stderr = machine.run("connect", "secure", "a", exit_code=1)
        contains(stderr, "configure the endpoint secure", "does not exist")
        first = certify(1001)
        machine.run("connect", "secure", "a")
        equal(ask(SECURE)[0], 301)
        equal(served_certificate(), first)
        equal(ask_https(SECURE), (200, "one"))
        challenge = machine.root / "www" / ".well-known" / "acme-challenge"
        challenge.mkdir(parents=True)
        (challenge / "token").write_text("proof")
        equal(ask(SECURE, "/.well-known/acme-challenge/token"), (200, "proof"))
        equal(ask("nobody.example.com", "/health-check")[0], 503)
        second = certify(1002)
        machine.run("restart-frontend-proxy")
        equal(served_certificate(), second)
        machine.run("disconnect", "secure")
        equal(ask(SECURE)[0], 503)
        contains(machine.run("status")[0], "secure: (secure.example.com:80,443) -> (not connected)")


def the_health_path_asks_the_deploy_of_its_endpoint():
    with Host() as machine:
        machine.run("start", "r1.zip", "a")
        machine.run("connect", "other", "a")
        equal(ask("nobody.example.com", "/health-check")[0], 503)
        machine.run("connect", "main", "a")
        equal(ask("nobody.example.com", "/health-check"), (200, "one"))


def a_taken_port_80_is_a_failure_and_heals():
    with Host() as machine, socket.socket() as taken:
        machine.run("start", "r1.zip", "a")
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("0.0.0.0", 80))
        taken.listen()
        _, stderr = machine.run("connect", "main", "a", exit_code=1)
        contains(stderr, "connect main to a", "listens on ports 80")
        contains(machine.run("status")[0], "main: (main.example.com:80) -> (not connected)")
        taken.close()
        machine.run("connect", "main", "a")
        equal(ask(MAIN), (200, "one"))


def a_docker_that_hangs_ends_in_an_error():
    with Host() as machine:
        machine.run("start", "r1.zip", "a")
        fake = machine.root / "fake"
        fake.mkdir()
        (fake / "docker").write_text("#!/bin/sh\nexec sleep 300\n")
        (fake / "docker").chmod(0o755)
        hanging = {"PATH": f"{fake}:{os.environ['PATH']}"}
        _, stderr = machine.run("connect", "main", "a", exit_code=1, environment=hanging)
        contains(stderr, "no end after 30 s")


def a_killed_connect_never_leaves_the_endpoint_on_a_dead_port_and_converges():
    kills = int(os.environ.get("KILLS", "20"))
    chance = random.Random(20240102)
    with Host() as machine:
        machine.run("start", "r1.zip", "a")
        machine.run("start", "r2.zip", "b")
        machine.run("connect", "main", "a")
        killed = 0
        with Load(MAIN) as load:
            for turn in range(kills):
                process = machine.spawn("connect", "main", "ba"[turn % 2])
                try:
                    process.wait(timeout=chance.uniform(0.02, 0.8))
                except subprocess.TimeoutExpired:
                    process.kill()
                    killed += 1
                process.communicate()
                equal(ask(MAIN)[0], 200)
                if turn % 4 == 3:
                    machine.run("connect", "main", "ba"[turn % 2])
                    answers(MAIN, ["two", "one"][turn % 2])
        equal(load.failures(), {})
        print(f"       {killed} of {kills} runs were killed, {load.total()} requests, 0 failed")


def a_killed_start_over_a_live_label_converges():
    kills = int(os.environ.get("KILLS", "20")) // 4
    chance = random.Random(20240103)
    with Host() as machine:
        machine.run("start", "r1.zip", "a")
        machine.run("connect", "main", "a")
        with Load(MAIN) as load:
            for turn in range(kills):
                process = machine.spawn("start", ["r2.zip", "r1.zip"][turn % 2], "a")
                try:
                    process.wait(timeout=chance.uniform(0.05, 3))
                except subprocess.TimeoutExpired:
                    process.kill()
                process.communicate()
                # A command of the release that the killed run had begun ends by itself.
                until(lambda: not runs_in(machine.deploys), "the release's command has ended")
                machine.run("start", ["r2.zip", "r1.zip"][turn % 2], "a")
                equal(ask(MAIN), (200, ["two", "one"][turn % 2]))
        equal({status for status, _ in load.counts()} - {200, 503}, set())


if __name__ == "__main__":
    chosen = [case for case in cases_of(__name__) if not sys.argv[1:] or any(word in case.__name__ for word in sys.argv[1:])]
    if ask(MAIN)[0] != "error":
        sys.exit("something answers on port 80 of this machine: stop it first")
    images.build()
    try:
        counts = run_cases(chosen)
    finally:
        images.remove()
    finish(counts)
