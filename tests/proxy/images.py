"""The docker images of the tests, made from scratch: nginx from the Debian package, a small static web server."""

import io
import pathlib
import re
import subprocess
import tarfile
import tempfile

NGINX = "nginx:c2-test"
WEB = "c2-test-web:1"
HERE = pathlib.Path(__file__).parent


class Root:
    """The files of an image, as a tar archive in memory."""

    def __init__(self):
        self._bytes = io.BytesIO()
        self._tar = tarfile.open(fileobj=self._bytes, mode="w")

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
        self.file(path, pathlib.Path(path).read_bytes(), mode)

    def program(self, path):
        """A program with the libraries that it needs."""
        self.copy(path)
        listed = subprocess.run(["ldd", path], check=True, capture_output=True, text=True).stdout
        for library in sorted(set(re.findall(r"(/\S+) \(0x", listed))):
            self.copy(library)

    def import_as(self, image, *changes):
        self._tar.close()
        options = [word for change in changes for word in ("-c", change)]
        subprocess.run(
            ["docker", "import", *options, "-", image], input=self._bytes.getvalue(), check=True, capture_output=True
        )


def build_nginx():
    root = Root()
    root.program("/usr/sbin/nginx")
    root.copy("/etc/nginx/mime.types", 0o644)
    root.file("/etc/nginx/nginx.conf", b"events {}\n")
    root.file("/etc/passwd", b"root:x:0:0:root:/root:/bin/sh\nnginx:x:101:101:nginx:/nonexistent:/bin/false\n")
    root.file("/etc/group", b"root:x:0:\nnginx:x:101:\n")
    for folder in ["/etc/nginx/conf.d", "/run", "/var/lib/nginx", "/var/log/nginx", "/usr/share/nginx"]:
        root.folder(folder)
    root.folder("/tmp", 0o1777)
    root.link("/var/run", "/run")
    root.link("/var/log/nginx/access.log", "/dev/stdout")
    root.link("/var/log/nginx/error.log", "/dev/stderr")
    root.import_as(NGINX, 'CMD ["nginx","-g","daemon off;"]', "ENV PATH=/usr/sbin:/usr/bin:/bin")


def build_web():
    with tempfile.TemporaryDirectory() as folder:
        program = pathlib.Path(folder) / "web"
        static = ["-C", "target-feature=+crt-static", "-C", "opt-level=2", "-C", "strip=symbols"]
        source = str(HERE / "web" / "main.rs")
        subprocess.run(["rustc", "--edition", "2024", *static, "-o", str(program), source], check=True)
        root = Root()
        root.file("/web", program.read_bytes(), 0o755)
        root.import_as(WEB, 'ENTRYPOINT ["/web"]')


def build():
    build_nginx()
    build_web()


def remove():
    subprocess.run(["docker", "rmi", "-f", NGINX, WEB], capture_output=True, check=False)
