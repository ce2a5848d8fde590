"""Importing the package changes nothing for other packages."""

import subprocess
import sys
from pathlib import Path

import mmremax

PACKAGE = str(Path(mmremax.__file__).parent)

# Everything foreign is imported first. torchvision may need help for that.
SCRIPT = f"""
import os, sys, warnings

sys.path.insert(0, {PACKAGE!r})
from utils import compat  # without importing the package
sys.path.pop(0)
compat.load_torchvision()

import mmengine.logging, mmdet.utils, mmpretrain.utils, mmseg.utils, torch
from mmengine import registry
from mmengine.config.utils import MODULE2PACKAGE
from mmengine.fileio.backends.registry_utils import backends
from mmengine.runner.checkpoint import CheckpointLoader

for package in (mmdet, mmpretrain, mmseg):
    package.utils.register_all_modules(init_default_scope=False)


def tree(node):
    yield node
    for child in node.children.values():
        yield from tree(child)


def state():
    names = vars(registry).values()
    roots = [one for one in names if isinstance(one, registry.Registry)]
    tables = {{
        f'{{node.name}} of {{node.scope}}': dict(node.module_dict)
        for root in roots
        for node in tree(root)
    }}
    return tables | {{
        'schemes': dict(CheckpointLoader._schemes),
        'backends': dict(backends),
        'packages': dict(MODULE2PACKAGE),
        'environment': dict(os.environ),
        'rest': dict(
            filters=list(warnings.filters),
            scope=registry.DefaultScope.get_current_instance(),
            threads=torch.get_num_threads(),
            printing=mmengine.logging.print_log,
            random=torch.get_rng_state().tolist(),
        ),
    }}


before = state()
assert len(before) > 50, len(before)
import mmremax
added = 0
for table, after in state().items():
    old = before.get(table, {{}})
    for name, value in old.items():
        assert after[name] is value or after[name] == value, (table, name)
    for name in after.keys() - old.keys():
        added += 1
        if table == 'packages':
            assert name == 'mmremax'
            continue
        assert after[name].__module__.startswith('mmremax.'), (table, name)
assert added > 50, added
"""


def test_import_changes_nothing_for_others():
    run = subprocess.run(
        [sys.executable, '-c', SCRIPT], capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
