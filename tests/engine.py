"""A docker engine of the tests' own, in a network namespace of its own: another machine on this one."""

import concurrent.futures
import contextlib
import ctypes
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import urllib.parse

from machine import until

CLONE_NEWNET = 0x40000000


class Engine:
    """A docker engine in a network namespace; to be used in a `with`.

    `endpoint`: a server on this machine's loopback, to which the namespace has a relay at the same address. `hosts`: a
    file that the engine is to have for /etc/hosts, `trusted`: one of certificates that it is to trust.
    """

    def __init__(self, name, endpoint=None, hosts=None, trusted=None):
        self.name = f"c2-{name}"
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="c2-engine-"))
        self.host = f"unix://{self.folder}/docker.sock"
        self._endpoint = endpoint and urllib.parse.urlsplit(endpoint)
        self._hosts, self._trusted = hosts, trusted
        self._namespace = pathlib.Path("/run/netns") / self.name

    def __enter__(self):
        # What a run that was killed left behind goes first.
        subprocess.run(["ip", "netns", "del", self.name], capture_output=True, check=False)
        subprocess.run(["ip", "netns", "add", self.name], check=True)
        subprocess.run(["ip", "-n", self.name, "link", "set", "lo", "up"], check=True)
        self._inside = concurrent.futures.ThreadPoolExecutor(1, initializer=self._enter_namespace)
        if self._endpoint:
            self._relay = self.inside(self._listen)
            threading.Thread(target=self._accept, daemon=True).start()
        self._start()
        return self

    def _start(self):
        settings = self.folder / "daemon.json"
        settings.write_text(json.dumps({"storage-driver": "vfs"}))
        command = ["dockerd", f"--config-file={settings}", f"--data-root={self.folder}/data", f"-H={self.host}"]
        command += [f"--exec-root={self.folder}/exec", f"--pidfile={self.folder}/pid", "--bridge=none"]
        command += ["--iptables=false", "--ip-masq=false"]
        if self._hosts:
            mounted = 'mount --bind "$0" /etc/hosts && exec "$@"'
            command = ["unshare", "--mount", "sh", "-c", mounted, self._hosts, *command]
        environment = {**os.environ, **({"SSL_CERT_FILE": str(self._trusted)} if self._trusted else {})}
        with open(self.folder / "log", "a") as log:
            streams = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log}
            self._daemon = subprocess.Popen([*self.prefix(), *command], env=environment, **streams)
        answered = ["docker", "version"]
        until(lambda: self.call(answered, check=False).returncode == 0, f"the engine {self.name} answers")

    def lose_power(self):
        """The engine and all that runs in its network end at once."""
        self._daemon.kill()
        self._daemon.wait()
        listed = ["ip", "netns", "pids", self.name]
        running = subprocess.run(listed, check=True, capture_output=True, text=True).stdout.split()
        for process in map(int, running):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        until(lambda: not subprocess.run(listed, check=True, capture_output=True).stdout, "all processes are gone")
        # What is below /run is gone with the power.
        self._unmount()
        shutil.rmtree(self.folder / "exec")
        (self.folder / "pid").unlink()

    def boot(self):
        """Starts the engine again, which starts what containers are to be there."""
        self._start()

    def __exit__(self, *_):
        self._daemon.terminate()
        try:
            self._daemon.wait(60)
        except subprocess.TimeoutExpired:
            self._daemon.kill()
            self._daemon.wait()
        if self._endpoint:
            with contextlib.suppress(OSError):
                self._relay.shutdown(socket.SHUT_RDWR)
            self._relay.close()
        self._inside.shutdown()
        subprocess.run(["ip", "netns", "del", self.name], check=True)
        self._unmount()
        shutil.rmtree(self.folder)

    def _unmount(self):
        """What the engine mounted for the network of its containers outlives it."""
        mounted = [line.split()[1] for line in open("/proc/mounts") if f" {self.folder}/" in line]
        for point in sorted(mounted, reverse=True):
            subprocess.run(["umount", point], check=True)

    def prefix(self):
        """What stands before a command that is to run in the namespace, as the same process."""
        return ["nsenter", f"--net={self._namespace}", "--"]

    def inside(self, function, *arguments):
        """Calls a function in the namespace."""
        return self._inside.submit(function, *arguments).result()

    def call(self, command, check=True, **options):
        """Runs a command that speaks with this engine."""
        environment = {**os.environ, "DOCKER_HOST": self.host}
        return subprocess.run(command, env=environment, check=check, capture_output=True, **options)

    def docker(self, *arguments):
        return self.call(["docker", *arguments], text=True).stdout

    def load_images(self, archive):
        """Takes the images of the tests over, as `docker save` wrote them."""
        self.call(["docker", "load", "-i", archive])

    def remove_containers(self):
        found = self.docker("ps", "-aq").split()
        if found:
            self.docker("rm", "-fv", *found)

    def _enter_namespace(self):
        with open(self._namespace) as namespace:
            if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), f"enter {self._namespace}")

    def _listen(self):
        return socket.create_server((self._endpoint.hostname, self._endpoint.port), backlog=64)

    def _accept(self):
        while True:
            try:
                inner, _ = self._relay.accept()
            except OSError:
                return
            # This thread is outside of the namespace, and so is what it connects.
            outer = socket.create_connection((self._endpoint.hostname, self._endpoint.port))
            for source, target in [(inner, outer), (outer, inner)]:
                threading.Thread(target=_pump, args=(source, target), daemon=True).start()


def _pump(source, target):
    try:
        while data := source.recv(1 << 16):
            target.sendall(data)
    except OSError:
        pass
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
