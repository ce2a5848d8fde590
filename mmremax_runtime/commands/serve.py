"""Open a page in the browser, to try a model on pictures.

Examples:
    mmremax serve demo/nuclei/model.safetensors
    mmremax serve exported/ --samples demo/nuclei/sample/images

The page needs no connection but that to this machine, and only this machine
reaches it unless --host says otherwise. Stop it by Ctrl-C.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from ..images import list_images
from ..opening import add_model, count, open_model, port, positive
from ..page import Page, thumbnails

MAX_SAMPLES = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    add_model(parser)
    parser.add_argument(
        '--samples',
        type=Path,
        metavar='DIR',
        help=f'pictures to choose from, the first {MAX_SAMPLES}',
    )
    parser.add_argument(
        '--host',
        default='127.0.0.1',
        help='address to listen at (127.0.0.1); 0.0.0.0 lets everyone in who '
        'reaches this machine, without a password',
    )
    parser.add_argument('--port', type=port, default=7860, help='(7860)')
    parser.add_argument(
        '--max-megapixels',
        type=positive,
        default=16,
        metavar='N',
        help='of a picture, in millions (16)',
    )
    parser.add_argument(
        '--max-megabytes',
        type=count,
        default=32,
        metavar='N',
        help='of an uploaded file (32)',
    )


def run(args: argparse.Namespace) -> int:
    """Serve until interrupted."""
    if find_spec('gradio') is None:
        raise ImportError('The page needs gradio: pip install gradio')
    paths = list_images(args.samples)[:MAX_SAMPLES] if args.samples else []
    page = Page(open_model(args), round(args.max_megapixels * 1e6))
    samples, broken = thumbnails(paths, page)
    for line in broken:
        print(line, file=sys.stderr)
    # Ends the program as Ctrl-C does: the uploads are removed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix='mmremax_') as folder:
        set_environment(folder)
        from ..page_layout import Actions, build, launch

        actions = Actions(page, folder, [path for path, _ in samples])
        thumbs = [thumbnail for _, thumbnail in samples]
        blocks = build(actions, model_name(args.model), thumbs)
        try:
            address = launch(
                blocks, args.host, args.port, args.max_megabytes * 2**20
            )
        except OSError:
            print(
                f'mmremax serve: {args.host}:{args.port} is taken, or no '
                "address of this machine's: choose another --port or --host.",
                file=sys.stderr,
            )
            return 1
        print(f'The page is at {address} until Ctrl-C.', flush=True)
        blocks.block_thread()
    return 0


def set_environment(folder: str) -> None:
    """Tell gradio where uploads go, and not to phone home.

    It reaches its own server by HTTP, which a proxy must not hinder.
    """
    os.environ['GRADIO_TEMP_DIR'] = folder
    os.environ['GRADIO_ANALYTICS_ENABLED'] = 'False'
    for name in ('no_proxy', 'NO_PROXY'):
        hosts = [os.environ.get(name), '127.0.0.1', 'localhost']
        os.environ[name] = ','.join(filter(None, hosts))


def model_name(model: str) -> str:
    """Name a model by its file, or by the folder of its weights."""
    path = Path(model).resolve() if Path(model).exists() else Path(model)
    return path.parent.name if path.stem == 'model' else path.stem
