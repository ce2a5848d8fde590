"""The tool on true maps as predictions, whole and spoilt."""

import json
import shutil
from pathlib import Path

import pytest

TOOL = 'analysis/pq_error.py'


@pytest.fixture(autouse=True)
def wide(monkeypatch) -> None:
    monkeypatch.setenv('COLUMNS', '120')


@pytest.fixture
def annotations(shapes_root) -> Path:
    return shapes_root / 'annotations' / 'panoptic_val.json'


def dump(annotations: Path, folder: Path) -> dict:
    """Write the truth, crowds left out, as if it were predicted."""
    shutil.copytree(annotations.with_suffix(''), folder / 'panoptic')
    return json.loads(annotations.read_text())


def save(folder: Path, content: dict) -> Path:
    (folder / 'panoptic.json').write_text(json.dumps(content))
    return folder


def cells(out: str, name: str) -> list[str]:
    rows = [line for line in out.splitlines() if line.startswith('│')]
    line = next(line for line in rows if f' {name} ' in line)
    return [cell.strip() for cell in line.split('│')[3:-1]]


def test_truth_has_no_error_and_a_wrong_class_has(
    run, annotations, tmp_path, capsys
):
    content = dump(annotations, tmp_path / 'true')
    true = save(tmp_path / 'true', content)
    dump(annotations, tmp_path / 'spoilt')
    for segment in content['annotations'][0]['segments_info']:
        if segment['category_id'] < 11:  # a thing
            segment['category_id'] = 1 + segment['category_id'] % 6
    spoilt = save(tmp_path / 'spoilt', content)
    run(annotations, true, spoilt, '--draws', 50, '--sizes', 4)
    out = capsys.readouterr().out
    assert cells(out, 'true')[:3] == ['100.0 ± 0.00'] * 3
    everything, things, stuff = cells(out, 'spoilt')
    assert stuff == '100.0 ± 0.00'
    assert float(things.split()[0]) < float(everything.split()[0]) < 100
    assert float(things.split()[-1]) > 0
    difference = cells(out, 'second - first')
    assert difference[0].startswith('-')
    assert difference[2].startswith('+0.0 ± 0.00')


def test_data_without_things_have_a_dash(
    run, annotations, tmp_path, monkeypatch, capsys
):
    content = dump(annotations, tmp_path / 'true')
    for category in content['categories']:
        category['isthing'] = 0
    for entry in content['annotations']:
        for segment in entry['segments_info']:
            del segment['iscrowd']  # may be left out
    truth = tmp_path / 'stuff.json'
    truth.write_text(json.dumps(content))
    shutil.copytree(annotations.with_suffix(''), tmp_path / 'stuff')
    true = save(tmp_path / 'true', content)
    # Two dumps may have one name.
    again = shutil.copytree(true, tmp_path / 'b' / 'true')
    monkeypatch.chdir(tmp_path)
    run(truth, Path('true'), again.relative_to(tmp_path), '--draws', 5)
    out = capsys.readouterr().out
    for name in ('true', 'b/true'):
        assert cells(out, name) == ['100.0 ± 0.00', '-', '100.0 ± 0.00']
    same = '+0.0 ± 0.00 [+0.0, +0.0]'
    assert cells(out, 'second - first') == [same, '-', same]


def test_a_missing_image_is_named(run, annotations, tmp_path):
    content = dump(annotations, tmp_path / 'part')
    del content['annotations'][2]
    part = save(tmp_path / 'part', content)
    with pytest.raises(SystemExit, match='no prediction for image 3'):
        run(annotations, part)


def test_wrong_options_are_refused_and_missing_files_named(run, tmp_path):
    for options in (('b', 'c'), ('--sizes', 0), ('--draws', 1)):
        with pytest.raises(SystemExit, match='2'):
            run('x.json', 'a', *options)
    with pytest.raises(SystemExit, match='absent.json'):
        run(tmp_path / 'absent.json', tmp_path)
