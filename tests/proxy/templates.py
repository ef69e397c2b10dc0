"""Templates of users' own: good ones serve, bad ones are refused, and what was served goes on."""

import pathlib
import socket

from host import MAIN, SECURE, Host, answers, docker, proxy_id, serve_a
from load import Load, ask, header
from machine import cases_of, contains, equal

GOOD = (pathlib.Path(__file__).parent / "custom.conf.tpl").read_text()
TAKEN_PORT = 18099

# What is wrong -> the template, and a word of the error that tells a person what.
BAD = {
    "a syntax error": (GOOD.replace("charset utf-8;", "charset utf-8"), 'invalid number of arguments in "charset"'),
    "an unknown directive": (GOOD.replace("charset utf-8;", "charsett utf-8;"), 'unknown directive "charsett"'),
    "an unknown variable": (GOOD.replace("$scheme", "$shceme"), 'unknown "shceme" variable'),
    "a missing include": (GOOD.replace("mime.types", "no.types"), "/etc/nginx/no.types"),
    "a missing certificate": (
        GOOD.replace("listen 80;", "listen 80; listen 8443 ssl; ssl_certificate /no.pem; ssl_certificate_key /no.key;"),
        "/no.pem",
    ),
    "a port that is none": (GOOD.replace("listen 80", "listen 800000"), "invalid port"),
    "a directive in a wrong context": (GOOD.replace("http {", "http { http {}", 1), '"http" directive is not allowed'),
    "a brace that is not closed": (GOOD.rstrip().removesuffix("}"), "unexpected end of file"),
    "one brace too many": (GOOD + "}", 'unexpected "}"'),
    "an empty file": ("", 'no "events" section'),
    "a page of HTML": ("<!DOCTYPE html>\n<html><body>404</body></html>\n", "nginx.candidate.conf:"),
    "two default servers": (
        GOOD.replace("listen 80;", "listen 80 default_server;"),
        "duplicate default server",
    ),
    "an upstream that nobody knows": (GOOD.replace("localhost:{{port}}", "nobody.invalid:80"), "host not found"),
    "a section that is not closed": (GOOD + "{{#endPoints}}", "endPoints"),
    "a tag that is not closed": (GOOD.replace("{{port}}", "{{port}"), "custom.conf.tpl"),
    "a partial from outside": (GOOD + "{{> ../outside}}", "../outside"),
    "zero bytes": ("\0" * 100, "nginx.candidate.conf:"),
    "bytes that are no UTF-8": (b"events {}\n# caf\xe9\nhttp {}\n", "UTF-8"),
    "an image": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "UTF-8"),
    "nothing at its path": (None, "does not exist"),
    "a folder at its path": ("folder", "custom.conf.tpl"),
}


def put_template(machine, content):
    """Names a template in the configuration, with this content."""
    path = machine.root / "custom.conf.tpl"
    if path.is_dir():
        path.rmdir()
    path.unlink(missing_ok=True)
    if content == "folder":
        path.mkdir()
    elif content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    machine.config["deployMode"]["proxy"]["nginxConfTemplatePath"] = str(path)
    machine.write_config()


def refused(machine, what, told):
    """A connect with this template is a failure that says what it is about, and leaves what was served."""
    folder = machine.deploys / "frontend-proxy"
    before = {name: (folder / name).read_bytes() for name in ["nginx.conf", "docker-compose.yml", "state.json"]}
    try:
        _, stderr = machine.run("connect", "main", "b", exit_code=1)
        contains(stderr, "main", told)
        equal({name: (folder / name).read_bytes() for name in before}, before)
        equal(ask(MAIN), (200, "one"))
        docker("restart", "-t", "1", "frontendproxy")
        answers(MAIN, "one")
        contains(machine.run("status")[0], "main: (main.example.com:80) -> a")
    except AssertionError as error:
        raise AssertionError(f"{what}: {error}") from None


def a_bad_template_is_refused_and_what_was_served_goes_on_also_after_a_restart():
    with Host() as machine:
        serve_a(machine)
        container = proxy_id()
        for what, (content, told) in BAD.items():
            put_template(machine, content)
            refused(machine, what, told)
        equal(proxy_id(), container)
        put_template(machine, GOOD)
        machine.run("connect", "main", "b")
        equal(ask(MAIN), (200, "two"))
        print(f"       {len(BAD)} bad templates, 0 taken for good")


def a_bad_template_starts_no_proxy():
    with Host() as machine:
        machine.run("start", "r1.zip", "a")
        for what in ["an unknown directive", "an empty file", "bytes that are no UTF-8"]:
            content, told = BAD[what]
            put_template(machine, content)
            _, stderr = machine.run("connect", "main", "a", exit_code=1)
            contains(stderr, "main", told)
            equal(proxy_id(), "")
        put_template(machine, GOOD)
        machine.run("connect", "main", "a")
        equal(ask(MAIN), (200, "one"))


def a_template_that_listens_on_a_taken_port_is_refused_by_the_proof():
    with Host() as machine, socket.socket() as taken:
        serve_a(machine)
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("0.0.0.0", TAKEN_PORT))
        taken.listen()
        put_template(machine, GOOD.replace("listen 80;", f"listen 80; listen {TAKEN_PORT};"))
        refused(machine, "a taken port", "Address already in use")
        taken.close()
        machine.run("connect", "main", "b")
        equal(ask(MAIN), (200, "two"))


def a_good_template_switches_under_load_and_finds_mime_types_both_ways():
    with Host() as machine:
        etype = {"httpsWithRedirect": "generated"}
        machine.config["deployMode"]["proxy"]["endPoints"]["secure"] = {"serverNames": [SECURE], "etype": etype}
        serve_a(machine)
        challenge = machine.root / "www" / ".well-known" / "acme-challenge"
        challenge.mkdir(parents=True)
        (challenge / "style.css").write_text("a {}")
        for turn, include in enumerate(["/etc/nginx/mime.types", "mime.types"]):
            put_template(machine, GOOD.replace("/etc/nginx/mime.types", include))
            with Load(MAIN) as load:
                machine.run("connect", "main", "b")
                answers(MAIN, "two")
                machine.run("connect", "main", "a")
                answers(MAIN, "one")
            equal(load.failures(), {})
            equal(ask(SECURE, "/.well-known/acme-challenge/style.css"), (200, "a {}"))
            equal(header(SECURE, "/.well-known/acme-challenge/style.css", "Content-Type"), "text/css")


LONG = [a_template_that_listens_on_a_taken_port_is_refused_by_the_proof]
CASES = [case for case in cases_of(__name__) if case not in (put_template, refused, *LONG)]
