"""The page and the pictures of a study, from made-up results."""

import json
import re
import runpy
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmremax.experiments.report import (
    ReportError,
    load_result,
    write_report,
)
from mmremax.experiments.report.data import BASELINE_COLOUR
from tests.helpers.result_fixture import (
    add_predictions,
    fail,
    make_result,
    summarise,
    write,
)

ROOT = Path(__file__).parents[2]
VOID_TAGS = {'meta', 'img', 'br', 'link', 'hr', 'input'}


class Page(HTMLParser):
    """Collects text, links and unclosed tags of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.text = ' '.join(' '.join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.tags.append(tag)
        if tag not in VOID_TAGS:
            self.open.append(tag)
        names = ('src', 'href', 'xlink:href', 'action')
        self.links += [value for name, value in attrs if name in names]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID_TAGS:
            self.handle_endtag(tag)

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != 'style':
            self.words.append(data)


def report(content: dict, folder: Path) -> tuple[Page, str, set[str]]:
    """Write a report; return its page, source and picture names."""
    files = write_report(load_result(write(content, folder)), folder / 'out')
    assert files[0].name == 'report.html'
    for path in files[1:]:
        pixels = np.asarray(Image.open(path).convert('L'))
        assert pixels.std() > 5, f'{path} is blank'
    source = files[0].read_text()
    return Page(source), source, {path.stem for path in files[1:]}


def test_full_result(tmp_path: Path) -> None:
    content = make_result(num_arms=3, num_seeds=3)
    add_predictions(content, tmp_path)
    page, source, pictures = report(content, tmp_path)
    assert pictures == {
        'convergence', 'ablation', 'paired', 'histogram_log10_fp_fn', 'loss',
        'histogram_log10_fp_fn_d0',
        'grad_norm', 'loss_cls', 'loss_mask', 'd0.m_hat_mean', 'predictions',
    }  # fmt: skip
    for words in (
        'Relaxed training converges faster', 'ReMaX, Fig. 4',
        'ReMaX ends higher at equal iterations.',
        'tools/experiments/run.py STUDY.py --seeds 3', '0123abc',
        'model.eta=0.2', 'ground truth', 'image1', '900 MB', '1.13 x',
    ):  # fmt: skip
        assert words in page.text, words
    mean = content['arms'][2]['summary']['PQ']
    assert f'{mean["mean"]:.1f} ± {mean["spread"]:.1f}' in page.text
    assert page.tags.count('img') == 2 * (2 + 3)
    assert 'Failed' not in page.text
    # Every picture is in the page as well.
    assert page.tags.count('figure') == len(pictures) - 1 + 2 * 5
    assert not page.open
    assert all(f'id="{name}"' in source for name in pictures - {'predictions'})


def test_page_loads_nothing(tmp_path: Path) -> None:
    content = make_result(num_arms=2)
    add_predictions(content, tmp_path)
    page, source, _ = report(content, tmp_path)
    assert page.links
    assert all(link.startswith(('#', 'data:')) for link in page.links)
    assert not re.search(r'url\((?!#)|@import|<script', source)
    assert not {'script', 'link', 'iframe'} & set(page.tags)
    assert 'prefers-color-scheme: dark' in source
    assert '#24292f' not in source.split('</style>')[1]  # ink of the page


def test_ids_of_pictures_do_not_meet(tmp_path: Path) -> None:
    _, source, _ = report(make_result(), tmp_path)
    defined = re.findall(r' id="([^"]+)"', source)
    doubled = {i for i in defined if defined.count(i) > 1}
    assert not doubled
    used = re.findall(r'url\(#([^)]+)\)|href="#([^"]+)"', source)
    assert {a or b for a, b in used} <= set(defined)


def test_one_seed_has_no_difference(tmp_path: Path) -> None:
    content = make_result(num_seeds=1, histograms=False)
    page, _, pictures = report(content, tmp_path)
    assert 'paired' not in pictures
    assert 'A paired difference needs two seeds' in page.text
    assert 'The runs recorded no histograms.' in page.text
    assert 'The runs saved no sample predictions.' in page.text
    assert '±' not in page.text.split('Mean ± spread')[0]


def test_failed_and_missing_runs_are_named(tmp_path: Path) -> None:
    content = make_result()
    fail(
        content['arms'][1]['runs'][0],
        'line 7\n  in step\nloss is <NaN> & more\n',
    )
    for run in content['arms'][2]['runs']:
        fail(run, 'out of memory')
    # What the runner writes of a run that was never started.
    content['arms'][1]['runs'][1] = dict(
        seed=1, status='pending', error=None, iters=0, curve=[], final={},
        losses={}, grad_norm={}, wall_s=None, peak_memory_mb=None,
    )  # fmt: skip
    summarise(content)
    page, _, pictures = report(content, tmp_path)
    assert 'loss is <NaN> & more 3 lines line 7 in step' in page.text
    assert page.text.count('out of memory') == 3
    assert 'kMaX, sigmoid, seed 1 (pending)' in page.text
    assert '0 of 3' in page.text
    assert '4 of 9' in page.text
    assert 'paired' not in pictures


@pytest.mark.parametrize('num_arms', [2, 14])
def test_another_metric_and_many_arms(tmp_path: Path, num_arms: int) -> None:
    content = make_result(num_arms, 2, metric='mIoU', histograms=False)
    page, _, pictures = report(content, tmp_path)
    assert 'mIoU over training' in page.text
    assert 'paired' in pictures
    arms = load_result(tmp_path / 'result.json').arms
    assert len({arm.style for arm in arms}) == num_arms
    assert arms[0].style.colour == BASELINE_COLOUR


def test_bare_and_undefined_numbers(tmp_path: Path) -> None:
    """Only what the contract demands, and numbers that are none."""
    content = make_result(num_arms=2, num_seeds=2)
    for arm in content['arms']:
        for run in arm['runs']:
            for key in ('losses', 'histograms', 'wall_s', 'peak_memory_mb',
                        'step_s', 'diagnostics', 'grad_norm'):  # fmt: skip
                run.pop(key)
            run['curve'][0]['PQ'] = float('nan')
            run['curve'][1]['PQ'] = None
        arm.pop('paired')
    content.pop('machine')
    page, _, pictures = report(content, tmp_path)
    assert pictures == {'convergence', 'ablation'}
    assert 'The runs recorded no losses.' in page.text
    assert 'nan' not in page.text


def test_curves_of_a_metric_that_nobody_logged(tmp_path: Path) -> None:
    content = make_result(num_arms=2, num_seeds=2)
    content['study']['metric'] = 'coco/AP'
    page, _, pictures = report(content, tmp_path)
    assert not {'convergence', 'ablation', 'paired'} & pictures
    assert 'No run logged AP while it trained.' in page.text


def test_a_lost_picture_is_left_out(tmp_path: Path) -> None:
    content = make_result(num_arms=2)
    add_predictions(content, tmp_path, num=1)
    (tmp_path / 'pictures' / 'arm1_0.png').unlink()
    page, _, _ = report(content, tmp_path)
    assert page.tags.count('img') == 3


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('{"schema": 1', 'is no json'),
        ('[1]', "has no key 'schema'"),
        ('{"arms": []}', "has no key 'schema'"),
        ('{"schema": 2}', 'has schema 2; this version reads schema 1'),
        ('{"schema": 1, "study": {}}', r'study\.metric is missing'),
        ('{"schema": 1, "study": {"metric": "PQ"}}', 'lists no arms'),
        (
            '{"schema": 1, "study": {"metric": "PQ"}, "arms": [{}]}',
            r'arms\[0\] has no name',
        ),
        (
            '{"schema": 1, "study": {"metric": "PQ"},'
            ' "arms": [{"name": "a", "runs": [{"seed": 1}]}]}',
            "a run of arm 'a' has no seed or no status",
        ),
    ],
)
def test_wrong_file(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / 'result.json'
    path.write_text(text)
    with pytest.raises(ReportError, match=message):
        load_result(path)


def test_no_finished_run(tmp_path: Path) -> None:
    content = make_result(num_arms=1, num_seeds=1)
    fail(content['arms'][0]['runs'][0], 'out of memory')
    with pytest.raises(ReportError, match=r"no run .* 'arm0'.*out of memory"):
        load_result(write(content, tmp_path))


def test_command(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    write(make_result(num_arms=2, num_seeds=1), tmp_path)
    main = runpy.run_path(str(ROOT / 'tools/experiments/report.py'))['main']
    monkeypatch.setattr(sys, 'argv', ['report.py', str(tmp_path)])
    main()
    page = tmp_path / 'report' / 'report.html'
    assert f'report      {page}' in capsys.readouterr().out
    assert page.is_file()
    monkeypatch.setattr(sys, 'argv', ['report.py', str(tmp_path / 'no.json')])
    with pytest.raises(SystemExit, match=r'There is no file .*no\.json'):
        main()


def test_schema_is_the_runners() -> None:
    from mmremax.experiments.report.data import SCHEMA
    from mmremax.experiments.result import SCHEMA as WRITTEN

    assert SCHEMA == WRITTEN


def test_fixture_is_strict_json_but_for_nan(tmp_path: Path) -> None:
    path = write(make_result(), tmp_path)
    json.loads(path.read_text(), parse_constant=pytest.fail)
