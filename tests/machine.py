"""What the black-box tests share: a throw-away machine for c2, releases packed for it, and the counting of cases.

A case is a function whose name states the property; it gets what `run_cases` was given and fails by an exception.
The binary under test is named by the environment variable C2.
"""

import inspect
import json
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile
import time
import traceback
import zipfile

C2 = os.environ["C2"]


class Machine:
    """A folder with all that c2 owns on a machine: config, deploys, context cache, log. To be used in a `with`."""

    def __init__(self, releases, config_sources=None, environment=None, **config):
        self._folder = tempfile.TemporaryDirectory(prefix="c2-machine-")
        self.root = pathlib.Path(self._folder.name)
        self.deploys = self.root / "deploys"
        self.cache = self.root / "cache"
        self.log = self.root / "log" / "camus2.log"
        self.events = self.root / "events"
        if releases is None:
            (self.root / "releases").mkdir()
            releases = {"localdir": str(self.root / "releases")}
        self.config = {
            "deploysDir": str(self.deploys),
            "contextCache": str(self.cache),
            "logFile": str(self.log),
            "releases": releases,
            "configSources": config_sources or {},
            "deployMode": "noproxy",
            **config,
        }
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(self.root), "EVENTS": str(self.events)}
        self.environment.update(environment or {})
        self.never_shown = []
        # What stands before the binary, if it is to run elsewhere.
        self.prefix = []
        self._spawned = []
        self.environment.setdefault("CAMUS2_CONFIG", str(self.root / "camus2.json"))
        self.write_config()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill_all()
        self._folder.cleanup()

    def kill_all(self):
        """Kills every c2 that was spawned and still runs."""
        for process in self._spawned:
            if process.poll() is None:
                process.kill()
                process.wait()

    def write_config(self):
        (self.root / "camus2.json").write_text(json.dumps(self.config))

    def spawn(self, *arguments, environment=None, program=C2, stdin=subprocess.DEVNULL):
        """Starts c2 and returns its process; stdout and stderr are text pipes."""
        process = subprocess.Popen(
            [*self.prefix, program, *map(str, arguments)],
            env={k: v for k, v in {**self.environment, **(environment or {})}.items() if v is not None},
            cwd=self.root,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._spawned.append(process)
        return process

    def run(self, *arguments, exit_code=0, environment=None, timeout_s=60, program=C2, given=None):
        """Runs c2 to its end, `given` on its standard input, insists on its exit code, and returns `(stdout, stderr)`.

        Neither these nor the log may show what is in `never_shown`, nor a panic.
        """
        stdin = subprocess.DEVNULL if given is None else subprocess.PIPE
        process = self.spawn(*arguments, environment=environment, program=program, stdin=stdin)
        try:
            stdout, stderr = process.communicate(given, timeout=timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            stdout, stderr = process.communicate()
            raise AssertionError(
                f"c2 {shlex.join(map(str, arguments))} still ran after {timeout_s} s\n{stdout}\n{stderr}"
            ) from None
        if process.returncode != exit_code:
            raise AssertionError(
                f"c2 {shlex.join(map(str, arguments))} ended with {process.returncode}, not {exit_code}\n"
                f"--- stdout\n{stdout}--- stderr\n{stderr}"
            )
        log = self.log.read_text() if self.log.exists() else ""
        contains_none(stdout + stderr + log, "panicked at", *self.never_shown)
        return stdout, stderr

    def happened(self):
        """The lines that the releases' commands wrote, in order."""
        return self.events.read_text().split("\n")[:-1] if self.events.exists() else []

    def current(self):
        """The name of the folder that `current` points to, or None."""
        link = self.deploys / "current"
        return pathlib.Path(os.path.realpath(link)).name if link.is_symlink() else None

    def leftovers(self):
        """What lies below `.c2/`, apart from the lock and the empty folders in which c2 keeps things of its own."""
        folder = self.deploys / ".c2"
        kept = [p for p in folder.glob("*") if p.is_dir() and not any(p.iterdir())] + [folder / "lock"]
        return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p not in kept)


def release_files(name, **overrides):
    """The members of a sample release whose commands note what they did, and in which folder, in $EVENTS."""
    config = {
        "templates": [],
        "prestartCommand": f'echo "prestart {name} in $(basename "$PWD")" >> "$EVENTS"',
        "startCommand": f'echo "start {name} in $(basename "$PWD")" >> "$EVENTS"',
        "stopCommand": f'echo "stop {name} in $(basename "$PWD")" >> "$EVENTS"',
        **overrides,
    }
    return {"release.json": json.dumps(config), "name.txt": name}


def pack(path, files):
    """Packs `files` (member name -> text or bytes) as a zip at `path` (a path or an open file)."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            member = zipfile.ZipInfo(name, date_time=(2024, 1, 2, 3, 4, 6))
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = (0o755 if name.endswith(".sh") else 0o644) << 16
            archive.writestr(member, content)


def tree(folder):
    """The files below a folder, relative path -> text, for whole comparisons."""
    return {
        str(p.relative_to(folder)): p.read_text(errors="replace")
        for p in sorted(folder.rglob("*"))
        if p.is_file() and p.name != ".c2-id"
    }


def until(condition, what, limit_s=30):
    """Waits until `condition()` holds and returns its value."""
    deadline = time.monotonic() + limit_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {limit_s} s in vain until {what}")
        time.sleep(0.02)


def equal(found, expected):
    if found != expected:
        raise AssertionError(f"expected {expected!r}\nfound    {found!r}")


def contains(text, *parts):
    for part in parts:
        if part not in text:
            raise AssertionError(f"{part!r} is not in\n{text}")


def contains_none(text, *parts):
    for part in parts:
        if part in text:
            raise AssertionError(f"{part!r} is in\n{text}")


def cases_of(module):
    """The functions that a module defines, in order: its cases."""
    members = vars(sys.modules[module]).values()
    return [member for member in members if inspect.isfunction(member) and member.__module__ == module]


def run_cases(cases, *given, label=""):
    """Runs each case with `given`; returns how many passed and failed."""
    passed = failed = 0
    for case in cases:
        name = label + case.__name__.replace("_", " ")
        started = time.monotonic()
        try:
            case(*given)
        except Exception as error:
            failed += 1
            print(f"FAILED {name}", flush=True)
            text = str(error) if isinstance(error, AssertionError) and str(error) else traceback.format_exc()
            print("    " + text.strip().replace("\n", "\n    "), flush=True)
        else:
            passed += 1
            print(f"ok     {name} ({time.monotonic() - started:.2f} s)", flush=True)
    return passed, failed


def finish(*counts):
    """Prints the closing line over the `(passed, failed)` pairs and ends the program."""
    passed, failed = (sum(column) for column in zip(*counts))
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)
