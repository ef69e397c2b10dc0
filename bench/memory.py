"""Peak memory and time of `start` and `unpack` of a 512 MiB release; run by bench/memory. The aim is at most 32 MB.

GNU time starts c2, for the kernel counts the memory of the process that starts a program as that program's, too.
"""

import os
import pathlib
import random
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "s3")]

from machine import C2, Machine, pack, release_files
from store import Store

SHAPES = {
    "noise, 64 files of 8 MiB": [(64, lambda random_: random_.randbytes(8 << 20))],
    "text, 16,384 files of 32 KiB": [(16384, lambda random_: random_.randbytes(16 << 10).hex().encode())],
}


def main():
    store = Store(os.environ["SEAWEEDFS_ENDPOINT"])
    for shape, groups in SHAPES.items():
        place = store.place()
        with place.machine() as from_s3, Machine(None) as from_folder:
            archive = from_folder.root / "releases" / "big.zip"
            pack(archive, files_of(groups))
            store.client.upload_file(str(archive), place.bucket, f"{place.prefix}/releases/big.zip")
            print(f"{shape}; archive {archive.stat().st_size >> 20} MiB")
            for source, machine in (("folder", from_folder), ("S3", from_s3)):
                for name, words in (
                    ("start", ["start", "big.zip"]),
                    ("start again", ["start", "big.zip"]),
                    ("unpack", ["unpack", "big.zip", "out"]),
                ):
                    memory, seconds = measure(machine, words)
                    print(f"  {name:11} from {source:6} {memory / 1000:6.1f} MB {seconds:6.2f} s", flush=True)


def files_of(groups):
    random_ = random.Random(512)
    files = dict(release_files("big"))
    for count, content in groups:
        files.update((f"data/{number:05}", content(random_)) for number in range(count))
    return files


def measure(machine, words):
    """Peak memory in kilobytes of 1024 bytes turned to 1000, and seconds."""
    command = ["/usr/bin/time", "-f", "measured %M %e", C2, *words]
    done = subprocess.run(command, env=machine.environment, cwd=machine.root, capture_output=True, text=True)
    measured = re.search(r"measured (\d+) ([\d.]+)", done.stderr)
    if done.returncode != 0 or not measured:
        sys.exit(f"c2 {' '.join(words)} ended with {done.returncode}:\n{done.stderr}")
    return int(measured[1]) * 1.024, float(measured[2])


main()
