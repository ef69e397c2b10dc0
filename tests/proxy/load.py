"""A load on an endpoint: every request is counted by what it came to."""

import collections
import http.client
import re
import signal
import socket
import ssl
import subprocess
import threading
import time


class Load:
    """Threads that send one request after the other, each on a connection of its own, while the `with` lasts.

    With a limit each thread sends that many, and the `with` ends when they are answered.
    """

    def __init__(self, host, path="/", threads=4, limit=None):
        self.begun = 0
        self._host, self._path, self._limit = host, path, limit
        self._stop = threading.Event()
        self._counts = collections.Counter()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run) for _ in range(threads)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        if self._limit is None:
            self._stop.set()
        self.join()

    def join(self):
        """Waits until the threads have ended."""
        for thread in self._threads:
            thread.join()

    def _run(self):
        ask_once, sent = self._client(), 0
        while not self._stop.is_set() and sent != self._limit:
            sent += 1
            with self._lock:
                self.begun += 1
            outcome = ask_once()
            with self._lock:
                self._counts[outcome] += 1

    def _client(self):
        return lambda: ask(self._host, self._path)

    def counts(self):
        with self._lock:
            return dict(self._counts)

    def total(self):
        return sum(self.counts().values())

    def failures(self):
        """What was not answered with 200, and how often."""
        return {outcome: count for outcome, count in self.counts().items() if outcome[0] != 200}


class Outage(Load):
    """One thread: how long it goes without an answer of 200 at most, from the end of one to the end of the next."""

    def __init__(self, host):
        super().__init__(host, threads=1)
        self.longest_s, self._answered = 0, None

    def _client(self):
        def ask_once():
            outcome = ask(self._host, self._path)
            # What asks without a pause takes a processor from what is to begin.
            self._stop.wait(0.005)
            if outcome[0] == 200:
                now = time.monotonic()
                self.longest_s = max(self.longest_s, now - (self._answered or now))
                self._answered = now
            return outcome

        return ask_once


class KeptAlive(Load):
    """The same on connections that are kept alive, with what RFC 9112 (9.3.1) allows a client: a request that found its
    connection closed by the other side, and got no byte of an answer on it, is sent once more on a fresh one."""

    closed = 0

    def _client(self):
        kept = []

        def ask_once():
            for is_fresh in [not kept, True]:
                connection = kept.pop() if kept else http.client.HTTPConnection("127.0.0.1", 80, timeout=20)
                try:
                    connection.request("GET", self._path, headers={"Host": self._host})
                    answer = connection.getresponse()
                    body = answer.read().decode(errors="replace")
                    kept[:] = [] if answer.will_close else [connection]
                    return answer.status, body if answer.status == 200 else ""
                except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError) as error:
                    connection.close()
                    if is_fresh:
                        return "error", type(error).__name__
                    with self._lock:
                        self.closed += 1
                except (OSError, http.client.HTTPException) as error:
                    connection.close()
                    return "error", type(error).__name__

        return ask_once


class Wrk:
    """Debian's load generator on an endpoint, while the `with` lasts."""

    def __init__(self, host, kept_alive):
        headers = ["-H", f"Host: {host}", *([] if kept_alive else ["-H", "Connection: close"])]
        command = ["wrk", "-t", "1", "-c", "8", "-d", "3600", "--timeout", "20s"]
        self._command = [*command, *headers, "http://127.0.0.1/"]

    def __enter__(self):
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, *_):
        self._process.send_signal(signal.SIGINT)
        self._printed = self._process.communicate()[0]

    def total(self):
        return int(re.search(r"(\d+) requests in", self._printed).group(1))

    def errors(self):
        """What was not answered with 2xx or 3xx, by kind."""
        counts = {}
        if found := re.search(r"Non-2xx or 3xx responses: (\d+)", self._printed):
            counts["status"] = int(found.group(1))
        if found := re.search(r"Socket errors: (.*)", self._printed):
            kinds = (kind.split() for kind in found.group(1).split(","))
            counts.update((kind, int(count)) for kind, count in kinds if int(count))
        return counts


def ask(host, path="/", timeout_s=20):
    """One request through the proxy: `(status, body)`, or `("error", why)`."""
    connection = http.client.HTTPConnection("127.0.0.1", 80, timeout=timeout_s)
    try:
        connection.request("GET", path, headers={"Host": host, "Connection": "close"})
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace") if answer.status == 200 else ""
    except (OSError, http.client.HTTPException) as error:
        return "error", type(error).__name__
    finally:
        connection.close()


def header(host, path, name):
    """A header of the answer to one request through the proxy."""
    connection = http.client.HTTPConnection("127.0.0.1", 80, timeout=20)
    try:
        connection.request("GET", path, headers={"Host": host, "Connection": "close"})
        return connection.getresponse().getheader(name)
    finally:
        connection.close()


class Websocket:
    """An upgraded connection through the proxy."""

    def __init__(self, host):
        self._socket = socket.create_connection(("127.0.0.1", 80), timeout=20)
        self._socket.sendall(
            f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n".encode()
        )
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self._socket.recv(1024)
        self.status = int(answer.split(b" ")[1])

    def echoes(self, text):
        try:
            self._socket.sendall(text.encode())
            return self._socket.recv(1024).decode() == text
        except OSError:
            return False

    def close(self):
        self._socket.close()


def ask_https(host, path="/"):
    """One request to port 443 by this name, whatever the certificate: `(status, body)`."""
    context = ssl._create_unverified_context()
    with socket.create_connection(("127.0.0.1", 443), timeout=20) as plain:
        with context.wrap_socket(plain, server_hostname=host) as stream:
            stream.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            answer = http.client.HTTPResponse(stream)
            answer.begin()
            return answer.status, answer.read().decode()


def served_certificate():
    """The certificate on port 443, as PEM."""
    return ssl.get_server_certificate(("127.0.0.1", 443))
