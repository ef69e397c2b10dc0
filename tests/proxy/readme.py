"""The examples of README as they are printed: what a new user copies must work."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import images
from host import docker
from machine import C2, contains, equal

README = pathlib.Path(__file__).resolve().parents[2] / "README.md"


def examples():
    """The shell blocks of README, in order, by the heading above them."""
    found, heading = {}, None
    for part in re.split(r"^(#+ .*)$", README.read_text(), flags=re.MULTILINE):
        if part.startswith("#"):
            heading = part.lstrip("# ")
        for block in re.findall(r"^```sh\n(.*?)^```$", part, flags=re.MULTILINE | re.DOTALL):
            found.setdefault(heading, []).append(block)
    return found


class Reader:
    """A machine on which somebody follows README; its folders are below `root`, its images those of the tests."""

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="c2-readme-")
        self.root = pathlib.Path(self._folder.name)

    def __enter__(self):
        (self.root / "opt/bin").mkdir(parents=True)
        shutil.copy(C2, self.root / "opt/bin/c2")
        return self

    def __exit__(self, *_):
        images.remove_containers()
        made = docker("network", "ls", "-q", "--filter", "label=com.docker.compose.network").split()
        if made:
            docker("network", "rm", *made)
        self._folder.cleanup()

    def follows(self, block):
        """Runs a block; the answer is what it printed. What is written for `/opt` and `/srv` goes below `root`."""
        opt = self.root / "opt"
        folders = {
            "deploysDir": opt / "deploys",
            "contextCache": opt / "config",
            "logFile": opt / "var/log/camus2.log",
            "letsencryptPrefixDir": opt,
            "letsencryptWwwDir": opt / "var/www",
        }
        image, version = images.NGINX.split(":")
        settings = [f"{name}: {path}" for name, path in folders.items()]
        settings += [f"nginxDockerImage: {image}", f"nginxDockerVersion: {version}"]
        script = block.replace("/opt/", f"{opt}/").replace("/srv/", f"{self.root}/srv/")
        script = script.replace("nginx:1.27", images.NGINX).replace("releases: {", "\n".join([*settings, "releases: {"]))
        environment = {"PATH": f"{opt}/bin:{os.environ['PATH']}", "HOME": str(self.root)}
        environment.update({name: os.environ[name] for name in ["DOCKER_CONFIG"] if name in os.environ})
        command = ["bash", "-euo", "pipefail", "-c", script]
        ran = subprocess.run(command, cwd=self.root, env=environment, capture_output=True, text=True, timeout=120)
        if ran.returncode != 0:
            raise AssertionError(f"{script}\nended with {ran.returncode}\n{ran.stdout}\n{ran.stderr}")
        return ran.stdout


def the_quick_start_of_the_readme_works_as_printed():
    blocks = examples()
    with Reader() as reader:
        for block in blocks["Quick start"][:-1]:
            reader.follows(block)
        # The port is open as soon as the container runs; nginx is a moment later.
        printed = reader.follows(blocks["Quick start"][-1].replace("curl -s", "curl -s --retry 10 --retry-all-errors"))
        contains(printed, "hello-1.0.zip", "hello from 1.0\n")
        equal(docker("ps", "-q"), "")


def the_proxy_example_of_the_readme_works_as_printed():
    blocks = examples()
    with Reader() as reader:
        reader.follows(blocks["Quick start"][0])
        reader.follows("echo '{\"text\": \"hello\"}' > /opt/etc/greeting.json")
        for block in blocks["Behind a proxy"][:-1]:
            reader.follows(block)
        printed = reader.follows(blocks["Behind a proxy"][-1])
        contains(printed, "hello from 1.1\n", "hello from 1.2\n")
        names = docker("ps", "--format", "{{.Names}}").split()
        equal(sorted(names), ["frontendproxy", "hello-12-web-1"])


CASES = [the_quick_start_of_the_readme_works_as_printed, the_proxy_example_of_the_readme_works_as_printed]
LONG = []
