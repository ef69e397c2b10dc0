"""Measures what a fleet costs; it is started by `bench/fleet [POLLS]`.

- Polls of `slave-update --repeat 1` that find nothing new, by a machine that is as the master wants it, with a real proxy
  and a deploy: requests and CPU time of each, and the memory of the process. The CPU time is compared with that of curl
  making the same conditional request; the two run side by side.
- `status --show-slaves` of 1,000 slaves from a store that takes 10 ms to answer, against reading the same objects one
  after the other on one connection. The two take turns. The aim is a ratio of at most 0.05.

The store is a small server of this program's own, so that it can be slow and count.
"""

import asyncio
import collections
import http.client
import json
import pathlib
import resource
import statistics
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests" / "proxy"), str(ROOT / "tests")]

import images
from host import FIRST_PORT, MAIN, Host, answers
from machine import Machine, until

SLAVES, BUCKET, BASE = 1000, "fleet", "base"
MASTER = f"{BASE}/master/state.json"
DEPLOY = {"label": "a", "release": "r1.zip", "releaseUnpacked": True, "port": FIRST_PORT}
STATE = json.dumps({"deploys": {"a": DEPLOY}, "connections": {"main": "a"}}).encode()
KEYS = {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench"}


class Store(asyncio.Protocol):
    """S3 as far as it is needed here, in memory; one object of this class is one connection."""

    objects = {}
    latency_s = 0.0
    requests = collections.Counter()

    def connection_made(self, transport):
        self._transport, self._received = transport, b""

    def data_received(self, data):
        self._received += data
        while b"\r\n\r\n" in self._received:
            head, _, rest = self._received.partition(b"\r\n\r\n")
            lines = head.decode().split("\r\n")
            fields = dict(line.lower().split(": ", 1) for line in lines[1:])
            length = int(fields.get("content-length", 0))
            if len(rest) < length:
                return
            body, self._received = rest[:length], rest[length:]
            verb, target, _ = lines[0].split(" ")
            answer = self._answer(verb, target, fields, body)
            asyncio.get_running_loop().call_later(self.latency_s, self._transport.write, answer)

    def _answer(self, verb, target, fields, body):
        path, _, query = target.partition("?")
        key = path.removeprefix(f"/{BUCKET}").strip("/")
        self.requests[(verb, key)] += 1
        if verb == "PUT":
            self.objects[key] = body
            return head(200)
        if not key:
            return answered(listing(self.objects))
        if key not in self.objects:
            return answered(b"<Error><Code>NoSuchKey</Code></Error>", 404)
        etag = f'"{hash(self.objects[key]) & 0xFFFFFFFF:08x}"'
        if fields.get("if-none-match") == etag:
            return head(304, etag)
        return answered(self.objects[key], 200, etag)


def head(status, etag='"0"'):
    return f"HTTP/1.1 {status} x\r\nContent-Length: 0\r\nETag: {etag}\r\n\r\n".encode()


def answered(body, status=200, etag='"0"'):
    return f"HTTP/1.1 {status} x\r\nContent-Length: {len(body)}\r\nETag: {etag}\r\n\r\n".encode() + body


def listing(objects):
    now = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
    of_slaves = (key for key in objects if "/slaves/" in key)
    entries = (
        f"<Contents><Key>{key}</Key><LastModified>{now}</LastModified><ETag>&quot;0&quot;</ETag>"
        f"<Size>{len(objects[key])}</Size></Contents>"
        for key in of_slaves
    )
    inner = f"<Name>{BUCKET}</Name><KeyCount>{SLAVES}</KeyCount><IsTruncated>false</IsTruncated>{''.join(entries)}"
    return f'<?xml version="1.0"?><ListBucketResult>{inner}</ListBucketResult>'.encode()


def serve():
    """Starts the store in a thread; its port."""
    started, ports = threading.Event(), []

    async def run():
        server = await asyncio.get_running_loop().create_server(Store, "127.0.0.1", 0)
        ports.append(server.sockets[0].getsockname()[1])
        started.set()
        await server.serve_forever()

    threading.Thread(target=lambda: asyncio.run(run()), daemon=True).start()
    started.wait()
    return ports[0]


def proxy():
    """What makes a machine one of the fleet."""
    return {"remoteStateS3": f"s3://{BUCKET}/{BASE}", "slaveLabel": {"label": "bench"}, "slaveInterfaceName": "lo"}


def environment(port):
    return {"S3_ENDPOINT": f"http://127.0.0.1:{port}", **KEYS}


def cpu_ms(process):
    """The CPU time of all threads of a process so far."""
    tasks = pathlib.Path(f"/proc/{process}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e6


def rss_kb(process):
    status = pathlib.Path(f"/proc/{process}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


def polled():
    return Store.requests[("GET", MASTER)]


def curl_ms(port, etag):
    """The CPU time of the same conditional request by curl."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "--aws-sigv4", "aws:amz:us-east-1:s3"]
    command += ["--user", "bench:bench", "-H", f"If-None-Match: {etag}", f"http://127.0.0.1:{port}/{BUCKET}/{MASTER}"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert said == "304", said
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000


def polls(port, count):
    Store.objects[MASTER] = STATE
    with Host(**proxy()) as slave:
        slave.environment.update(environment(port))
        process = slave.spawn("slave-update", "--repeat", "1")
        answers(MAIN, "one")
        until(lambda: polled() >= 5, "the slave polls")
        etag = f'"{hash(STATE) & 0xFFFFFFFF:08x}"'
        first, memory = polled(), [rss_kb(process.pid)]
        begun_ms, others = cpu_ms(process.pid), Store.requests.total() - polled()
        curls = []
        while (done := polled() - first - len(curls)) < count:
            time.sleep(0.5)
            curls.append(curl_ms(port, etag))
            memory.append(rss_kb(process.pid))
        spent_ms = cpu_ms(process.pid) - begun_ms
        others = Store.requests.total() - polled() - others
        assert process.poll() is None
    each_ms, curl = spent_ms / done, statistics.mean(curls)
    print(f"{done} polls that find nothing new: 1 request each, and {others} others (reports by the heartbeat)")
    print(f"RSS: {memory[0]} kB after the first, at most {max(memory)} kB, {memory[-1]} kB at the end (aim: 4,000 kB)")
    print(f"CPU time of a poll: {each_ms:.2f} ms, of curl {curl:.2f} ms: ratio {each_ms / curl:.2f}", flush=True)


def report(number):
    deploys = {
        f"app-{n}": {"label": f"app-{n}", "release": f"app-{n}.zip", "releaseUnpacked": True, "port": 8000 + n}
        for n in range(3)
    }
    state = {"deploys": deploys, "connections": {"main": "app-0"}}
    return json.dumps({"ipAddress": "10.0.0.1", "hostName": f"host-{number}", "status": "ok", "state": state}).encode()


def one_after_the_other(port):
    connection = http.client.HTTPConnection("127.0.0.1", port)
    for key in list(Store.objects):
        connection.request("GET", f"/{BUCKET}/{key}")
        connection.getresponse().read()
    connection.close()


def taken_s(perform):
    started = time.perf_counter()
    perform()
    return time.perf_counter() - started


def status(port, rounds=5):
    Store.objects.clear()
    Store.objects[MASTER] = STATE
    Store.objects.update((f"{BASE}/slaves/slave-{n:04}/state.json", report(n)) for n in range(SLAVES))
    Store.latency_s = 0.01
    endpoints = {"main": {"serverNames": [MAIN], "etype": "httpOnly"}}
    mode = {"endPoints": endpoints, **proxy()}
    with Machine(None, environment=environment(port), deployMode={"proxy": mode}) as operator:
        shown = operator.run("status", "--show-slaves")[0]
        assert shown.count("Slave: ") == SLAVES, shown[:500]
        pairs = [
            (taken_s(lambda: operator.run("status", "--show-slaves")), taken_s(lambda: one_after_the_other(port)))
            for _ in range(rounds)
        ]
    mine, other = (statistics.median(column) for column in zip(*pairs))
    print(f"status of {SLAVES} slaves, 10 ms latency: {mine:.2f} s; one after the other: {other:.2f} s")
    print(f"ratio {mine / other:.3f} (aim: at most 0.05)")


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    port = serve()
    status(port)
    Store.latency_s = 0.0
    images.build()
    try:
        polls(port, count)
    finally:
        images.remove()


main()
