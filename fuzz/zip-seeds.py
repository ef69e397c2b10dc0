"""Writes small archives of many kinds, good and bad, into the folder given: seeds for the fuzz target `zip`."""

import io
import pathlib
import stat
import sys
import zipfile


class Stream(io.RawIOBase):
    """Takes bytes like a pipe: whoever packs into it cannot go back and fill in lengths."""

    def __init__(self):
        self.bytes = bytearray()

    def writable(self):
        return True

    def write(self, part):
        self.bytes += part
        return len(part)


def entry(name, mode=stat.S_IFREG | 0o644, host=3, **fields):
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    info.create_system = host
    for field, value in fields.items():
        setattr(info, field, value)
    return info


def pack(entries, comment=b"", into=None):
    target = into or io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.comment = comment
        for info, content, *options in entries:
            with archive.open(info, "w", **(options[0] if options else {})) as member:
                member.write(content)
    return bytes(target.bytes) if into else target.getvalue()


DEFLATED = {"compress_type": zipfile.ZIP_DEFLATED}
TEXT = b"services:\n  app:\n    image: app\n    restart: always\n" * 2
PLAIN = pack([(entry("release.json"), b"{}"), (entry("etc/app.conf", **DEFLATED), TEXT)])

SEEDS = {
    "plain": PLAIN,
    "empty": pack([]),
    "comment": pack([(entry("a"), b"a")], comment=b"a comment"),
    "end-in-comment": pack([(entry("a"), b"a")], comment=pack([]) + b"?"),
    "folders": pack([(entry("bin/", stat.S_IFDIR | 0o700), b""), (entry("./bin/tool", stat.S_IFREG | 0o4755), b"#!")]),
    "no-modes": pack([(entry("a", 0, host=0), b"a"), (entry("b/", 0, host=0), b"")]),
    "streamed": pack([(entry("a", **DEFLATED), TEXT), (entry("b"), b"stored")], into=Stream()),
    "zip64": pack([(entry("a", **DEFLATED), TEXT, {"force_zip64": True})]),
    "zip64-streamed": pack([(entry("a", **DEFLATED), TEXT, {"force_zip64": True})], into=Stream()),
    "utf8": pack([(entry("größe.txt"), b"a")]),
    "extra": pack([(entry("a", extra=b"UT\x05\x00\x03\x00\x00\x00\x00"), b"a")]),
    "link": pack([(entry("a", stat.S_IFLNK | 0o777), b"/etc/passwd")]),
    "outside": pack([(entry("../a"), b"a"), (entry("/b"), b"b"), (entry("a/../../c"), b"c")]),
    "twice": pack([(entry("a"), b"a"), (entry("a/b"), b"b"), (entry("./a"), b"c")]),
    "bzip2": pack([(entry("a", compress_type=zipfile.ZIP_BZIP2), b"a")]),
    "before": b"#!/bin/sh\n" + PLAIN,
    "behind": PLAIN + b"\n",
    "cut-off": PLAIN[:-30],
    "damaged": PLAIN.replace(b"\x00release", b"\x01release"),
}

folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
for name, content in SEEDS.items():
    (folder / name).write_bytes(content)
