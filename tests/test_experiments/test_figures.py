"""The paper's figures, drawn from results and tables."""

import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmremax.experiments.report import (
    ReportError,
    load_result,
)
from mmremax.experiments.report.pareto import (
    COLUMNS,
    draw_pareto,
    read_points,
)
from tests.helpers.result_fixture import make_result, write

ROOT = Path(__file__).parents[2]
TOOL = ROOT / 'tools/experiments/figures.py'
PUBLISHED = ROOT / 'tools/experiments/pareto.csv'
HEADER = ','.join(COLUMNS)


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str | Path) -> None:
    argv = ['figures.py', *map(str, arguments)]
    monkeypatch.setattr(sys, 'argv', argv)
    runpy.run_path(str(TOOL))['main']()


def size_of_picture(path: Path) -> tuple[int, int]:
    picture = Image.open(path).convert('L')
    assert np.asarray(picture).std() > 5
    return picture.size


@pytest.mark.parametrize('figure', ['convergence', 'histogram'])
def test_a_panel_for_each_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, figure: str
) -> None:
    path = write(make_result(), tmp_path)
    one, two = tmp_path / 'one.png', tmp_path / 'new' / 'two.png'
    run(monkeypatch, figure, path, '--out', one)
    run(monkeypatch, figure, path, path, '--arms', 'arm2', '--out', two)
    assert size_of_picture(two)[0] == 2 * size_of_picture(one)[0]


def test_selected_arms_keep_their_look(tmp_path: Path) -> None:
    result = load_result(write(make_result(), tmp_path))
    chosen = result.select(['arm2', 'arm0'])
    assert chosen.arms == [result.arms[2], result.arms[0]]
    with pytest.raises(ReportError, match="no arm 'x'; it has arm0, arm1"):
        result.select(['x'])


def test_result_without_histograms_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(make_result(histograms=False), tmp_path)
    with pytest.raises(SystemExit, match=r'result\.json has no data to draw'):
        run(monkeypatch, 'histogram', path, '--out', tmp_path / 'a.png')


def test_published_points_name_the_paper() -> None:
    points = read_points([PUBLISHED], 'COCO val')
    assert {p.model: (p.fps, p.pq) for p in points} == {
        'ReMaX-T': (109, 40.4),
        'ReMaX-S': (81, 44.6),
        'ReMaX-M': (52, 49.1),
        'ReMaX-B': (16, 54.2),
    }
    assert all(p.source.startswith('paper') for p in points)


def test_own_rows_are_a_line_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = tmp_path / 'mine.csv'
    mine.write_text(f'{HEADER}\nReMaX,mine,COCO val,30,41,H200,ours\n')
    run(monkeypatch, 'pareto', '--add', mine, '--out', tmp_path / 'a.png')
    size_of_picture(tmp_path / 'a.png')
    axes = draw_pareto(read_points([PUBLISHED, mine], 'COCO val')).axes[0]
    labels = [line.get_label() for line in axes.lines]
    assert labels[1] == 'ReMaX, H200 (ours)'
    assert axes.lines[1].get_xydata().tolist() == [[30, 41]]
    assert len(labels) == 2


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('model,fps\n', 'lacks the columns data, device, pq'),
        (f'{HEADER}\na,b,COCO val,fast,40,c,d\n', r"csv:2: fps 'fast'"),
        (f'{HEADER}\na,b,COCO val\n', 'must be numbers'),
        (f'{HEADER}\na,b,COCO val,0,40,c,d\n', 'fps must be above 0'),
        (f'{HEADER}\na,b,COCO val,1,40,c,\n', 'source is empty'),
        (f'{HEADER}\na,b,ADE20K,1,40,c,d\n', 'there are: ADE20K'),
    ],
)
def test_wrong_table(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / 'a.csv'
    path.write_text(text)
    with pytest.raises(ReportError, match=message):
        read_points([path], 'COCO val')


def test_missing_table(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match='There is no file'):
        read_points([tmp_path / 'a.csv'], 'COCO val')
