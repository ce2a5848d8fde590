"""Files that leave a marker when something runs the code they hold."""

import contextlib
import os
import pickle
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import torch


class Marker:
    """Makes a folder when it is unpickled by a loader that trusts."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


def write_hostile(folder: Path) -> Path:
    """Write `evil.pth`, `evil.pkl` and `evil.yaml`.

    Returns:
        The marker: a path that exists as soon as any was trusted.
    """
    marker = folder / 'marker'
    weights = dict(state_dict=dict(w=torch.ones(1)), meta=Marker(marker))
    torch.save(weights, folder / 'evil.pth')
    (folder / 'evil.pkl').write_bytes(pickle.dumps(Marker(marker)))
    text = f'!!python/object/apply:os.mkdir ["{marker}"]\n'
    (folder / 'evil.yaml').write_text(text)
    return marker


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def serve(folder: Path) -> Iterator[str]:
    """Serve a folder on this machine alone; yield the address."""
    handler = partial(_Quiet, directory=str(folder))
    with ThreadingHTTPServer(('127.0.0.1', 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f'http://127.0.0.1:{server.server_port}'
        finally:
            server.shutdown()
            thread.join()
