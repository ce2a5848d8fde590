"""Installs the two packages; the OpenMMLab stack is installed by the user."""

import re
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
# What OpenMMLab's tools look for in `.mim` of an installed package, and the
# pins of the stack.
MIM = ('model-index.yml', 'configs', 'tools', 'requirements.txt')
MIM += ('requirements',)


def read_version() -> str:
    """Read ``__version__`` without importing the package."""
    text = (ROOT / 'mmremax' / '__init__.py').read_text(encoding='utf-8')
    return re.search(r"^__version__ = '(.+)'$", text, re.MULTILINE)[1]


def read_names(extra: str) -> list[str]:
    """Read what an extra installs; its file says with which versions.

    The pins are what was tested, not what a user must have.
    """
    text = (ROOT / 'requirements' / f'{extra}.txt').read_text(encoding='utf-8')
    return sorted(set(re.findall(r'^([\w.-]+)==', text, re.MULTILINE)))


class BuildWithMim(build_py):
    """Puts ``mmremax/.mim`` into the wheel; links it in a checkout."""

    def run(self) -> None:
        """Build the packages, then ``.mim``."""
        super().run()
        base = ROOT if self.editable_mode else Path(self.build_lib)
        mim = base / 'mmremax' / '.mim'
        shutil.rmtree(mim, ignore_errors=True)
        mim.mkdir(parents=True)
        for name in MIM:
            if self.editable_mode:
                (mim / name).symlink_to(Path('..', '..', name))
            elif (ROOT / name).is_dir():
                ignore = shutil.ignore_patterns('__pycache__')
                shutil.copytree(ROOT / name, mim / name, ignore=ignore)
            else:
                shutil.copy(ROOT / name, mim)


setup(
    name='mmremax',
    version=read_version(),
    description='ReMaX and kMaX-DeepLab for panoptic segmentation, on '
    'OpenMMLab',
    long_description=(ROOT / 'README.md').read_text(encoding='utf-8'),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    python_requires='>=3.10',
    packages=find_packages(include=['mmremax*']),
    cmdclass=dict(build_py=BuildWithMim),
    entry_points=dict(console_scripts=['mmremax = mmremax_runtime.cli:main']),
    # What an exported model and the command need: no torch, no OpenMMLab.
    # The two OpenMMLab families own the same files under different
    # distribution names, so naming either here would overwrite the other; a
    # range of torch could replace the build the user chose.
    # `requirements.txt` and `requirements/original.txt` hold the pins of the
    # stack, with the plain packages that only training needs.
    install_requires=['numpy', 'pillow'],
    extras_require=dict(
        onnx=read_names('onnx'),
        openvino=read_names('openvino'),
        export=read_names('export') + read_names('onnx'),
        serve=read_names('serve'),
        hub=read_names('hub'),
        video=read_names('video'),
    ),
)
