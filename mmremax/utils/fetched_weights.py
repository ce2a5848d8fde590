"""Fetches files of weights by their addresses, once."""

from __future__ import annotations

import hashlib
import http.client
import re
import urllib.request
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

import torch
from mmengine.dist import barrier, is_main_process
from mmengine.logging import print_log
from mmengine.runner.checkpoint import (
    get_external_models,
    get_torchvision_models,
)

from mmremax_runtime.errors import InputError
from mmremax_runtime.files import write_files

ADDRESS = re.compile(r'[\w-]+://')
# Of the file, SHA-256; digits alone are a date.
NAMED_HASH = re.compile(r'-(?=\d*[a-f])([0-9a-f]{8,64})\.\w+$')
TIMEOUT = 60  # seconds without a byte
# Collections of OpenMMLab's configs, as mmengine resolves them.
COLLECTIONS = {
    'torchvision': get_torchvision_models,
    'open-mmlab': get_external_models,
}


class CheckpointError(InputError, RuntimeError):
    """Weights that cannot be used; the text names them and the remedy."""


def fetch(address: str) -> Path:
    """Download a file, or take what was downloaded before.

    Files lie in torch's cache, under the names that torch gives them where
    the name holds the file's hash, which is verified; else a part of the
    address' own hash comes first, so that no two addresses share a file.

    Args:
        address: ``http://``, ``https://``, or a model's name after
            ``torchvision://`` or ``open-mmlab://``. Of several processes
            the first one downloads; all have to call.

    Raises:
        CheckpointError: It cannot be fetched, or is another file.
    """
    url = _resolve(address)
    name = unquote(PurePosixPath(urlsplit(url).path).name) or 'weights'
    name = re.sub(r'[^\w.-]', '_', name)
    expected = NAMED_HASH.search(name)
    if expected is None:
        name = f'{hashlib.sha256(url.encode()).hexdigest()[:12]}-{name}'
    path = Path(torch.hub.get_dir(), 'checkpoints', name)
    try:
        if is_main_process() and not path.is_file():
            _download(url, path)
    finally:
        barrier()
    if not path.is_file():  # another machine's first process has it
        _download(url, path)
    if expected is not None:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if not found.startswith(expected[1]):
            raise CheckpointError(
                f'{path}, of {address}, has the SHA-256 {found[:8]}, not the '
                f'{expected[1]} of its name: it is damaged. Remove it, to '
                'fetch it again; or give it as a file, if only the name is '
                'wrong.'
            )
    return path


def _resolve(address: str) -> str:
    """Find the URL of an address."""
    scheme, _, name = address.partition('://')
    if scheme in ('http', 'https'):
        return address
    models = COLLECTIONS.get(scheme, dict)()
    if name not in models:
        raise CheckpointError(
            f'{address} cannot be fetched: give a file, an http(s) address, '
            f'or a model of {", ".join(f"{c}://" for c in COLLECTIONS)}.'
        )
    return models[name]


def _download(url: str, path: Path) -> None:
    print_log(f'Downloading {url} to {path}')
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT) as answer:
            content = answer.read()
        with write_files(path) as (part,):
            part.write_bytes(content)
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise CheckpointError(
            f'{url} cannot be fetched: {error or type(error).__name__}. '
            'Download it by other means, and give the file.'
        ) from None
