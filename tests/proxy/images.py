"""The docker images of the tests, made from scratch: nginx from the Debian package, a small static web server."""

import io
import os
import pathlib
import re
import subprocess
import tarfile
import tempfile

NGINX = "nginx:c2-test"
# The same under another tag: another version, as far as docker is concerned.
NEXT = "nginx:c2-test-next"
WEB = "c2-test-web:1"
CERTBOT = "certbot/certbot:latest"
# What the images carry, and every container made from them.
LABEL = "c2-test=proxy"
HERE = pathlib.Path(__file__).parent


class Root:
    """The files of an image, as a tar archive in memory."""

    def __init__(self):
        self._bytes = io.BytesIO()
        self._tar = tarfile.open(fileobj=self._bytes, mode="w")
        self._copied = set()

    def file(self, path, content, mode=0o644):
        member = tarfile.TarInfo(path.lstrip("/"))
        member.size, member.mode = len(content), mode
        self._tar.addfile(member, io.BytesIO(content))

    def folder(self, path, mode=0o755):
        member = tarfile.TarInfo(path.lstrip("/"))
        member.type, member.mode = tarfile.DIRTYPE, mode
        self._tar.addfile(member)

    def link(self, path, target):
        member = tarfile.TarInfo(path.lstrip("/"))
        member.type, member.linkname = tarfile.SYMTYPE, target
        self._tar.addfile(member)

    def copy(self, path, mode=0o755):
        if path not in self._copied:
            self._copied.add(path)
            self.file(path, pathlib.Path(path).read_bytes(), mode)

    def program(self, path):
        """A program with the libraries that it needs."""
        self.copy(path)
        listed = subprocess.run(["ldd", path], check=True, capture_output=True, text=True).stdout
        for library in sorted(set(re.findall(r"(/\S+) \(0x", listed))):
            self.copy(library)

    def import_as(self, image, *changes):
        self._tar.close()
        options = [word for change in (f"LABEL {LABEL}", *changes) for word in ("-c", change)]
        subprocess.run(
            ["docker", "import", *options, "-", image], input=self._bytes.getvalue(), check=True, capture_output=True
        )


def build_nginx():
    root = Root()
    root.program("/usr/sbin/nginx")
    root.copy("/etc/nginx/mime.types", 0o644)
    root.file("/etc/nginx/nginx.conf", b"events {}\n")
    users = [("root", 0), ("nginx", 101), ("nobody", 65534)]
    root.file("/etc/passwd", "".join(f"{name}:x:{n}:{n}::/nonexistent:/bin/false\n" for name, n in users).encode())
    groups = [("root", 0), ("nginx", 101), ("nogroup", 65534)]
    root.file("/etc/group", "".join(f"{name}:x:{n}:\n" for name, n in groups).encode())
    for folder in ["/etc/nginx/conf.d", "/run", "/var/lib/nginx", "/var/log/nginx", "/usr/share/nginx"]:
        root.folder(folder)
    root.folder("/tmp", 0o1777)
    root.link("/var/run", "/run")
    root.link("/var/log/nginx/access.log", "/dev/stdout")
    root.link("/var/log/nginx/error.log", "/dev/stderr")
    root.import_as(NGINX, 'CMD ["nginx","-g","daemon off;"]', "ENV PATH=/usr/sbin:/usr/bin:/bin")
    subprocess.run(["docker", "tag", NGINX, NEXT], check=True)


def build_web():
    with tempfile.TemporaryDirectory() as folder:
        program = pathlib.Path(folder) / "web"
        static = ["-C", "target-feature=+crt-static", "-C", "opt-level=2", "-C", "strip=symbols"]
        source = str(HERE / "web" / "main.rs")
        subprocess.run(["rustc", "--edition", "2024", *static, "-o", str(program), source], check=True)
        root = Root()
        root.file("/web", program.read_bytes(), 0o755)
        root.import_as(WEB, 'ENTRYPOINT ["/web"]')


def build_certbot():
    """Certbot as the host has it, with its Python: `certbot` is what such an image runs."""
    root, python = Root(), pathlib.Path(os.path.realpath("/usr/bin/python3"))
    for program in [str(python), "/bin/dash", "/bin/chmod"]:
        root.program(program)
    root.link("/usr/bin/python3", str(python))
    root.link("/bin/sh", "/bin/dash")
    root.copy("/usr/bin/certbot")
    for table in ["tzdata.zi", "zone.tab", "zone1970.tab", "iso3166.tab", "UTC"]:
        root.copy(f"/usr/share/zoneinfo/{table}", 0o644)
    openssl = next(pathlib.Path("/usr/lib").glob("*/ossl-modules"))
    for folder in [f"/usr/lib/{python.name}", "/usr/lib/python3/dist-packages", openssl]:
        for path in sorted(pathlib.Path(folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts and "test" not in path.parts:
                (root.program if ".so" in path.suffixes else root.copy)(str(path))
    root.folder("/tmp", 0o1777)
    root.file("/etc/passwd", b"root:x:0:0::/root:/bin/sh\n")
    root.import_as(CERTBOT, 'ENTRYPOINT ["certbot"]', "ENV PATH=/usr/sbin:/usr/bin:/bin")


def build(certbot=True):
    build_nginx()
    build_web()
    if certbot:
        build_certbot()


def remove_containers():
    """Removes every container of the images, whoever started it."""
    _remove(["ps", "-aq"], ["rm", "-fv"])


def remove():
    """Removes the images, also those whose name a later one took, and their containers."""
    remove_containers()
    _remove(["images", "-q"], ["rmi", "-f"])


def _remove(listing, removal):
    found = subprocess.run(
        ["docker", *listing, "--filter", f"label={LABEL}"], check=True, capture_output=True, text=True
    ).stdout.split()
    if found:
        subprocess.run(["docker", *removal, *sorted(set(found))], capture_output=True, check=False)
