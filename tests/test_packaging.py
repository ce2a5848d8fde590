"""The workflow and the image name what is in the repository."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
WORKFLOW = ROOT / '.github' / 'workflows' / 'ci.yml'
PYTHONS = ['3.10', '3.11', '3.12']


def test_workflow_runs_each_supported_python():
    """As strings: the number 3.10 is 3.1."""
    jobs = yaml.safe_load(WORKFLOW.read_text())['jobs']
    assert set(jobs) == {'lint', 'test', 'wheel', 'docs'}
    for name in ('test', 'wheel'):
        assert jobs[name]['strategy']['matrix']['python'] == PYTHONS
    doctor = (ROOT / 'mmremax_runtime/commands/doctor.py').read_text()
    assert f'made for {PYTHONS[0]} to {PYTHONS[-1]}' in doctor
    setup = (ROOT / 'setup.py').read_text()
    assert f"python_requires='>={PYTHONS[0]}'" in setup


@pytest.mark.parametrize('path', [WORKFLOW, ROOT / 'Dockerfile'])
def test_named_files_exist(path):
    text = path.read_text()
    names = set(re.findall(r'[\w/]+\.(?:txt|py)\b', text))
    assert 'requirements/build.txt' in names
    assert [name for name in names if not (ROOT / name).is_file()] == []


def test_image_runs_without_root_and_for_the_pinned_torch():
    text = (ROOT / 'Dockerfile').read_text()
    last = text.rsplit('\nFROM ', 1)[1]
    assert re.findall(r'^USER (.+)', last, re.M) == ['mmremax']
    pin = re.search(
        r'^torch==(.+)', (ROOT / 'requirements/build.txt').read_text(), re.M
    )[1]
    assert f'torch {pin} is built for CUDA 13.0' in text
    assert 'FROM nvidia/cuda:13.0.' in text
