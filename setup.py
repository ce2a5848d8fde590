"""Installs the package; the OpenMMLab stack is installed by the user."""

import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent


def read_version() -> str:
    """Read ``__version__`` without importing the package."""
    text = (ROOT / 'mmremax' / '__init__.py').read_text(encoding='utf-8')
    return re.search(r"^__version__ = '(.+)'$", text, re.MULTILINE)[1]


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
    # The two OpenMMLab families own the same files under different
    # distribution names, so naming either here would overwrite the other.
    # torch is absent too: a range could replace the build the user chose.
    # `requirements.txt` and `requirements/original.txt` hold the pins.
    install_requires=[
        'numpy',
        'pandas',
        'scipy',
        'pillow',
        'matplotlib',
        'rich',
        'jinja2',
        'safetensors',
    ],
)
