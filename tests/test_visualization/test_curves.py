import json
from pathlib import Path

import pytest
from PIL import Image

from mmremax.visualization import plot_run, read_scalars


def write(work_dir: Path, name: str, lines: list) -> None:
    folder = work_dir / name / 'vis_data'
    folder.mkdir(parents=True)
    text = '\n'.join(json.dumps(line) for line in lines)
    (folder / 'scalars.json').write_text(text + '\n')


def train(step: int, loss: float = 2.0) -> dict:
    terms = {'loss_cls': 1.0, 'loss_mask': 0.5, 'd0.loss_cls': 1.0}
    return dict(loss=loss, **terms, lr=1e-3, iter=step, step=step)


def val(step: int, pq: float) -> dict:
    names = ('PQ', 'PQ_th', 'PQ_st', 'SQ')
    return {f'coco_panoptic/{name}': pq for name in names} | dict(step=step)


def test_resumed_run_replaces_what_it_repeats(tmp_path):
    write(tmp_path, '20250101_1', [train(10), train(20), train(30)])
    write(tmp_path, '20250102_1', [train(20, 7.0), val(20, 5.0)])
    records = read_scalars(tmp_path)
    assert [r['step'] for r in records] == [10, 20, 20]
    assert records[1]['loss'] == 7.0
    # A start that logged nothing replaces nothing; half a line is left out.
    write(tmp_path, '20250103_1', [])
    assert len(read_scalars(tmp_path)) == 3
    file = tmp_path / '20250101_1' / 'vis_data' / 'scalars.json'
    file.write_text(file.read_text() + '{"loss": 1.0, "st')
    assert len(read_scalars(file)) == 3


@pytest.mark.parametrize(
    ('lines', 'panels'),
    [
        ([train(10), train(20), val(20, 30.0)], 2),
        ([train(10), train(20, 0.0)], 1),  # no logarithm of zero
        ([val(20, float('nan')), val(40, 3.0)], 1),
    ],
)
def test_plot_has_a_panel_for_what_was_logged(tmp_path, lines, panels):
    write(tmp_path, 'run', lines)
    path = plot_run(tmp_path, tmp_path / 'new' / 'curve.png')
    width, height = Image.open(path).size
    assert round(width / height / 1.52) == panels


def test_nothing_logged_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'scalars\.json'):
        read_scalars(tmp_path)
    write(tmp_path, 'run', [dict(a=1)])
    for path in ('run/vis_data/scalars.json', ''):
        with pytest.raises(ValueError, match='no scalars.json of|not logged'):
            plot_run(tmp_path / path, tmp_path / 'curve.png')
    write(tmp_path, 'other', [dict(lr=0.1, step=1)])
    with pytest.raises(ValueError, match='neither losses nor PQ'):
        plot_run(tmp_path, tmp_path / 'curve.png')
