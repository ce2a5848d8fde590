"""Makes the installed OpenMMLab stack importable, or says how to mend it."""

import importlib
import logging
import warnings
from importlib.util import find_spec

from .resources import resource_root

REQUIRED = (
    'torch',
    'mmengine',
    'mmcv',
    'mmdet',
    'mmseg',
    'mmpretrain',
    'scipy',
    'pandas',
    'safetensors',
)
ROOT = resource_root()

INSTALL_HELP = f"""\
Install the stack, torch first:
    pip install -r {ROOT}/requirements/build.txt
    pip install --no-build-isolation -r {ROOT}/requirements.txt
(requirements/original.txt beside it holds the original family; never install
both.) `mmremax doctor` prints what is there and what is broken.
An exported model needs none of this: `import mmremax_runtime`."""

NO_OPS_HELP = """\
mmcv is installed without its compiled operators (`mmcv._ext`), on which
mmdet fails: it was built where setup.py could not see torch. Build it again:
    pip install --no-build-isolation --no-deps --no-cache-dir \
--force-reinstall onedl-mmcv==2.3.6
(mmcv==2.1.0 in place of it for the original family.)"""

# torchvision's own schemas; no code of this package calls them.
TORCHVISION_SCHEMA = (
    '(Tensor dets, Tensor scores, float iou_threshold) -> Tensor'
)


def prepare_stack() -> None:
    """Check the stack, then import what needs help to be imported.

    Runs once, before anything imports mmpretrain or mmdet's models.

    Raises:
        ImportError: A package is missing or mmcv lacks its operators; the
            text gives the commands that mend it.
    """
    check_installed()
    load_torchvision()
    import_quietly(
        'mmdet.datasets',
        'mmdet.evaluation',
        'mmpretrain.datasets',
        'mmseg.datasets',
    )


def check_installed() -> None:
    """Raise an ImportError with the remedy where the stack is incomplete."""
    missing = [name for name in REQUIRED if find_spec(name) is None]
    if missing:
        raise ImportError(
            f'mmremax needs {", ".join(missing)}: not installed.\n'
            + INSTALL_HELP
        )
    if find_spec('mmcv._ext') is None:
        raise ImportError(NO_OPS_HELP)


def load_torchvision() -> None:
    """Import torchvision, also where its compiled operators do not load.

    The published torchvision is compiled for CUDA. On a CPU build of torch
    its library does not load and its import fails on the missing schema of
    ``nms``. Declaring the schemas is enough to import it; calling the
    operators still fails, with torch's own message. A torchvision that can
    be imported is left alone.
    """
    if find_spec('torchvision') is None:
        return
    try:
        import torchvision  # noqa: F401
    except RuntimeError as error:
        if 'torchvision::nms does not exist' not in str(error):
            raise
        import torch

        for operator in ('nms', 'qnms'):
            torch.library.define(
                f'torchvision::{operator}', TORCHVISION_SCHEMA
            )
        importlib.import_module('torchvision')


def import_quietly(*modules: str) -> None:
    """Import modules without two notes that a user can do nothing about.

    The maintained family prints that the optional OneDL is missing; it
    imports ``print_log`` at the moment of printing, so the name is replaced
    while the modules are imported, and only then. mmdet warns that
    faster_coco_eval is not installed.

    Args:
        modules: Dotted names; the ones already imported cost nothing.
    """
    import mmengine.logging

    print_log = mmengine.logging.print_log

    def print_all_but_onedl(msg, logger=None, level=logging.INFO):
        if 'Could not import OneDL' not in str(msg):
            print_log(msg, logger, level)

    mmengine.logging.print_log = print_all_but_onedl
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings('ignore', 'faster_coco_eval is not')
            for module in modules:
                importlib.import_module(module)
    finally:
        mmengine.logging.print_log = print_log
