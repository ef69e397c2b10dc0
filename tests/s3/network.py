"""Cases: the way to S3 is bad - a server that stumbles, lies or hangs up, and certificates."""

import contextlib
import datetime
import ipaddress
import json
import os
import socket

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from faulty_proxy import FaultyProxy
from machine import cases_of, contains, equal, release_files
from refusals import refused


def a_server_that_is_busy_twice_is_asked_a_third_time(store):
    def fault(number, _, answer):
        if number <= 2:
            answer.become_error(503, "SlowDown")

    with listing_through(store, fault) as (machine, proxy):
        equal(machine.run("list-releases")[0], "app.zip\n")
        equal(len(proxy.requests), 3)


def a_server_that_stays_busy_is_given_up_after_three_attempts(store):
    def fault(_, __, answer):
        answer.become_error(503, "SlowDown")

    with listing_through(store, fault) as (machine, proxy):
        refused(machine, "list-releases", naming=["SlowDown", "REQUEST77"])
        equal(len(proxy.requests), 3)


def a_server_that_says_no_for_good_is_asked_once(store):
    def fault(_, __, answer):
        answer.become_error(403, "AccessDenied")

    with listing_through(store, fault) as (machine, proxy):
        refused(machine, "list-releases", naming=["AccessDenied", "REQUEST77"])
        equal(len(proxy.requests), 1)


def a_connection_that_breaks_is_tried_again(store):
    def fault(number, _, answer):
        if number == 1:
            answer.hang_up_after = 0

    with listing_through(store, fault) as (machine, proxy):
        equal(machine.run("list-releases")[0], "app.zip\n")
        equal(len(proxy.requests), 2)


def a_download_that_breaks_off_once_is_fetched_again(store):
    broken = []

    def fault(_, request, answer):
        if is_download(request, answer) and not broken:
            broken.append(request)
            answer.hang_up_after = len(answer.body) // 2

    with listing_through(store, fault) as (machine, _):
        machine.run("start", "app.zip")
        equal((machine.current(), len(broken)), ("app", 1))


def a_download_that_always_breaks_off_is_never_unpacked(store):
    def fault(_, request, answer):
        if is_download(request, answer):
            answer.hang_up_after = len(answer.body) - 1

    start_is_refused_untouched(store, fault)


def a_download_with_a_flipped_bit_is_never_unpacked(store):
    def fault(_, request, answer):
        if is_download(request, answer):
            middle = len(answer.body) // 2
            answer.body = answer.body[:middle] + bytes([answer.body[middle] ^ 1]) + answer.body[middle + 1 :]

    start_is_refused_untouched(store, fault)


def a_listing_that_is_a_web_page_is_an_error(store):
    listing_is_refused(store, b"<!DOCTYPE html><html><body>Welcome to the hotel</body></html>")


def a_listing_that_is_an_error_behind_a_200_is_an_error(store):
    def fault(_, __, answer):
        answer.become_error(200, "InternalError")

    with listing_through(store, fault) as (machine, _):
        refused(machine, "list-releases", naming=["list", "InternalError"])


def a_listing_that_is_cut_off_is_an_error(store):
    def fault(_, __, answer):
        answer.body = answer.body[: answer.body.index(b"</ListBucketResult>")]

    with listing_through(store, fault) as (machine, _):
        refused(machine, "list-releases", naming=["list"])


def an_empty_listing_body_is_an_error(store):
    listing_is_refused(store, b"")


def a_listing_whose_token_never_changes_is_an_error(store):
    def fault(_, __, answer):
        again = b"<IsTruncated>true</IsTruncated><NextContinuationToken>again</NextContinuationToken>"
        answer.body = answer.body.replace(b"<IsTruncated>false</IsTruncated>", again)
        contains(answer.body.decode(), "again")

    with listing_through(store, fault) as (machine, proxy):
        refused(machine, "list-releases", naming=["token"])
        equal(len(proxy.requests) < 5, True)


def a_session_token_goes_with_every_request(store):
    with listing_through(store, lambda *_: None) as (machine, proxy):
        machine.never_shown.append("TOKEN77")
        # The keys belong to no session, so the server may refuse them: what was sent is the point.
        process = machine.spawn("list-releases", environment={"AWS_SESSION_TOKEN": "TOKEN77"})
        process.communicate(timeout=60)
        equal(len(proxy.requests) > 0, True)
        for request in proxy.requests:
            contains(request.path + str(request.headers), "TOKEN77")


def a_server_that_takes_no_connection_is_given_up(store):
    with socket.socket() as server, contextlib.ExitStack() as waiting:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(4):  # fills the queue: what comes now is left without an answer
            client = waiting.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(server.getsockname())
        address = f"127.0.0.1:{server.getsockname()[1]}"
        with store.place().machine(endpoint=f"http://{address}") as machine:
            refused(machine, "list-releases", naming=[address])


def a_private_authority_is_trusted_by_either_variable_and_by_nothing_else(store):
    place = store.place()
    place.put_release("app.zip", release_files("app"))
    with place.machine() as machine:
        authority, certificate = make_certificates(machine.root)
        with FaultyProxy(store.endpoint, certificate=certificate) as proxy:
            environment = {"S3_ENDPOINT": proxy.endpoint}
            for variable in ("SSL_CERT_FILE", "AWS_CA_BUNDLE"):
                stdout, _ = machine.run("list-releases", environment={**environment, variable: str(authority)})
                equal(stdout, "app.zip\n")
            stderr = refused(machine, "list-releases", naming=["127.0.0.1"], environment=environment)
            contains(stderr.lower(), "certificate")


def a_certificate_of_another_time_has_the_clock_looked_at(store):
    for ahead_days in (3650, -3650):
        with store.place().machine() as machine:
            authority, certificate = make_certificates(machine.root, ahead_days)
            with FaultyProxy(store.endpoint, certificate=certificate) as proxy:
                environment = {"S3_ENDPOINT": proxy.endpoint, "SSL_CERT_FILE": str(authority)}
                for words in (["list-releases"], ["start", "app.zip"]):
                    named = ["certificate", "is the machine's clock right? (date)"]
                    refused(machine, *words, naming=named, environment=environment)


def a_clock_that_is_set_late_is_waited_for(store):
    place = store.place()
    place.put_context("late", {"here": True})
    with place.machine(["late"]) as machine:
        # Instead of the machine's clock it is the certificate that changes.
        folders = [machine.root / "wrong", machine.root / "right"]
        for folder in folders:
            folder.mkdir()
        (authority, wrong), (authority_now, right) = map(make_certificates, folders, [3650, 0])
        bundle = machine.root / "bundle.pem"
        bundle.write_bytes(authority.read_bytes() + authority_now.read_bytes())
        with FaultyProxy(store.endpoint, certificate=wrong) as proxy:
            environment = {"S3_ENDPOINT": proxy.endpoint, "SSL_CERT_FILE": str(bundle)}
            process = machine.spawn("fetch-context", "--retry", environment=environment)
            told = next(line for line in process.stderr if "waiting" in line)
            contains(told, "late", "is the machine's clock right? (date)")
            proxy.tls.load_cert_chain(*right)
            _, stderr = process.communicate(timeout=60)
            equal((process.returncode, stderr.count("panicked")), (0, 0))
            equal(json.loads((machine.cache / "late.json").read_text()), {"here": True})


def a_bundle_that_does_not_exist_is_named(store):
    with store.place().machine(endpoint="https://127.0.0.1:9") as machine:
        refused(
            machine,
            "list-releases",
            naming=["/no/such/bundle.pem"],
            environment={"SSL_CERT_FILE": "/no/such/bundle.pem"},
        )


# One release, reached through a proxy.
@contextlib.contextmanager
def listing_through(store, fault):
    place = store.place()
    place.put_release("app.zip", {**release_files("app"), "noise": os.urandom(300_000)})
    with FaultyProxy(store.endpoint, fault) as proxy, place.machine(endpoint=proxy.endpoint) as machine:
        yield machine, proxy


def listing_is_refused(store, body):
    def fault(_, __, answer):
        answer.body = body

    with listing_through(store, fault) as (machine, _):
        refused(machine, "list-releases", naming=["list"])


def start_is_refused_untouched(store, fault):
    with listing_through(store, fault) as (machine, _):
        refused(machine, "start", "app.zip", naming=["app.zip"])
        refused(machine, "unpack", "app.zip", machine.root / "out", naming=["app.zip"])
        equal((machine.root / "out").exists(), False)
        equal((machine.current(), machine.leftovers(), machine.happened()), (None, [], []))
        equal((machine.deploys / "app").exists(), False)


def is_download(request, answer):
    return request.command == "GET" and len(answer.body) > 100_000


def make_certificates(folder, ahead_days=0):
    """Makes an authority and a certificate of it for 127.0.0.1, by a clock that is so far ahead; returns
    `(authority, (certificate, key))` as paths."""
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    issuer = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "c2 test authority")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    written = []
    for name, subject, public, extension in (
        ("authority.pem", issuer, authority_key, x509.BasicConstraints(ca=True, path_length=None)),
        ("server.pem", x509.Name([]), key, address),
    ):
        now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=ahead_days)
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(public.public_key())
        builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
        builder = builder.not_valid_after(now + datetime.timedelta(days=2)).add_extension(extension, critical=True)
        written.append(folder / name)
        written[-1].write_bytes(builder.sign(authority_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    key_file = folder / "server.key"
    encoding = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    key_file.write_bytes(key.private_bytes(*encoding))
    return written[0], (written[1], key_file)


CASES = [case for case in cases_of(__name__) if case.__code__.co_varnames[: case.__code__.co_argcount] == ("store",)]
