"""Cases: what the tests install on a machine leaves no service running, none that starts with it, and ends when apt-get fails.

Debian's own tools work on another root here, in which a stand-in for apt-get does what that of a package with a service does.
"""

import pathlib
import shutil
import subprocess
import tempfile

from machine import cases_of, contains, equal

TESTS = pathlib.Path(__file__).resolve().parent.parent
DENIES = "#!/bin/sh\nexit 101\n"
UNIT = "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n"
SCRIPT = """#!/bin/sh
### BEGIN INIT INFO
# Provides:          NAME
# Required-Start:
# Required-Stop:
# Default-Start:     2 3 4 5
# Default-Stop:      0 1 6
### END INIT INFO
"""
APT_GET = """#!/bin/sh
echo "$1" >> "$DPKG_ROOT/asked"
[ "$1" = install ] || exit "${UPDATE:-0}"
export DPKG_MAINTSCRIPT_PACKAGE=new
deb-systemd-helper enable new.service
update-rc.d new defaults
"$DPKG_ROOT/usr/sbin/policy-rc.d" new start
[ $? = 101 ] || echo started >> "$DPKG_ROOT/asked"
exit "${INSTALL:-0}"
"""


class Root:
    """A root with a service that starts with the machine, and the files of one that is to be installed; to be used in a
    `with`, at whose end nothing else may start with the machine."""

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="c2-root-")
        self.folder = pathlib.Path(self._folder.name)
        self.policy = self.folder / "usr/sbin/policy-rc.d"
        self.program("bin/apt-get", APT_GET)
        self.program("bin/sudo", '#!/bin/sh\nexec "$@"\n')
        for name in ("old", "new"):
            self.file(f"lib/systemd/system/{name}.service", UNIT)
            self.program(f"etc/init.d/{name}", SCRIPT.replace("NAME", name))
        self.policy.parent.mkdir(parents=True)
        path = f"{self.folder}/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        self.environment = {"PATH": path, "DPKG_ROOT": str(self.folder), "HOME": str(self.folder)}
        enable = "DPKG_MAINTSCRIPT_PACKAGE=old deb-systemd-helper enable old.service && update-rc.d old defaults"
        subprocess.run(["sh", "-c", enable], env=self.environment, check=True, capture_output=True)

    def __enter__(self):
        equal(self.enabled(), OLD)
        return self

    def __exit__(self, failed, *_):
        try:
            equal(self.enabled() if not failed else OLD, OLD)
        finally:
            self._folder.cleanup()

    def file(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def program(self, name, text):
        self.file(name, text).chmod(0o755)

    def install(self, *, program=TESTS / "apt-install", exit_code=0, **environment):
        """Installs, and returns what was asked of apt-get, then `started` where it would have started a service."""
        done = subprocess.run(
            [program, "new"], env={**self.environment, **environment}, capture_output=True, text=True, timeout=60
        )
        if done.returncode != exit_code:
            raise AssertionError(f"it ended with {done.returncode}, not {exit_code}\n{done.stdout}{done.stderr}")
        self.told = done.stderr
        asked = self.folder / "asked"
        return asked.read_text().split() if asked.exists() else []

    def enabled(self):
        """What starts with the machine."""
        links = [*self.folder.glob("etc/systemd/system/*.wants/*"), *self.folder.glob("etc/rc?.d/S*")]
        return sorted(str(link.relative_to(self.folder / "etc")) for link in links)


OLD = [*(f"rc{level}.d/S01old" for level in range(2, 6)), "systemd/system/multi-user.target.wants/old.service"]


def a_service_that_is_installed_neither_runs_nor_starts_with_the_machine():
    with Root() as machine:
        equal(machine.install(), ["install"])
        equal(machine.policy.exists(), False)


def a_machine_that_starts_no_services_keeps_its_own_policy():
    with Root() as machine:
        machine.program("usr/sbin/policy-rc.d", DENIES)
        equal(machine.install(), ["install"])
        equal((machine.policy.read_text(), machine.policy.stat().st_mode & 0o777), (DENIES, 0o755))


def where_a_machine_would_start_services_nothing_is_installed():
    for text in ("#!/bin/sh\nexit 0\n", "#!/bin/sh\nexit 104\n"):
        with Root() as machine:
            machine.program("usr/sbin/policy-rc.d", text)
            equal(machine.install(exit_code=1), [])
            contains(machine.told, "lets services start", "new")
            equal(machine.policy.read_text(), text)


def the_policy_that_a_killed_installation_left_is_removed_by_the_next():
    with Root() as machine:
        # Apt-get kills the script that called it, and is called by nobody the next time.
        machine.program("bin/apt-get", "#!/bin/sh\nkill -KILL $PPID\n")
        machine.install(exit_code=-9)
        equal(machine.policy.exists(), True)
        machine.program("bin/apt-get", APT_GET)
        machine.install()
        equal(machine.policy.exists(), False)


def an_installation_that_fails_is_tried_again_with_new_lists_and_then_ends():
    for environment, asked in (
        ({"INSTALL": "100"}, ["install", "update", "install"]),
        ({"INSTALL": "100", "UPDATE": "100"}, ["install", "update"]),
    ):
        with Root() as machine:
            equal(machine.install(exit_code=100, **environment), asked)
            equal(machine.policy.exists(), False)


def nothing_more_is_set_up_when_apt_get_fails():
    for environment in ({"INSTALL": "100"}, {"INSTALL": "100", "UPDATE": "100"}):
        with Root() as machine:
            machine.program("bin/wrk", "#!/bin/sh\nexit 1\n")
            machine.program("bin/docker-registry", "#!/bin/sh\nexit 1\n")
            machine.program("bin/python3", '#!/bin/sh\ntouch "$DPKG_ROOT/made"\n')
            (machine.folder / "tests").mkdir()
            for name in ("install", "apt-install", "requirements.txt"):
                if (TESTS / name).exists():
                    shutil.copy(TESTS / name, machine.folder / "tests" / name)
            machine.install(program=machine.folder / "tests/install", exit_code=100, **environment)
            equal((machine.folder / ".venv").exists(), False)


CASES = cases_of(__name__)
