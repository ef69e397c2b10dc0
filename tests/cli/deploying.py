"""Cases: releases from a folder are started, replaced and stopped, and what is refused leaves the old one live."""

import os
import stat
import zipfile

from machine import Machine, cases_of, contains, equal, pack, release_files, tree


def machine_with(*releases, **config):
    """A machine whose folder holds the releases, each a `(name, files)` pair."""
    machine = Machine(None, **config)
    for name, files in releases:
        pack(machine.root / "releases" / name, files)
    return machine


def events(name, folder, *verbs):
    return [f"{verb} {name} in {folder}" for verb in verbs]


STARTED = events("one", "app-1", "prestart", "start")


def releases_are_listed_newest_first():
    with machine_with(*((name, {"a": "1"}) for name in ("b.zip", "a.zip", "c.zip"))) as machine:
        for age, name in enumerate(("c.zip", "a.zip", "b.zip")):
            os.utime(machine.root / "releases" / name, (1_700_000_000 - age, 1_700_000_000 - age))
        equal(machine.run("list-releases")[0], "c.zip\na.zip\nb.zip\n")


def a_release_is_started_replaced_and_stopped():
    with machine_with(("app-1.zip", release_files("one")), ("app-2.zip", release_files("two"))) as machine:
        machine.run("start", "app-1.zip")
        machine.run("start", "app-2.zip")
        equal(machine.current(), "app-2")
        machine.run("stop", "app-2")
        expected = (
            STARTED
            + events("two", "app-2", "prestart")
            + events("one", "app-1", "stop")
            + events("two", "app-2", "start", "stop")
        )
        equal((machine.happened(), machine.current(), machine.leftovers()), (expected, None, []))


def the_log_tells_what_was_done_and_show_log_prints_it():
    with machine_with(("app-1.zip", release_files("one", startCommand="echo said by the start command"))) as machine:
        machine.run("start", "app-1.zip")
        log = machine.log.read_text()
        contains(log, "app-1", "said by the start command")
        equal(machine.run("show-log")[0].startswith(log), True)


def the_same_release_is_started_again_in_place():
    with machine_with(("app-1.zip", release_files("one"))) as machine:
        machine.run("start", "app-1.zip")
        (machine.deploys / "app-1" / "stale.txt").write_text("of the old one")
        machine.run("start", "app-1.zip")
        equal(sorted(tree(machine.deploys / "app-1")), ["name.txt", "release.json"])
        verbs = [line.split()[0] for line in machine.happened()]
        equal((verbs.count("start"), verbs.count("stop"), machine.current(), machine.leftovers()), (2, 1, "app-1", []))


def a_failed_start_command_brings_the_old_release_back_and_shows_its_last_lines():
    failing = release_files("two", startCommand="echo the port is taken >&2; exit 7")
    with machine_with(("app-1.zip", release_files("one")), ("app-2.zip", failing)) as machine:
        machine.run("start", "app-1.zip")
        _, stderr = machine.run("start", "app-2.zip", exit_code=1)
        contains(stderr, "7", "the port is taken")
        equal(machine.current(), "app-1")
        equal(
            [line for line in machine.happened() if " one " in line], STARTED + events("one", "app-1", "stop", "start")
        )


def a_start_command_killed_by_a_signal_is_reported_with_it():
    with machine_with(("app-1.zip", release_files("one", startCommand="kill -SEGV $$"))) as machine:
        contains(machine.run("start", "app-1.zip", exit_code=1)[1], "signal")
        equal(machine.current(), None)


def a_failed_prestart_never_stops_the_old_release():
    with machine_with(
        ("app-1.zip", release_files("one")), ("app-2.zip", release_files("two", prestartCommand="exit 3"))
    ) as machine:
        machine.run("start", "app-1.zip")
        contains(machine.run("start", "app-2.zip", exit_code=1)[1], "prestart")
        equal((machine.current(), machine.happened()), ("app-1", STARTED))


def a_failed_stop_command_keeps_the_old_link_unless_forced():
    with machine_with(
        ("app-1.zip", release_files("one", stopCommand="exit 5")), ("app-2.zip", release_files("two"))
    ) as machine:
        machine.run("start", "app-1.zip")
        contains(machine.run("start", "app-2.zip", exit_code=1)[1], "5")
        equal((machine.current(), "start two in app-2" in machine.happened()), ("app-1", False))
        machine.run("start", "app-2.zip", "--force")
        equal((machine.current(), machine.happened()[-1]), ("app-2", "start two in app-2"))


def a_dangling_current_is_healed():
    with machine_with(("app-1.zip", release_files("one"))) as machine:
        machine.deploys.mkdir()
        (machine.deploys / "current").symlink_to("gone")
        machine.run("start", "app-1.zip")
        equal((machine.current(), machine.happened()), ("app-1", STARTED))


def a_machine_of_the_older_tool_is_taken_over():
    with machine_with(("app-2.zip", release_files("two"))) as machine:
        old = machine.deploys / "app-1"
        old.mkdir(parents=True)
        for name, text in release_files("one").items():
            (old / name).write_text(text)
        pack(old / "app-1.zip", release_files("one"))
        (machine.deploys / "current").symlink_to(old)
        machine.log.parent.mkdir()
        machine.log.write_text("2019-05-06T07:08:09.123456789 ..started app-1\n")
        machine.run("start", "app-2.zip")
        equal(
            (machine.current(), machine.happened()),
            (
                "app-2",
                events("two", "app-2", "prestart") + events("one", "app-1", "stop") + events("two", "app-2", "start"),
            ),
        )
        contains(machine.run("show-log")[0], "2019-05-06T07:08:09.123456789 ..started app-1\n")


def a_release_name_may_not_leave_the_folder_of_releases():
    with machine_with(("app-1.zip", release_files("one"))) as machine:
        for name in ("../releases/app-1.zip", str(machine.root / "releases" / "app-1.zip"), "a//b.zip", ""):
            machine.run("start", name, exit_code=1)
        equal(machine.current(), None)


def stop_stops_what_is_current_and_only_warns_of_another_name():
    with machine_with(("app-1.zip", release_files("one"))) as machine:
        machine.run("start", "app-1.zip")
        contains(machine.run("stop", "other")[1], "other", "app-1")
        equal((machine.current(), machine.happened()[-1]), (None, "stop one in app-1"))
        machine.run("stop", "app-1")


def a_deploy_name_is_ignored_without_a_proxy_with_a_warning():
    with machine_with(("app-1.zip", release_files("one"))) as machine:
        contains(machine.run("start", "app-1.zip", "blue")[1], "blue")
        equal(machine.current(), "app-1")


def a_file_name_that_is_no_label_is_taken_as_it_is():
    with machine_with(("my app.zip", release_files("one"))) as machine:
        machine.run("start", "my app.zip")
        equal((machine.current(), machine.happened()[-1]), ("my app", "start one in my app"))


def a_dry_run_prints_the_plan_and_touches_nothing():
    with machine_with(("app-1.zip", release_files("one")), ("app-2.zip", release_files("two"))) as machine:
        give_context(machine, '{"host": "a"}')
        machine.run("start", "app-1.zip")
        give_context(machine, '{"host": "b"}')
        before = snapshot(machine)
        for words in (["start", "app-2.zip"], ["stop", "app-1"], ["fetch-context"], ["unpack", "app-2.zip", "out"]):
            stdout, _ = machine.run(*words, "--dry-run")
            equal((stdout.strip() != "", snapshot(machine)), (True, before))


def every_mistake_in_templates_is_reported_before_anything_is_touched():
    files = {
        **release_files("two", templates=["a.tpl", "b/c.tpl"]),
        "a.tpl": "one\n  {{nowhere}}\n",
        "b/c.tpl": "{{site.hots}}{{> missing}}",
    }
    with machine_with(("app-1.zip", release_files("one")), ("app-2.zip", files)) as machine:
        give_context(machine, '{"host": "a"}')
        machine.run("start", "app-1.zip")
        _, stderr = machine.run("start", "app-2.zip", exit_code=1)
        contains(stderr, "a.tpl:2:", "nowhere", "b/c.tpl:1:", "site.hots", "host", "missing")
        equal((machine.current(), machine.happened(), (machine.deploys / "app-2").exists()), ("app-1", STARTED, False))


def hostile_archives_are_refused_and_leave_nothing():
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    for number, hostile in enumerate(("../escaped", "/absolute", "a\\b", "c:/drive", "bad\x01name", link)):
        with machine_with() as machine:
            with zipfile.ZipFile(machine.root / "releases" / "bad.zip", "w") as archive:
                for name, text in release_files("bad").items():
                    archive.writestr(name, text)
                archive.writestr(hostile, "/etc/passwd")
            contains(machine.run("start", "bad.zip", exit_code=1)[1], "bad.zip")
            equal(
                (number, machine.happened(), machine.leftovers(), (machine.deploys / "bad").exists()),
                (number, [], [], False),
            )
            equal(list(machine.root.rglob("*escaped*")) + list(machine.root.rglob("link")), [])


def a_release_without_a_release_json_or_with_a_broken_one_is_refused():
    for files in ({"a": "1"}, {"release.json": "{"}, {"release.json": "{}"}):
        with machine_with(("app-1.zip", files)) as machine:
            contains(machine.run("start", "app-1.zip", exit_code=1)[1], "app-1.zip", "release.json")
            equal((machine.current(), machine.leftovers()), (None, []))


def deploys_are_readable_by_containers_whatever_the_umask():
    with machine_with() as machine:
        with zipfile.ZipFile(machine.root / "releases" / "app-1.zip", "w") as archive:
            for name, text in {**release_files("one"), "sub/plain.txt": "x"}.items():
                member = zipfile.ZipInfo(name)
                member.create_system = 0  # no Unix modes
                member.external_attr = 0
                archive.writestr(member, text)
        previous = os.umask(0o077)
        try:
            machine.run("start", "app-1.zip")
        finally:
            os.umask(previous)
        modes = {
            name: oct(stat.S_IMODE((machine.deploys / "app-1" / name).stat().st_mode))
            for name in ("", "sub", "sub/plain.txt")
        }
        equal(modes, {"": "0o755", "sub": "0o755", "sub/plain.txt": "0o644"})


def a_template_is_expanded_with_the_cached_contexts():
    with machine_with() as machine:
        give_context(machine, '{"host": "<a>", "ports": [1, 2.50]}')
        (machine.root / "x.tpl").write_text("{{site.host}} {{{site.host}}}{{#site.ports}} {{.}}{{/site.ports}}\n")
        machine.run("fetch-context")
        machine.run("expand-template", machine.root / "x.tpl", machine.root / "x")
        equal((machine.root / "x").read_text(), "&lt;a&gt; <a> 1 2.50\n")


def give_context(machine, text):
    (machine.root / "site.json").write_text(text)
    machine.config["configSources"] = {"site": {"file": str(machine.root / "site.json")}}
    machine.write_config()


def snapshot(machine):
    log = machine.log.relative_to(machine.root)
    return {path: text for path, text in tree(machine.root).items() if path != str(log) and not path.endswith("/lock")}


CASES = [case for case in cases_of(__name__) if not case.__code__.co_argcount and case is not machine_with]
