"""The built package, outside the checkout.

Tests marked slow build the source archive and from it the wheel, and install
that into an empty environment, which then gets numpy and Pillow, and then
the whole stack of this interpreter.
"""

import os
import re
import shutil
import site
import subprocess
import sys
import venv
from importlib import metadata
from pathlib import Path

import numpy as np
import PIL
import pytest

ROOT = Path(__file__).parents[1]
SOURCES = (
    *('mmremax', 'mmremax_runtime', 'configs', 'tools', 'requirements'),
    *('requirements.txt', 'model-index.yml', 'setup.py', 'pyproject.toml'),
    *('MANIFEST.in', 'README.md', 'LICENSE'),
)
BUILD_SDIST = """
import sys
from setuptools import build_meta

print(build_meta.build_sdist(sys.argv[1]))
"""
CHECK = """
from pathlib import Path
from mmengine.hub import get_config
import mmremax
from mmremax.utils.model_index import find_config

path = find_config('remax_r50_coco')
assert path.is_relative_to(Path(mmremax.__file__).parent / '.mim'), path
config = get_config('mmremax::remax/remax_r50_coco.py')
assert config.model.type == 'KMaXDeepLab'
print(mmremax.__file__)
"""


def run(*command: object, **options: object) -> str:
    """Run a command away from the checkout; return what it printed."""
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, **options
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def names_below(folder: Path, *patterns: str) -> set[Path]:
    """Return the relative paths of the files that have such names."""
    paths = (p for pattern in patterns for p in folder.rglob(pattern))
    return {path.relative_to(folder) for path in paths}


def test_build_has_both_packages_configs_and_tools(tmp_path):
    command = [sys.executable, 'setup.py', '-q', 'build_py', '-d', tmp_path]
    run(*command, cwd=ROOT)
    mim = tmp_path / 'mmremax' / '.mim'
    for name in ('configs', 'tools', 'requirements'):
        wanted = names_below(ROOT / name, '*.py', '*.yml', '*.sh', '*.txt')
        assert wanted
        assert names_below(mim / name, '*') >= wanted
    assert (mim / 'model-index.yml').is_file()
    for name in ('mmremax', 'mmremax_runtime'):
        wanted = names_below(ROOT / name, '*.py')
        assert names_below(tmp_path / name, '*.py') >= wanted
    assert not names_below(tmp_path, '__pycache__')


class Environment:
    """A virtual environment, and what is linked into it from this one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        venv.create(folder)
        (self.site,) = folder.glob('lib/python*/site-packages')
        self.env = {k: v for k, v in os.environ.items() if k != 'PYTHONPATH'}

    def run(self, program: str, *arguments: object) -> str:
        """Run a program of the environment, in a folder of its own."""
        program = self.folder / 'bin' / program
        return run(program, *arguments, env=self.env, cwd=self.folder)

    def link(self, distribution: str) -> None:
        """Link what a distribution has in this interpreter's packages."""
        for path in metadata.files(distribution):
            name = path.parts[0]
            link = self.site / name
            if name != '..' and not link.exists():
                link.symlink_to(
                    metadata.distribution(distribution).locate_file(name)
                )

    def add_stack(self) -> None:
        """Let it see all packages of this interpreter."""
        (self.site / 'stack.pth').write_text('\n'.join(site.getsitepackages()))


@pytest.fixture(scope='module')
def installed(tmp_path_factory) -> Environment:
    """An environment with the wheel alone."""
    folder = tmp_path_factory.mktemp('wheel')
    source = folder / 'source'
    source.mkdir()
    for name in SOURCES:
        if (ROOT / name).is_dir():
            ignore = shutil.ignore_patterns('__pycache__', '.mim')
            shutil.copytree(ROOT / name, source / name, ignore=ignore)
        else:
            shutil.copy(ROOT / name, source)
    run(sys.executable, '-c', BUILD_SDIST, folder, cwd=source)
    (archive,) = folder.glob('*.tar.gz')
    pip = (sys.executable, '-m', 'pip', '-q')
    offline = ('--no-deps', '--no-index')
    run(*pip, 'wheel', '--no-build-isolation', *offline, '-w', folder, archive)
    (wheel,) = folder.glob('*.whl')
    environment = Environment(folder / 'venv')
    python = environment.folder / 'bin' / 'python'
    run(*pip, '--python', python, 'install', *offline, wheel)
    return environment


def check_files(remedies: str) -> None:
    """Check that the pins that a text tells to install are there."""
    files = {Path(name) for name in re.findall(r'-r (\S+\.txt)', remedies)}
    names = {file.name for file in files}
    assert names >= {'build.txt', 'requirements.txt'}
    assert all(file.is_absolute() and file.is_file() for file in files)


@pytest.mark.slow
def test_wheel_runs_with_its_own_requirements_then_with_the_stack(
    installed, tmp_path
):
    needed = metadata.PathDistribution.at(
        next(installed.site.glob('mmremax-*.dist-info'))
    ).requires
    for requirement in needed:
        if 'extra' not in requirement:
            installed.link(requirement)
    assert 'predict' in installed.run('mmremax', '--help')
    assert 'MODEL' in installed.run('mmremax', 'predict', '--help').upper()
    with pytest.raises(AssertionError, match='mmremax needs torch') as error:
        installed.run('python', '-c', 'import mmremax')
    check_files(str(error.value))
    with pytest.raises(AssertionError, match='Broken: torch') as error:
        installed.run('mmremax', 'doctor')
    check_files(str(error.value))

    installed.add_stack()
    home = installed.run('python', '-c', CHECK).strip()
    assert Path(home).is_relative_to(installed.site)
    images = sorted((ROOT / 'demo/nuclei/sample/images').glob('*.jpg'))
    weights = ROOT / 'demo/nuclei/model.safetensors'
    model = ('remax_lite0_nuclei_long', weights)
    installed.run(
        'mmremax', 'predict', images[0], *model, '--ids', '--out', tmp_path
    )
    (ids,) = tmp_path.glob('*_ids.png')
    pixels = np.asarray(PIL.Image.open(ids))
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 2
