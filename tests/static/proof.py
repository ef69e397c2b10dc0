"""Cases: the release binary is static and works in a chroot that holds only it, etc/hosts and etc/resolv.conf.

It resolves names there, from the hosts file and by DNS, fetches from S3, and loads no shared object.
"""

import contextlib
import json
import os
import pathlib
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import urllib.parse

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent.parent / folder) for folder in ("", "s3")]

from machine import C2, contains, contains_none, equal, finish, release_files, run_cases
from store import Store

NAME = "store.c2.test"
MODULES = "hosts: mymachines resolve [!UNAVAIL=return] mdns4_minimal myhostname files dns\n"


def the_binary_names_no_interpreter_and_no_library(_):
    contains_none(output_of("readelf", "--program-headers", C2), "INTERP")
    contains_none(output_of("readelf", "--dynamic", C2), "NEEDED")
    equal(bool(re.search(r"statically linked|static-pie linked", output_of("file", C2))), True)


def version_runs_with_nothing_around_it(_):
    with Chroot(hosts="") as chroot:
        equal(bool(re.fullmatch(r"\d+\.\d+\.\d+\n", chroot.run("version"))), True)


def a_release_is_fetched_from_a_name_in_the_hosts_file(store):
    with Chroot(hosts=f"127.0.0.1 {NAME}\n") as chroot:
        chroot.lists_and_unpacks(store)


def a_release_is_fetched_from_a_name_that_dns_knows(store):
    with Chroot(hosts="") as chroot, dns_server() as address:
        chroot.write("etc/resolv.conf", f"nameserver {address}\noptions timeout:2 attempts:2\n")
        chroot.lists_and_unpacks(store)


def modules_that_nsswitch_names_are_never_loaded(store):
    with Chroot(hosts=f"127.0.0.1 {NAME}\n") as chroot:
        chroot.write("etc/nsswitch.conf", MODULES)
        chroot.lists_and_unpacks(store)


def a_name_that_nobody_knows_is_an_error_that_names_it(store):
    with Chroot(hosts="") as chroot:
        chroot.write("etc/nsswitch.conf", MODULES)
        contains(chroot.run("list-releases", environment=chroot.reach(store.place()), exit_code=1), NAME)


class Chroot:
    """A root folder with the binary, etc/hosts and etc/resolv.conf; c2 is watched there for shared objects."""

    def __init__(self, hosts):
        self._folder = tempfile.TemporaryDirectory(prefix="c2-chroot-")
        self.root = pathlib.Path(self._folder.name, "root")
        (self.root / "etc").mkdir(parents=True)
        shutil.copy(C2, self.root / "c2")
        self.write("etc/hosts", hosts)
        self.write("etc/resolv.conf", "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._folder.cleanup()

    def write(self, path, text):
        (self.root / path).write_text(text)

    def reach(self, place):
        """The environment in which c2 reaches a place by name; its config comes from there, too."""
        place.put("camus2.json", json.dumps({"releases": {"s3": place.url("releases")}}))
        port = urllib.parse.urlsplit(place.store.endpoint).port
        keys = {name: os.environ[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
        return {**keys, "CAMUS2_CONFIG": place.url("camus2.json"), "S3_ENDPOINT": f"http://{NAME}:{port}"}

    def lists_and_unpacks(self, store):
        place = store.place()
        place.put_release("app.zip", release_files("app"))
        environment = self.reach(place)
        equal(self.run("list-releases", environment=environment), "app.zip\n")
        self.run("unpack", "app.zip", "/out", environment=environment)
        equal((self.root / "out" / "name.txt").read_text(), "app")

    def run(self, *arguments, environment=None, exit_code=0):
        """Runs c2, insists on its exit code and that it asked for no shared object; returns stdout, or stderr of a failure."""
        listing = self.root.parent / "listing"
        command = ["strace", "-f", "-o", listing, "-e", "trace=%file", "chroot", self.root, "/c2", *arguments]
        path = {"PATH": os.environ["PATH"]}
        done = subprocess.run(command, env={**path, **(environment or {})}, capture_output=True, text=True, timeout=60)
        if done.returncode != exit_code:
            raise AssertionError(
                f"c2 {' '.join(arguments)} ended with {done.returncode}, not {exit_code}\n{done.stdout}{done.stderr}"
            )
        calls = listing.read_text().partition('execve("/c2"')[2]
        equal(bool(calls), True)
        asked = [line for line in calls.splitlines()[1:] if re.search(r"\.so\b|ld\.so", line)]
        equal(asked, [])
        return done.stderr if exit_code else done.stdout


@contextlib.contextmanager
def dns_server():
    """A DNS server on port 53 of a loopback address, which it yields; it says that every name is 127.0.0.1."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.7.7.53", 53))

        def serve():
            with contextlib.suppress(OSError):  # the socket is shut down in the end
                while True:
                    query, client = server.recvfrom(512)
                    if not query:
                        return
                    question = query[12 : query.index(b"\0", 12) + 5]
                    is_ipv4 = question[-4:-2] == b"\0\1"
                    answer = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x7f\0\0\1" if is_ipv4 else b""
                    server.sendto(
                        query[:2] + struct.pack("!5H", 0x8180, 1, int(is_ipv4), 0, 0) + question + answer, client
                    )

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[0]
        server.sendto(b"", server.getsockname())
        thread.join()


def output_of(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


finish(
    run_cases(
        [
            the_binary_names_no_interpreter_and_no_library,
            version_runs_with_nothing_around_it,
            a_release_is_fetched_from_a_name_in_the_hosts_file,
            a_release_is_fetched_from_a_name_that_dns_knows,
            modules_that_nsswitch_names_are_never_loaded,
            a_name_that_nobody_knows_is_an_error_that_names_it,
        ],
        Store(os.environ["SEAWEEDFS_ENDPOINT"]),
    )
)
