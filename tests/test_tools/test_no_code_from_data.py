"""Whatever reads weights or annotations refuses those that hold code."""

from pathlib import Path

import pytest
import torch

from tests.helpers.hostile import serve, write_hostile
from tests.helpers.scripts import ROOT, run_script

CONFIG = 'configs/quickstart/kmax_mnv3-s_shapes.py'
PICTURE = 'demo/nuclei/sample/images/brightfield.jpg'
INIT = (
    'model.backbone.init_cfg.type=Pretrained',
    'model.backbone.init_cfg.checkpoint=FILE',
)
OURS = 'model.backbone.init_cfg._scope_=mmremax'
MODEL = 'demo/nuclei/model.safetensors'
NO_INIT = '--no-pretrained'
# What runs, with FILE where weights stand; DATA is a folder of data, OUT one
# to write to.
WEIGHTS = {
    'load_from': ('tools/train.py', CONFIG, NO_INIT, 'load_from=FILE'),
    'init_cfg': ('tools/train.py', CONFIG, *INIT, OURS),
    "mmengine's init_cfg": ('tools/train.py', CONFIG, *INIT),
    'resume': ('tools/train.py', CONFIG, NO_INIT, '--resume', 'FILE'),
    'test': ('tools/test.py', CONFIG, 'FILE'),
    'sweep': ('tools/analysis/sweep.py', CONFIG, 'FILE'),
    'show': ('tools/analysis/show_predictions.py', CONFIG, 'FILE'),
    'predict': ('demo/image_demo.py', PICTURE, CONFIG, 'FILE'),
    'evaluate': ('demo/nuclei/evaluate.py', CONFIG, 'FILE'),
    'strip': ('tools/model_converters/strip_checkpoint.py', 'FILE', 'OUT/a'),
    'convert': ('tools/model_converters/kmax_to_mmremax.py', 'FILE', 'OUT/a'),
}
TRAIN, TEST = (
    f'{n}_dataloader.dataset.ann_file=FILE' for n in ('train', 'test')
)
CONVERTERS = 'tools/dataset_converters'
ANNOTATIONS = {
    'train': ('tools/train.py', CONFIG, NO_INIT, TRAIN),
    'test': ('tools/test.py', MODEL, TEST),
    'browse': ('tools/analysis/browse_dataset.py', CONFIG, TRAIN),
    'semantic': (f'{CONVERTERS}/panoptic_to_semantic.py', 'FILE'),
    'merge': (f'{CONVERTERS}/merge_categories.py', 'FILE', 'OUT/a.json'),
    'check': (f'{CONVERTERS}/check_panoptic.py', 'OUT', '--ann-file', 'FILE'),
    'instances': (
        *(f'{CONVERTERS}/instances_to_panoptic.py', 'FILE', 'OUT/a.json'),
    ),
}
FAST = {'strip', 'convert', 'semantic', 'merge', 'check'}
WITH_WORK_DIR = ('tools/train.py', 'tools/test.py', 'tools/analysis/sweep.py')


def cases(table: dict) -> list:
    return [
        pytest.param(
            command,
            id=name,
            marks=() if name in FAST else pytest.mark.slow,
        )
        for name, command in table.items()
    ]


@pytest.fixture
def refused(tmp_path, monkeypatch, shapes_root, capfd):
    """Run a command on a file: it names it in a line, and no code ran."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(torch.hub, '_hub_dir', str(tmp_path / 'hub'))
    marker = write_hostile(tmp_path)

    def run(command: tuple[str, ...], source: str) -> None:
        script, *arguments = command
        monkeypatch.syspath_prepend((ROOT / script).parent)
        options = [a for a in arguments if '=' in a]
        arguments = [a for a in arguments if '=' not in a]
        if options:
            arguments += ['--cfg-options', *options]
        if {CONFIG, MODEL} & {*arguments} and 'image_demo' not in script:
            arguments += ['--data-root', str(shapes_root)]
        if script in WITH_WORK_DIR:
            arguments += ['--work-dir', str(tmp_path / 'run')]
        places = dict(FILE=source, OUT=str(tmp_path / 'out'))
        for old, new in places.items():
            arguments = [a.replace(old, new) for a in arguments]
        arguments = [
            str(ROOT / a) if (ROOT / a).is_file() else a for a in arguments
        ]
        with pytest.raises(SystemExit) as left:
            run_script(monkeypatch, script, *arguments)
        printed, errors = capfd.readouterr()
        text = f'{left.value} {printed} {errors}'
        assert Path(source).name in text.replace('\n', '')
        assert 'Traceback' not in text
        assert 'weights_only' not in text
        assert not marker.exists()
        assert left.value.code not in (0, None)

    return run


@pytest.mark.parametrize('name', ['evil.pth', 'evil.pkl'])
@pytest.mark.parametrize('command', cases(WEIGHTS))
def test_weights_of_a_file(command, name, refused, tmp_path):
    refused(command, str(tmp_path / name))


@pytest.mark.slow
@pytest.mark.parametrize('command', WEIGHTS.values(), ids=WEIGHTS)
def test_weights_of_an_address(command, refused, tmp_path):
    with serve(tmp_path) as address:
        refused(command, f'{address}/evil.pth')


def test_load_from_an_address(refused, tmp_path):
    """The one that builds a model in the default suite."""
    with serve(tmp_path) as address:
        refused(WEIGHTS['load_from'], f'{address}/evil.pth')


@pytest.mark.parametrize('command', cases(ANNOTATIONS))
@pytest.mark.parametrize('ending', ['pkl', 'yaml'])
def test_annotations(command, ending, refused, tmp_path):
    refused(command, str(tmp_path / f'evil.{ending}'))
