"""A load on an endpoint: every request is counted by what it came to."""

import collections
import http.client
import socket
import ssl
import threading


class Load:
    """Threads that send one request after the other, each on a connection of its own, while the `with` lasts."""

    def __init__(self, host, path="/", threads=4):
        self._host, self._path = host, path
        self._stop = threading.Event()
        self._counts = collections.Counter()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run) for _ in range(threads)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self):
        while not self._stop.is_set():
            outcome = ask(self._host, self._path)
            with self._lock:
                self._counts[outcome] += 1

    def counts(self):
        with self._lock:
            return dict(self._counts)

    def total(self):
        return sum(self.counts().values())

    def failures(self):
        """What was not answered with 200, and how often."""
        return {outcome: count for outcome, count in self.counts().items() if outcome[0] != 200}


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
        self._socket.sendall(text.encode())
        return self._socket.recv(1024).decode() == text

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
