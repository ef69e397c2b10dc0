"""Cases: the commands of releases - in the foreground, in the background, noisy, slow - and signals and the lock."""

import os
import signal

from deploying import STARTED, machine_with
from machine import cases_of, contains, equal, release_files, until

# A command that says it is there and goes on only when the file `go` appears; it gives up by itself after a minute.
WAIT = 'touch "$HOME/there"; n=0; until [ -e "$HOME/go" ] || [ $n = 1200 ]; do sleep 0.05; n=$((n+1)); done'
FOREGROUND = 'echo "start one in $(basename "$PWD")" >> "$EVENTS"; echo $$ > "$HOME/pid"; exec sleep 60'


def a_start_in_the_foreground_ends_well_when_a_stop_comes_from_elsewhere():
    files = release_files("one", startCommand=FOREGROUND, stopCommand='kill $(cat "$HOME/pid")')
    with machine_with(("app-1.zip", files)) as machine:
        start = machine.spawn("start", "app-1.zip")
        until((machine.root / "pid").exists, "the start command runs")
        until(lambda: machine.current() == "app-1", "current is set")
        machine.run("stop", "app-1", "--lock-wait", "30")
        start.communicate(timeout=30)
        equal((start.returncode, machine.current()), (0, None))


def a_start_in_the_foreground_is_replaced_from_elsewhere():
    files = release_files("one", startCommand=FOREGROUND, stopCommand='kill $(cat "$HOME/pid")')
    with machine_with(("app-1.zip", files), ("app-2.zip", release_files("two"))) as machine:
        start = machine.spawn("start", "app-1.zip")
        until((machine.root / "pid").exists, "the start command runs")
        machine.run("start", "app-2.zip")
        start.communicate(timeout=30)
        equal((start.returncode, machine.current()), (0, "app-2"))


def a_child_in_the_background_that_holds_the_output_does_not_hold_up_the_start():
    files = release_files("one", startCommand='sleep 60 & echo $! > "$HOME/pid"')
    with machine_with(("app-1.zip", files)) as machine:
        machine.run("start", "app-1.zip", timeout_s=20)
        equal(machine.current(), "app-1")
        os.kill(int((machine.root / "pid").read_text()), signal.SIGKILL)


def much_output_goes_through_to_the_terminal_and_to_the_log():
    files = release_files("one", startCommand="head -c 20000000 /dev/zero | tr '\\0' x | fold -w 99; echo the end")
    with machine_with(("app-1.zip", files)) as machine:
        stdout, stderr = machine.run("start", "app-1.zip")
        equal((stdout + stderr).count("x") >= 20_000_000, True)
        contains(machine.log.read_text()[-2000:], "the end")


def commands_get_the_environment_and_an_empty_one_runs_nothing():
    files = release_files("one", prestartCommand="", startCommand='echo "$MARK in $(pwd -P)" >> "$EVENTS"')
    with machine_with(("app-1.zip", files)) as machine:
        machine.run("start", "app-1.zip", environment={"MARK": "seen"})
        equal(machine.happened(), [f"seen in {os.path.realpath(machine.deploys)}/app-1"])


def a_command_over_its_limit_has_failed():
    with machine_with(("app-1.zip", release_files("one", prestartCommand="sleep 60")), commandTimeoutSecs=1) as machine:
        contains(machine.run("start", "app-1.zip", exit_code=1, timeout_s=30)[1], "prestart")
        equal(machine.current(), None)


def a_signal_undoes_the_plan_and_shows_in_the_exit_code():
    files = release_files("one", stopCommand=f'{WAIT}; echo "stop one in app-1" >> "$EVENTS"')
    for number, exit_code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        with machine_with(("app-1.zip", files), ("app-2.zip", release_files("two"))) as machine:
            machine.run("start", "app-1.zip")
            start = machine.spawn("start", "app-2.zip")
            until((machine.root / "there").exists, "the old release is being stopped")
            start.send_signal(number)
            (machine.root / "go").touch()
            _, stderr = start.communicate(timeout=30)
            equal((start.returncode, machine.current(), stderr.count("panicked")), (exit_code, "app-1", 0))
            equal(
                (
                    [line for line in machine.happened() if " one " in line][-1],
                    "start two in app-2" in machine.happened(),
                ),
                (STARTED[-1], False),
            )


def a_command_that_kills_c2_leaves_a_machine_that_the_next_run_mends():
    files = release_files("two", prestartCommand='[ -e "$HOME/once" ] || { touch "$HOME/once"; kill -KILL $PPID; }')
    with machine_with(("app-1.zip", release_files("one")), ("app-2.zip", files)) as machine:
        machine.run("start", "app-1.zip")
        machine.run("start", "app-2.zip", exit_code=-9)
        equal(machine.current(), "app-1")
        machine.run("start", "app-2.zip")
        equal((machine.current(), machine.leftovers()), ("app-2", []))


def a_second_run_waits_for_the_first_and_names_it_when_it_gives_up():
    with machine_with(
        ("app-1.zip", release_files("one", prestartCommand=WAIT)), ("app-2.zip", release_files("two"))
    ) as machine:
        first = machine.spawn("start", "app-1.zip")
        until((machine.root / "there").exists, "the first run is at work")
        contains(machine.run("start", "app-2.zip", "--lock-wait", "0", exit_code=1)[1], str(first.pid))
        second = machine.spawn("start", "app-2.zip")
        (machine.root / "go").touch()
        for process in (first, second):
            process.communicate(timeout=30)
        equal((first.returncode, second.returncode, machine.current()), (0, 0, "app-2"))


def commands_that_only_read_do_not_wait_for_the_lock():
    with machine_with(("app-1.zip", release_files("one", prestartCommand=WAIT))) as machine:
        first = machine.spawn("start", "app-1.zip")
        until((machine.root / "there").exists, "the first run is at work")
        for words in (["list-releases"], ["status"], ["show-log"]):
            machine.run(*words, timeout_s=20)
        (machine.root / "go").touch()
        first.communicate(timeout=30)
        equal(first.returncode, 0)


CASES = cases_of(__name__)
