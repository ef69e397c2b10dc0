"""Cases: S3 says no, and c2 says so clearly, touches nothing and gives nothing away."""

from machine import cases_of, contains, equal, release_files


def refused(machine, *arguments, naming, environment=None):
    """Runs a command that must fail with one clear message."""
    stdout, stderr = machine.run(*arguments, exit_code=1, environment=environment)
    equal(stdout, "")
    contains(stderr, "c2: ", *naming)
    return stderr


def a_missing_release_is_named_and_the_old_one_stays_live(store):
    place = store.place()
    place.put_release("app-1.zip", release_files("one"))
    with place.machine() as machine:
        machine.run("start", "app-1.zip")
        refused(machine, "start", "absent-2.zip", naming=["absent-2.zip", place.bucket])
        equal(machine.current(), "app-1")
        equal(machine.happened(), ["prestart one in app-1", "start one in app-1"])
        equal((machine.deploys / "absent-2").exists(), False)
        equal(machine.leftovers(), [])


def a_missing_bucket_is_named(store):
    place = store.place()
    place.bucket = "c2-no-such-bucket"
    with place.machine() as machine:
        refused(machine, "list-releases", naming=["c2-no-such-bucket", "NoSuchBucket"])
        refused(machine, "start", "app.zip", naming=["c2-no-such-bucket", "NoSuchBucket"])
        equal(machine.leftovers(), [])


def a_missing_context_is_named_and_nothing_is_started(store):
    place = store.place()
    place.put_release("app.zip", release_files("app"))
    place.put_context("there", {})
    with place.machine(["there", "gone"]) as machine:
        refused(machine, "fetch-context", naming=["gone", "context/gone.json"])
        refused(machine, "start", "app.zip", naming=["gone", "context/gone.json"])
        equal((machine.current(), machine.happened()), (None, []))


def a_context_that_is_no_json_is_named_with_its_place(store):
    place = store.place()
    place.put("context/broken.json", '{\n  "a": 1,\n  oops\n}')
    with place.machine(["broken"]) as machine:
        refused(machine, "fetch-context", naming=["broken", "3"])


def a_missing_config_object_is_named(store):
    place = store.place()
    with place.machine() as machine:
        refused(
            machine,
            "list-releases",
            naming=[place.prefix, "no-config.json"],
            environment={"CAMUS2_CONFIG": place.url("no-config.json")},
        )


def a_release_that_is_no_zip_is_refused_and_leaves_nothing(store):
    place = store.place()
    good = place.put_release("good.zip", release_files("good"))
    for name, body in {"text.zip": b"hello", "empty.zip": b"", "cut.zip": good[: len(good) // 2]}.items():
        place.put(f"releases/{name}", body)
        with place.machine() as machine:
            refused(machine, "start", name, naming=[name])
            refused(machine, "unpack", name, machine.root / "out", naming=[name])
            equal((machine.root / "out").exists(), False)
            equal((machine.current(), machine.leftovers(), machine.happened()), (None, [], []))


def missing_credentials_are_asked_for_by_name(store):
    with store.place().machine() as machine:
        without = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}
        refused(machine, "list-releases", naming=["AWS_ACCESS_KEY_ID"], environment=without)


def an_endpoint_where_nothing_listens_is_named(store):
    with store.place().machine(endpoint="http://127.0.0.1:9") as machine:
        refused(machine, "list-releases", naming=["127.0.0.1:9"])


def an_endpoint_that_is_no_url_is_refused(store):
    for endpoint in ("127.0.0.1:9000", "ftp://127.0.0.1", "http://"):
        with store.place().machine(endpoint=endpoint) as machine:
            refused(machine, "list-releases", naming=["S3_ENDPOINT"])


def a_wrong_secret_is_refused_without_showing_it(store):
    place = store.place()
    place.put_release("app.zip", release_files("app"))
    wrong = "wrongwrongwrong/secret+wrong"
    with place.machine() as machine:
        machine.never_shown.append(wrong)
        for command in (["list-releases"], ["start", "app.zip"]):
            refused(
                machine,
                *command,
                naming=["SignatureDoesNotMatch", place.bucket],
                environment={"AWS_SECRET_ACCESS_KEY": wrong},
            )
        equal(machine.leftovers(), [])


def an_unknown_access_key_is_refused_with_the_servers_code(store):
    with store.place().machine() as machine:
        refused(
            machine, "list-releases", naming=["InvalidAccessKeyId"], environment={"AWS_ACCESS_KEY_ID": "AKIDUNKNOWN"}
        )


CHECKED_BY_SIGNATURE = [
    a_wrong_secret_is_refused_without_showing_it,
    an_unknown_access_key_is_refused_with_the_servers_code,
]
EVERYWHERE = [case for case in cases_of(__name__) if case not in CHECKED_BY_SIGNATURE and case is not refused]
