"""The built package, outside the checkout.

Tests marked slow build the source archive and from it the wheel, and install
that into empty environments. Packages of this interpreter are linked into
them: what the wheel or an extra asks for, or the whole stack.
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
from packaging.requirements import Requirement

from mmremax.datasets.panoptic_png import read_ids
from mmremax.inference import Predictor

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
LIGHT = """
import importlib.util, sys
from mmremax_runtime.cli import main

for name in 'torch', 'mmengine', 'mmcv', 'mmdet', 'onnx', 'cv2':
    assert importlib.util.find_spec(name) is None, name
sys.exit(main(sys.argv[1:]))
"""

PIP = (sys.executable, '-m', 'pip', '-q')
OFFLINE = ('--no-deps', '--no-index')
IMAGES = ROOT / 'demo' / 'nuclei' / 'sample' / 'images'
WEIGHTS = ROOT / 'demo' / 'nuclei' / 'model.safetensors'


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

    def add_requirements(self, extra: str = '') -> None:
        """Link what the wheel and one extra ask for."""
        (wheel,) = self.site.glob('mmremax-*.dist-info')
        self.link(metadata.PathDistribution.at(wheel).requires, extra)

    def link(self, requirements: list[str], extra: str = '') -> None:
        """Link packages of this interpreter, and what they ask for."""
        for requirement in map(Requirement, requirements):
            name, marker = requirement.name, requirement.marker
            if marker and not marker.evaluate(dict(extra=extra)):
                continue
            found = metadata.distribution(name)
            for top in {path.parts[0] for path in found.files} - {'..'}:
                link = self.site / top
                if not link.exists():
                    link.symlink_to(found.locate_file(top))
            self.link(found.requires or [])

    def add_stack(self) -> None:
        """Let it see all packages of this interpreter."""
        (self.site / 'stack.pth').write_text('\n'.join(site.getsitepackages()))


@pytest.fixture(scope='module')
def wheel(tmp_path_factory) -> Path:
    """Build the source archive, and from it the wheel."""
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
    options = ('--no-build-isolation', *OFFLINE, '-w', folder)
    run(*PIP, 'wheel', *options, archive)
    return next(folder.glob('*.whl'))


@pytest.fixture
def installed(wheel, tmp_path) -> Environment:
    """Give an environment with the wheel alone."""
    environment = Environment(tmp_path / 'venv')
    python = environment.folder / 'bin' / 'python'
    run(*PIP, '--python', python, 'install', *OFFLINE, wheel)
    return environment


@pytest.fixture(scope='module')
def exported(tmp_path_factory) -> Path:
    """Export the model of the repository."""
    folder = tmp_path_factory.mktemp('exported') / 'nuclei'
    run(sys.executable, '-m', 'mmremax_runtime', 'export', WEIGHTS,
        '--out', folder, cwd=ROOT)  # fmt: skip
    return folder


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
    installed.add_requirements()
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
    model = ('remax_lite0_nuclei_long', WEIGHTS)
    image = next(IMAGES.glob('*.jpg'))
    installed.run(
        'mmremax', 'predict', image, *model, '--ids', '--out', tmp_path
    )
    (ids,) = tmp_path.glob('*_ids.png')
    pixels = np.asarray(PIL.Image.open(ids))
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 2


@pytest.mark.slow
@pytest.mark.parametrize('extra', ['onnx', 'openvino'])
def test_an_export_runs_without_torch(installed, exported, tmp_path, extra):
    """The wheel and one extra; at most 1 pixel of 10^6 differs."""
    installed.add_requirements(extra)
    installed.run(
        *('python', '-c', LIGHT, 'predict', IMAGES, exported, '--ids'),
        *('--device', dict(onnx='onnxruntime').get(extra, extra)),
        *('--out', tmp_path),
    )
    predictor = Predictor.from_pretrained(WEIGHTS, device='cpu')
    wrong = pixels = 0
    for result in predictor.predict(IMAGES):
        path = tmp_path / f'{Path(result.source).stem}_ids.png'
        wrong += np.count_nonzero(read_ids(path, '') != result.ids)
        pixels += result.ids.size
    assert pixels > 10**6
    assert wrong <= pixels / 10**6
