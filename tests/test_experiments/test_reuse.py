"""Runs that another study has finished are taken over."""

import json
from pathlib import Path

import pytest

from mmremax.experiments import StudyError

from .toy_study import make_runner, order_of, write_study


@pytest.fixture
def studies(tmp_path: Path) -> Path:
    """A folder of studies: `first` with one arm, of both seeds."""
    path = write_study(tmp_path, base=0.0)
    make_runner(path, out=tmp_path / 'studies' / 'first').run()
    (tmp_path / 'order.txt').unlink()
    return tmp_path / 'studies'


def test_equal_settings_are_not_trained_again(studies: Path) -> None:
    path = write_study(studies.parent, other=0.02, same=0.0)
    out = studies / 'second'
    result = make_runner(path, out=out, reuse=studies).run()
    assert [arm for arm, _, _ in order_of(path)] == ['other'] * 2
    other, same = result['arms']
    assert [run['reused_from'] for run in other['runs']] == [None] * 2
    assert [run['reused_from'] for run in same['runs']] == [
        'first/base/seed0',
        'first/base/seed1',
    ]
    assert same['summary']['PQ']['mean'] == 40.5
    assert same['paired']['PQ']['mean'] == -2.0
    assert (out / 'same' / 'seed0' / 'work').is_dir()
    assert not list(out.glob('*/.*'))


def test_the_copy_stands_alone(studies: Path) -> None:
    path = write_study(studies.parent, same=0.0)
    out = studies / 'second'
    first = make_runner(path, out=out, reuse=studies).run()
    again = make_runner(path, out=out).run()
    assert again['arms'] == first['arms']
    assert not (path.parent / 'order.txt').exists()


def test_unfinished_runs_are_not_taken(studies: Path) -> None:
    for file in (studies / 'first').glob('*/seed*/run.json'):
        state = json.loads(file.read_text())
        file.write_text(json.dumps(state | {'status': 'running'}))
    path = write_study(studies.parent, same=0.0)
    make_runner(path, out=studies / 'second', reuse=studies).run()
    assert len(order_of(path)) == 2


def test_missing_folder(tmp_path: Path) -> None:
    path = write_study(tmp_path, base=0.0)
    with pytest.raises(StudyError, match='--reuse: there is no folder'):
        make_runner(path, reuse=tmp_path / 'nowhere')


@pytest.mark.parametrize('content', ['', '{"stat', '[]', '{}'])
def test_damaged_state(studies: Path, content: str) -> None:
    file = studies / 'first' / 'base' / 'seed1' / 'run.json'
    file.write_text(content)
    path = write_study(studies.parent, same=0.0)
    with pytest.raises(StudyError, match=r'seed1.run\.json: .*Remove'):
        make_runner(path, out=studies / 'second', reuse=studies)
    with pytest.raises(StudyError, match=r'seed1.run\.json: .*Remove'):
        make_runner(write_study(studies.parent, base=0.0), out=file.parents[2])
