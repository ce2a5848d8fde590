"""What is installed is pinned, and the package names no family."""

import re
from pathlib import Path

import mmremax
from mmremax.utils.compat import NO_OPS_HELP

ROOT = Path(__file__).parents[1]
REQUIREMENTS = sorted(ROOT.glob('requirements/*.txt'))
FAMILY_NAMES = re.compile(
    r'(onedl-)?(mmengine|mmcv|mmdet(ection)?|mmseg(mentation)?|mmpretrain)'
)


def read_pins(name: str) -> dict[str, str]:
    """Read a requirements file into {distribution: specifier}."""
    lines = (ROOT / name).read_text().splitlines()
    rows = [row for row in lines if row and row[0] not in '#-']
    return dict(re.match(r'([\w.-]+)(.*)', row).groups() for row in rows)


def test_setup_names_no_openmmlab_distribution():
    text = (ROOT / 'setup.py').read_text()
    names = re.search(r'install_requires=\[(.*?)\]', text, re.S)[1]
    assert not FAMILY_NAMES.search(names)
    assert 'torch' not in names


def test_version_is_read_from_the_package():
    text = (ROOT / 'mmremax' / '__init__.py').read_text()
    assert f"__version__ = '{mmremax.__version__}'" in text


def test_every_requirement_is_pinned():
    names = [f'requirements/{path.name}' for path in REQUIREMENTS]
    for name in {'requirements.txt', *names} - {'requirements/build.txt'}:
        for distribution, pin in read_pins(name).items():
            assert pin.startswith('=='), (name, distribution)
    first = read_pins('requirements/build.txt')['torch']
    assert first == read_pins('requirements.txt')['torch']


def test_set_up_knows_every_file_it_installs():
    """Or its stamp stays when a pin of that file changes."""
    makefile = (ROOT / 'Makefile').read_text()
    extras = re.search(r'^EXTRAS := (.+)$', makefile, re.M)[1].split()
    text = (ROOT / 'requirements/dev.txt').read_text()
    assert sorted(re.findall(r'^-r (\w+)\.txt', text, re.M)) == sorted(extras)


def test_families_do_not_meet():
    maintained = read_pins('requirements.txt')
    original = read_pins('requirements/original.txt')
    assert len([n for n in maintained if FAMILY_NAMES.match(n)]) == 5
    stock = {'mmcv', 'mmdet', 'mmengine', 'mmpretrain', 'mmsegmentation'}
    assert {name for name in original if FAMILY_NAMES.match(name)} == stock
    assert not maintained.keys() & {'mmcv', 'mmdet', 'mmengine'}


def test_help_texts_name_the_pinned_mmcv():
    doctor = (ROOT / 'mmremax_runtime/commands/doctor.py').read_text()
    pins = read_pins('requirements.txt')
    pins |= read_pins('requirements/original.txt')
    for name in ('onedl-mmcv', 'mmcv'):
        pin = name + pins[name]
        assert pin in NO_OPS_HELP
        assert pin in doctor


def test_hooks_and_set_up_check_with_the_same_versions():
    hooks = (ROOT / '.pre-commit-config.yaml').read_text()
    pins = read_pins('requirements/dev.txt')
    for name in ('ruff', 'codespell'):
        rev = re.search(rf'/{name}(?:-pre-commit)?\n    rev: v(\S+)', hooks)[1]
        assert f'=={rev}' == pins[name]
