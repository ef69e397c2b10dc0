"""Secrets that are made up, and machines that look for every trace of them after each run of c2.

A trace is a part of a secret, as it is or encoded, in what c2 printed, in its log, in the arguments or the environment of
a program that it ran (strace notes each one), or in a file that it left. What is meant to be there is named by the case.
"""

import base64
import fnmatch
import os
import re
import secrets
import shlex
import urllib.parse

from cloud import CloudMachine
from machine import contains_none, equal, pack, release_files

# What is long enough to be no accident.
PART = 12

LOG = "log/camus2.log"

TALLY = {"scenarios": 0, "hits": 0}


class Sentinels:
    """Secrets by name."""

    def __init__(self):
        self.values = {}
        self._parts = {}

    def new(self, name, odd):
        """A new secret with these odd characters in its middle."""
        value = secrets.token_hex(20) + odd + secrets.token_hex(20)
        self.values[name] = value
        self._parts[name] = {part for form in forms(value) for part in parts(form)}
        return value

    def found(self, data):
        """The names of those of which there is a trace in these bytes."""
        return {name for name, parts in self._parts.items() if any(part in data for part in parts)}


def forms(value):
    """The secret as it is and in the encodings that programs use, as bytes."""
    raw = value.encode()
    yield raw
    yield urllib.parse.quote(value, safe="").encode()
    yield raw.hex().encode()
    yield ", ".join(map(str, raw)).encode()  # how Rust shows bytes
    for before in range(3):  # wherever it stands in what is encoded
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(b"\0" * before + raw)[4:-4]


def parts(form):
    length = PART if b", " not in form else 4 * PART
    return {form[at : at + length] for at in range(0, len(form) - length + 1)}


class WatchedMachine(CloudMachine):
    """A machine whose every run is looked through.

    `kept` holds patterns of paths below its root that may hold secrets. `given()` makes files of the case's own.
    """

    def __init__(self, endpoint, umask=0o022, **environment):
        super().__init__(None, environment={"AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": endpoint, **environment})
        self.environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = endpoint
        self.sentinels = Sentinels()
        self.kept = ["cache/*.json"]
        self.hits = []
        # While it is there, a release that waits for it goes on waiting.
        self.hold = self.root / "hold"
        trace = self.root.parent / f"{self.root.name}.trace"
        self.trace = trace
        self.prefix = ["sh", "-c", f'umask {umask:o}; exec "$@"', "sh"]
        # -D: c2 itself is the child, so that signals and its exit code are its own.
        self.prefix += ["strace", "-D", "-f", "-qq", "-v", "-s", "1000000", "-e", "trace=execve", "-e", "signal=none"]
        self.prefix += ["-o", str(trace)]

    def __exit__(self, *exception):
        super().__exit__(*exception)
        self.trace.unlink(missing_ok=True)
        if exception[0] is None and self.hits:
            raise AssertionError("\n".join(self.hits))

    def new(self, name, odd="/+"):
        """A new secret; the odd characters are such as AWS has in its keys, and URLs do not leave as they are."""
        return self.sentinels.new(name, odd)

    def given(self, name, text, mode=0o600):
        """Makes a file that c2 may read, and returns its path."""
        path = self.root / "given" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        path.chmod(mode)
        return path

    def has_keys(self):
        """Puts credentials into the environment."""
        self.environment["AWS_ACCESS_KEY_ID"] = "AKIDSENTINEL"
        self.environment["AWS_SECRET_ACCESS_KEY"] = self.new("secret")
        self.environment["AWS_SESSION_TOKEN"] = self.new("token")

    def deploys_from(self, aws, sources=None, template="{{site.host}}"):
        """Lets the machine deploy `app.zip` from a stand-in; without other config sources one is there too."""
        aws.objects["/bucket/site.json"] = b'{"host": "a"}'
        packed = self.given("app.zip", b"")
        pack(packed, {**release_files("app", templates=["app.conf.tpl"]), "app.conf.tpl": template})
        aws.objects["/bucket/releases/app.zip"] = packed.read_bytes()
        sources = sources or {"site": {"s3": "s3://bucket/site.json"}}
        self.configure(releases={"s3": "s3://bucket/releases"}, configSources=sources)

    def configure(self, **config):
        self.config.update(config)
        self.write_config()
        self.environment["CAMUS2_CONFIG"] = str(self.root / "camus2.json")

    def run(self, *arguments, meant=(), meanwhile=None, exit_code=0, **options):
        """Runs c2 and looks for traces; `meant` are the places of those that are: `stdout`, `arguments`, `line`.

        `meanwhile(process)` is called while it runs.
        """
        self.trace.write_text("")
        before = self.files()
        if meanwhile is None:
            stdout, stderr = super().run(*arguments, exit_code=exit_code, **options)
        else:
            stdout, stderr = self.run_beside(meanwhile, arguments, exit_code)
        TALLY["scenarios"] += 1
        self.look_through(shlex.join(map(str, arguments)), stdout, stderr, meant, before, options.get("environment"))
        return stdout, stderr

    def run_beside(self, meanwhile, arguments, exit_code):
        process = self.spawn(*arguments)
        try:
            meanwhile(process)
        except AssertionError as error:
            process.kill()
            self.hold.unlink(missing_ok=True)
            raise AssertionError(f"{error}\n{process.communicate()}") from None
        stdout, stderr = process.communicate(timeout=60)
        equal((process.returncode, stdout, stderr)[: 1 if process.returncode == exit_code else 3], (exit_code,))
        contains_none(stdout + stderr, "panicked at")
        return stdout, stderr

    def look_through(self, what, stdout, stderr, meant, before, environment):
        log = self.files().get(LOG, b"")[len(before.get(LOG, b"")) :]
        places = {"stdout": stdout.encode(), "stderr": stderr.encode(), "log": log}
        arguments, environments, places["line"] = self.programs_run()
        places["arguments"] = arguments
        # c2's own environment is that of its children.
        own = "\0".join(f"{v}" for v in {**self.environment, **(environment or {})}.values()).encode()
        inherited = self.sentinels.found(own)
        for place, data in places.items():
            if place not in meant:
                self.note(what, place, self.sentinels.found(data))
        self.note(what, "environment", self.sentinels.found(environments) - inherited)
        for path, content in self.files().items():
            is_kept = any(fnmatch.fnmatch(path, pattern) for pattern in self.kept) or path == LOG
            if not is_kept and before.get(path) != content:
                self.note(what, f"file {path}", self.sentinels.found(content + path.encode()))

    def note(self, what, place, names):
        for name in sorted(names):
            TALLY["hits"] += 1
            self.hits.append(f"{what}: {name} is in {place}")

    def programs_run(self):
        """The arguments and the environments of all programs but c2 itself, as bytes; and the command lines of releases,
        which only the shell that runs one has in its environment."""
        arguments, environments, lines = [], [], []
        for line in self.trace.read_text(errors="replace").splitlines()[1:]:
            called = re.match(r'\d+ +execve\((".*?"), (\[.*?\]), (\[.*\])', line)
            if called:
                arguments.append(called[1] + called[2])
                variables = re.findall(r'"((?:[^"\\]|\\.)*)"', called[3])
                is_line = [variable.startswith("C2_LINE=") and called[1].endswith('/sh"') for variable in variables]
                lines += [variable for variable, line in zip(variables, is_line) if line]
                environments += [variable for variable, line in zip(variables, is_line) if not line]
        return tuple("\n".join(found).encode() for found in (arguments, environments, lines))

    def files(self):
        """All files below the root, relative path -> content."""
        found = {}
        for folder, folders, names in os.walk(self.root):
            for name in names:
                path = os.path.join(folder, name)
                if os.path.isfile(path) and not os.path.islink(path):
                    with open(path, "rb") as file:
                        found[os.path.relpath(path, self.root)] = file.read()
        return found
