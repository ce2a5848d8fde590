"""Configs by their names in model-index.yml, in a checkout or a wheel."""

from __future__ import annotations

from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path

from mmengine.fileio import load

from .resources import resource_root

OURS = 'mmremax::'  # what mmengine writes before a package's configs
OTHERS = ('mmdet', 'mmseg', 'mmpretrain')


def list_configs() -> dict[str, Path]:
    """Return the config of each model of model-index.yml, by its name."""
    root = resource_root()
    metafiles = load(root / 'model-index.yml')['Import']
    models = (m for file in metafiles for m in load(root / file)['Models'])
    return {model['Name']: root / model['Config'] for model in models}


def find_config(name: str | Path) -> Path:
    """Find a config by its path or by its name in model-index.yml.

    Args:
        name: A file, also relative to the repository's root where that is
            not the working directory; or a name, as in 'remax_r50_coco',
            capitals or not. Either may follow 'mmremax::', and a file is
            then below configs/; after 'mmdet::' and the like it is below
            that package's.

    Raises:
        FileNotFoundError: There is neither; the text lists names near it.
    """
    root = resource_root()
    folders = (Path(), root)
    package, _, file = str(name).rpartition('::')
    if f'{package}::' == OURS:
        name, folders = file, (root / 'configs',)
    elif package in OTHERS:
        (folder,) = find_spec(package).submodule_search_locations
        folders = (Path(folder, '.mim', 'configs'),)
        name = file
    for path in (folder / name for folder in folders):
        if path.is_file():
            return path
    configs = list_configs()
    wanted = Path(name).name.removesuffix('.py').lower()
    if str(name).lower() in configs:
        return configs[str(name).lower()]
    near = get_close_matches(wanted, configs, n=5, cutoff=0.4)
    raise FileNotFoundError(
        f'There is no config {name}: neither a file nor a name of '
        f'{root / "model-index.yml"}.'
        + (f' Near it: {", ".join(near)}.' if near else '')
    )
