"""Cases: the state of a fleet in the bucket, as an operator changes and sees it."""

import concurrent.futures
import contextlib
import hashlib
import json
import random
import signal

from faulty_proxy import FaultyProxy
from machine import cases_of, contains, contains_none, equal, release_files, until

PROXY = {
    "endPoints": {"main": {"serverNames": ["www.example.com"], "etype": "httpOnly"}},
    "slaveLabel": {"label": "one"},
}


def operator(place):
    """A machine from which the fleet of this place is changed."""
    proxy = {**PROXY, "remoteStateS3": place.url("fleet")}
    return place.machine(deployMode={"proxy": proxy})


def master(place):
    return json.loads(place.get("fleet/master/state.json"))


def a_fleet_is_started_connected_and_stopped_in_the_bucket_alone(store):
    place = store.place()
    archive = place.put_release("a.zip", release_files("a"))
    place.put_release("b.zip", release_files("b"))
    with operator(place) as machine:
        contains(machine.run("status")[0], "main: (www.example.com:80) -> (not connected)")
        contains(machine.run("start", "a.zip")[1], "a (a.zip) is to run on port 8000")
        contains(machine.run("start", "a.zip")[1], "the master says so already")
        machine.run("start", "b.zip")
        machine.run("connect", "main", "a")
        state = master(place)
        pinned = {"sha256": hashlib.sha256(archive).hexdigest(), "size": len(archive)}
        equal(state["deploys"]["a"], {"label": "a", "release": "a.zip", "port": 8000, **pinned})
        equal(state["deploys"]["b"]["port"], 8001)
        equal(state["connections"], {"main": "a"})
        equal(len(state["writes"]), 3)
        contains(machine.run("stop", "a", exit_code=1)[1], "connected to it: main")
        machine.run("disconnect", "main")
        machine.run("stop", "a")
        equal(sorted(master(place)["deploys"]), ["b"])
        contains(machine.run("start", "a.zip", "c")[1], "c (a.zip) is to run on port 8002")
        equal(master(place)["lastPort"], 8002)
        contains(machine.run("restart-frontend-proxy")[1], "remoteStateS3")
        equal(json.loads(machine.run("status", "--json-output")[0])["master"], master(place))
        equal(sorted(path.name for path in machine.root.iterdir()), ["camus2.json", "log"])


def an_archive_with_another_hash_is_refused(store):
    place = store.place()
    archive = place.put_release("a.zip", release_files("a"))
    right, wrong = hashlib.sha256(archive).hexdigest(), "0" * 64
    with operator(place) as machine:
        contains(machine.run("start", "a.zip", "--sha256", wrong, exit_code=1)[1], right, wrong)
        contains(machine.run("status")[0], "Deploys:\n")
        machine.run("start", "a.zip", "--sha256", right)
        contains(machine.run("start", "gone.zip", exit_code=1)[1], "does not exist")


def what_others_wrote_into_the_state_survives(store):
    place = store.place()
    place.put_release("a.zip", release_files("a"))
    place.put("fleet/master/state.json", json.dumps({"deploys": {}, "connections": {}, "theirs": {"x": 1.50}}))
    with operator(place) as machine:
        machine.run("start", "a.zip")
        equal(master(place)["theirs"], {"x": 1.5})
        place.put("fleet/master/state.json", "<html>")
        contains(machine.run("stop", "a", exit_code=1)[1], "read the state of the master", "no valid JSON")
        equal(place.get("fleet/master/state.json"), b"<html>")


def a_rollout_is_begun_advanced_taken_back_and_finished(store):
    place = store.place()
    place.put_release("a.zip", release_files("a"))
    with operator(place) as machine:
        contains(machine.run("rollout", "abort", exit_code=1)[1], "no rollout is under way")
        machine.run("start", "a.zip", "--rollout", "10")
        machine.run("connect", "main", "a", "--rollout", "10")
        equal(master(place)["deploys"], {})
        contains(machine.run("start", "a.zip", "x", exit_code=1)[1], "is under way, at 10 %")
        contains(machine.run("rollout", "status")[0], "10 % of the slaves", "starts a (a.zip)", "connects main to a")
        machine.run("rollout", "advance", "50")
        contains(machine.run("rollout", "advance", "20", exit_code=1)[1], "its share only grows")
        told = machine.run("start", "a.zip", "x", "--rollout", "60", exit_code=1)[1]
        contains(told, "is at 50 % of the slaves, begun by ", "c2 rollout advance 60")
        machine.run("maintenance", "main")
        machine.run("disconnect", "main")
        for part in (master(place), master(place)["rollout"]["candidate"]):
            equal((part["connections"], list(part["maintenance"])), ({}, ["main"]))
        machine.run("maintenance", "main", "--off")
        machine.run("rollout", "abort")
        equal("rollout" in master(place), False)
        machine.run("start", "a.zip", "--rollout", "100")
        machine.run("rollout", "finish")
        equal((sorted(master(place)["deploys"]), "rollout" in master(place)), (["a"], False))


def a_state_that_is_lost_is_begun_anew_by_force_alone_while_a_slave_lists_deploys(store):
    place = store.place()
    place.put_release("a.zip", release_files("a"))
    deploys = {"web": {"label": "web", "release": "web.zip", "port": 8000}}
    report = {"status": "ok", "ipAddress": "", "hostName": "", "state": {"deploys": deploys, "connections": {}}}
    with operator(place) as machine:
        for record, why in [(json.dumps(report), "the slave one runs web"), ("<html>", "is not known")]:
            place.put("fleet/slaves/one/state.json", record)
            contains(machine.run("start", "a.zip", exit_code=1)[1], why, "c2 start --force")
            equal(is_there(place, "fleet/master/state.json"), False)
        machine.run("start", "a.zip", "--force")
        equal(sorted(master(place)["deploys"]), ["a"])


def a_rollout_is_driven_by_what_the_slaves_report(store):
    place = store.place()
    place.put_release("a.zip", release_files("a"))
    with operator(place) as machine:
        machine.run("start", "a.zip", "--rollout", "100")
        etag = store.client.head_object(Bucket=place.bucket, Key=f"{place.prefix}/fleet/master/state.json")["ETag"]
        broken = {
            "status": {"error": "start the deploy a: no"},
            "ipAddress": "10.0.0.1",
            "hostName": "h",
            "state": {"deploys": {}, "connections": {}},
            "followed": etag.strip('"'),
        }
        place.put("fleet/slaves/one/state.json", json.dumps(broken))
        _, told = machine.run("rollout", "run", "--stages", "100", exit_code=3)
        contains(told, "one: start the deploy a: no", "taken back")
        equal("rollout" in master(place), False)
        machine.run("start", "a.zip", "--rollout", "100")
        driving = machine.spawn("rollout", "run", "--stages", "100")
        etag = store.client.head_object(Bucket=place.bucket, Key=f"{place.prefix}/fleet/master/state.json")["ETag"]
        well = {"deploys": master(place)["rollout"]["candidate"]["deploys"], "connections": {}}
        place.put(
            "fleet/slaves/one/state.json",
            json.dumps({**broken, "status": "ok", "state": well, "followed": etag.strip('"')}),
        )
        _, told = driving.communicate(timeout=30)
        equal((driving.returncode, "is finished" in told), (0, True))


def slaves_are_shown_whatever_they_say_and_flushed_only_when_they_are_gone(store):
    place = store.place()
    report = {
        "status": "ok",
        "ipAddress": "10.0.0.7",
        "hostName": "seven",
        "state": {"deploys": {}, "connections": {}},
    }
    place.put("fleet/slaves/seven/state.json", json.dumps(report))
    place.put("fleet/slaves/odd/state.json", "<html>")
    with operator(place) as machine:
        text, _ = machine.run("status", "--show-slaves")
        contains(text, "Slave: seven\nSlave IP: 10.0.0.7\nSlave Hostname: seven\nStatus: OK\nUpdated: ")
        contains(text, "Slave: odd\n", "its report cannot be read", "Slaves to look at:\n  odd: broken")
        shown = json.loads(machine.run("status", "--show-slaves", "--json-output")[0])["slaves"]
        equal([slave["label"] for slave in shown], ["odd", "seven"])
        equal(shown[1]["state"], report)
        contains(machine.run("status", "--table")[0], "SLAVE", "seven  10.0.0.7  seven")
        contains(machine.run("slave-flush")[1], "nothing is removed")


def eight_writers_lose_no_update_while_a_third_of_the_answers_is_spoiled(store):
    place = store.place()
    place.put_release("a.zip", release_files("a"))
    chance, updates = random.Random(20240107), 10

    def fault(_, __, answer):
        kind = chance.randrange(100)
        if kind < 10:
            answer.become_error(503, "SlowDown")
        elif kind < 20:
            # What was written is written, and nobody is told.
            answer.become_error(500, "InternalError")
        elif kind < 30:
            answer.hang_up_after = 0

    def write(machine, writer):
        for update in range(updates):
            run_until_done(machine, "start", "a.zip", f"w{writer}-{update}")

    with FaultyProxy(store.endpoint, fault) as proxy, contextlib.ExitStack() as stack:
        machines = [stack.enter_context(operator(place)) for _ in range(8)]
        for machine in machines:
            machine.environment["S3_ENDPOINT"] = proxy.endpoint
        with concurrent.futures.ThreadPoolExecutor(len(machines)) as pool:
            list(pool.map(write, machines, range(len(machines))))
    deploys = master(place)["deploys"]
    equal(sorted(deploys), sorted(f"w{writer}-{update}" for writer in range(8) for update in range(updates)))
    equal(len({deploy["port"] for deploy in deploys.values()}), len(deploys))


def is_there(place, key):
    listed = place.store.client.list_objects_v2(Bucket=place.bucket, Prefix=f"{place.prefix}/{key}")
    return listed["KeyCount"] > 0


def run_until_done(machine, *words):
    """Runs a command again while it gives up on the store, which it must say."""
    for _ in range(20):
        process = machine.spawn(*words)
        _, told = process.communicate(timeout=120)
        if process.returncode == 0:
            return
        contains(told, "c2: ")
        contains_none(told, "panicked at")
    raise AssertionError(f"{words} was never done: {told}")


def a_slave_goes_by_its_configuration_and_its_log_as_they_are_now_and_ends_when_asked(store):
    place = store.place()
    with operator(place) as machine:
        # Without docker it cannot be brought to any state, and reports that.
        machine.environment["PATH"] = str(machine.root)
        machine.environment["DOCKER_HOST"] = f"unix://{machine.root}/no-engine"
        place.put_release("a.zip", release_files("a"))
        machine.run("start", "a.zip")
        slave = machine.spawn("slave-update", "--repeat", "1")
        until(lambda: is_there(place, "fleet/slaves/one/state.json"), "it reports")
        machine.log.rename(machine.root / "rotated")
        until(machine.log.exists, "the log is opened anew", 60)
        machine.config["deployMode"]["proxy"]["slaveLabel"] = {"label": "two"}
        machine.write_config()
        until(lambda: is_there(place, "fleet/slaves/two/state.json"), "it reports by its new name")
        (machine.root / "camus2.json").write_text("{")
        until(lambda: "camus2.json:1:" in machine.log.read_text(), "it says what is wrong")
        until(lambda: b"camus2.json:1:" in place.get("fleet/slaves/two/state.json"), "it reports what is wrong")
        equal(slave.poll(), None)
        machine.write_config()
        slave.terminate()
        _, told = slave.communicate(timeout=30)
        contains_none(told, "panicked at")
        contains([0, -signal.SIGTERM], slave.returncode)


def a_missing_bucket_is_no_empty_state(store):
    place = store.place(bucket="c2-no-such-bucket")
    with operator(place) as machine:
        machine.config["releases"] = {"localdir": str(machine.root)}
        machine.write_config()
        contains(machine.run("status", exit_code=1)[1], "NoSuchBucket")


CASES = [case for case in cases_of(__name__) if case not in (operator, master, is_there, run_until_done)]
