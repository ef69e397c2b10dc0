"""Cases: releases, contexts and the config itself come from S3."""

import concurrent.futures
import io
import json
import random
import stat

from boto3.s3.transfer import TransferConfig

from machine import cases_of, contains, equal, pack, release_files, tree

ODD_NAMES = [
    "plain-1.0.zip",
    "with blank.zip",
    "plus+plus.zip",
    "per%41cent%2Fage.zip",
    "amp&equals=question?.zip",
    "semi;comma,colon:at@.zip",
    "(round)*!~$.zip",
    "#hash[square]{curly}.zip",
    "quote'back`caret^bar|.zip",
    "ümläut-日本-🚀.zip",
    "sub/folder/deep.zip",
    "no-extension",
]


def releases_are_listed_newest_first_by_the_name_that_start_takes(store):
    place = store.place()
    place.put_release("old.zip", {"a": "1"})
    place.put_later("releases/team/newer.zip", b"", than="releases/old.zip")
    place.put_later("releases/newest.zip", b"", than="releases/team/newer.zip")
    with place.machine() as machine:
        stdout, _ = machine.run("list-releases")
        equal(stdout, "newest.zip\nteam/newer.zip\nold.zip\n")


def an_empty_prefix_lists_nothing_and_succeeds(store):
    with store.place().machine() as machine:
        equal(machine.run("list-releases")[0], "")


def folder_keys_and_neighbours_of_the_prefix_are_not_listed(store):
    place = store.place()
    place.put_release("in.zip", {"a": "1"})
    place.put("releases/folder/", b"")
    place.put("releases-old/out.zip", b"")
    place.put("releases.zip", b"")
    with place.machine() as machine:
        equal(machine.run("list-releases")[0], "in.zip\n")


def the_trailing_slash_of_the_base_makes_no_difference(store):
    place = store.place()
    place.put_release("in.zip", release_files("in"))
    with place.machine() as machine:
        machine.config["releases"]["s3"] += "/"
        machine.write_config()
        equal(machine.run("list-releases")[0], "in.zip\n")
        machine.run("start", "in.zip")
        equal(machine.current(), "in")


def state_objects_below_the_prefix_are_not_listed(store):
    place = store.place()
    place.put_release("in.zip", {"a": "1"})
    place.put("releases/state/master/state.json", "{}")
    place.put("releases/state/slaves/one/state.json", "{}")
    mode = {"proxy": {"endPoints": {}, "remoteStateS3": {"just": place.url("releases/state")}}}
    with place.machine(deployMode=mode) as machine:
        equal(machine.run("list-releases")[0], "in.zip\n")


def every_odd_key_is_listed_and_fetched(store):
    place = store.place()
    for name in ODD_NAMES:
        place.put_release(name, release_files(name))
    with place.machine() as machine:
        stdout, _ = machine.run("list-releases")
        equal(sorted(stdout.splitlines()), sorted(ODD_NAMES))
        for number, name in enumerate(ODD_NAMES):
            machine.run("unpack", name, machine.root / f"out-{number}")
            equal((machine.root / f"out-{number}" / "name.txt").read_text(), name)


def all_pages_of_a_long_listing_are_followed(store):
    place = store.place()
    names = [f"release-{number:04}.zip" for number in range(1100)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: place.put(f"releases/{name}", b""), names))
    with place.machine() as machine:
        stdout, _ = machine.run("list-releases")
        equal(sorted(stdout.splitlines()), names)


def a_release_is_started_replaced_and_stopped(store):
    place = store.place()
    place.put_context("site", {"host": "a.example.com", "port": 8080})
    template = {
        "conf.txt.tpl": "{{site.host}}:{{site.port}} {{local.greeting}}\n",
        "local.json": '{"greeting": "hello"}',
    }
    options = {"templates": ["conf.txt.tpl"], "configSources": {"local": "local.json"}}
    for name in ("one", "two"):
        place.put_release(f"app/app-{name}.zip", {**release_files(name, **options), **template})
    with place.machine(["site"]) as machine:
        machine.run("start", "app/app-one.zip")
        equal(machine.current(), "app-one")
        machine.run("start", "app/app-two.zip")
        equal(machine.current(), "app-two")
        equal((machine.deploys / "app-two" / "conf.txt").read_text(), "a.example.com:8080 hello\n")
        stdout, _ = machine.run("stop", "app-two")
        equal(machine.current(), None)
        equal(
            machine.happened(),
            [
                "prestart one in app-one",
                "start one in app-one",
                "prestart two in app-two",
                "stop one in app-one",
                "start two in app-two",
                "stop two in app-two",
            ],
        )
        equal(machine.leftovers(), [])
        equal(list(machine.deploys.rglob("*.zip")), [])


def unpack_keeps_other_files_and_uses_the_cached_contexts_only(store):
    place = store.place()
    place.put_context("site", {"host": "cached.example.com"})
    place.put_release(
        "app.zip", {**release_files("app", templates=["conf.tpl"]), "conf.tpl": "{{site.host}}", "sub/x": "new"}
    )
    with place.machine(["site"]) as machine:
        machine.run("fetch-context")
        place.put_context("site", {"host": "changed.example.com"})
        out = machine.root / "out"
        (out / "sub").mkdir(parents=True)
        (out / "mine.txt").write_text("mine")
        (out / "sub" / "x").write_text("old")
        machine.run("unpack", "app.zip", out)
        found = tree(out)
        found.pop("release.json"), found.pop("conf.tpl")
        equal(found, {"conf": "cached.example.com", "mine.txt": "mine", "name.txt": "app", "sub/x": "new"})


def contexts_are_fetched_into_a_private_cache(store):
    place = store.place()
    contexts = {"one": {"n": 1.0, "big": 123456789012345678901234567890}, "two": [1, 2]}
    for name, value in contexts.items():
        place.put_context(name, value)
    with place.machine(contexts) as machine:
        machine.run("fetch-context")
        for name, value in contexts.items():
            file = machine.cache / f"{name}.json"
            equal(json.loads(file.read_text()), value)
            equal(stat.S_IMODE(file.stat().st_mode), 0o600)
        equal(stat.S_IMODE(machine.cache.stat().st_mode), 0o700)


def fetch_context_retry_waits_for_an_object_that_does_not_exist_yet(store):
    place = store.place()
    with place.machine(["late"]) as machine:
        process = machine.spawn("fetch-context", "--retry")
        for line in process.stderr:
            if "late" in line:
                break
        place.put_context("late", {"here": True})
        _, stderr = process.communicate(timeout=40)
        equal((process.returncode, stderr.count("panicked")), (0, 0))
        equal(json.loads((machine.cache / "late.json").read_text()), {"here": True})


def the_config_may_lie_in_s3_as_json_and_as_yaml(store):
    place = store.place()
    place.put_release("app.zip", release_files("app"))
    with place.machine() as machine:
        config = (machine.root / "camus2.json").read_text()
        (machine.root / "camus2.json").unlink()
        yaml = f"releases: &r\n  s3: {place.url('releases')}\ndeploysDir: {machine.deploys}\nlogFile: {machine.log}\ncontextCache: {machine.cache}\n"
        for name, text in {"camus2.json": config, "camus2.yaml": yaml}.items():
            place.put(name, text)
            environment = {"CAMUS2_CONFIG": place.url(name)}
            equal(machine.run("list-releases", environment=environment)[0], "app.zip\n")
            machine.run("start", "app.zip", environment=environment)
            equal(machine.current(), "app")


def a_release_uploaded_in_parts_is_fetched_though_its_etag_is_no_md5(store):
    place = store.place()
    noise = random.Random(7).randbytes(11 << 20)
    buffer = io.BytesIO()
    pack(buffer, {**release_files("big"), "noise": noise})
    buffer.seek(0)
    parts = TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20)
    key = f"{place.prefix}/releases/big.zip"
    store.client.upload_fileobj(buffer, place.bucket, key, Config=parts)
    contains(store.client.head_object(Bucket=place.bucket, Key=key)["ETag"], "-")
    with place.machine() as machine:
        machine.run("start", "big.zip")
        equal((machine.deploys / "big" / "noise").read_bytes() == noise, True)


def a_bucket_with_dots_in_its_name_is_reached(store):
    bucket = "c2.dotted.bucket"
    store.client.create_bucket(Bucket=bucket)
    place = store.place(bucket)
    place.put_release("app.zip", release_files("app"))
    with place.machine() as machine:
        equal(machine.run("list-releases")[0], "app.zip\n")
        machine.run("start", "app.zip")
        equal(machine.current(), "app")


def the_standard_endpoint_variables_are_taken(store):
    place = store.place()
    place.put_release("app.zip", release_files("app"))
    with place.machine() as machine:
        for variable in ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"):
            environment = {"S3_ENDPOINT": None, variable: store.endpoint}
            equal(machine.run("list-releases", environment=environment)[0], "app.zip\n")


def a_dry_run_from_s3_touches_nothing(store):
    place = store.place()
    place.put_context("site", {"host": "a"})
    place.put_release("app.zip", {**release_files("app", templates=["c.tpl"]), "c.tpl": "{{site.host}}"})
    with place.machine(["site"]) as machine:
        stdout, _ = machine.run("start", "app.zip", "--dry-run")
        contains(stdout, "app")
        equal(machine.happened(), [])
        equal((machine.current(), (machine.deploys / "app").exists(), machine.leftovers()), (None, False, []))


ONCE = [fetch_context_retry_waits_for_an_object_that_does_not_exist_yet]
EVERYWHERE = [case for case in cases_of(__name__) if case not in ONCE]
