"""Docker engines of the tests' own: the machines of a fleet on this one, each with a relay to the store of the tests."""

import contextlib
import subprocess
import tempfile

import images
from engine import Engine


@contextlib.contextmanager
def engines(names, endpoint):
    """Running engines with the images of the tests."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="c2-images-"))
        archive = f"{folder}/images.tar"
        subprocess.run(["docker", "save", "-o", archive, images.NGINX, images.WEB], check=True, capture_output=True)
        started = [stack.enter_context(Engine(name, endpoint)) for name in names]
        for engine in started:
            engine.load_images(archive)
        yield started
