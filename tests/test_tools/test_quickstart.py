"""The quickstart calls the tools in order and stops where one fails."""

import argparse
import sys
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from tests.helpers.scripts import load_script

ROOT = Path(__file__).parents[2]
STEPS = ['make_shapes.py', 'train.py', 'test.py']
STEPS += ['show_predictions.py', 'plot_run.py']


def call(out: Path, monkeypatch, failing: str = '') -> list[list[str]]:
    """Run the script with tools that only leave the files it reads."""
    main = load_script('tools/quickstart.py')['main']
    commands = []

    def record(command: list[str]) -> SimpleNamespace:
        commands.append(command[1:])
        name = Path(command[1]).name
        if name == 'make_shapes.py':
            (out / 'data/annotations').mkdir(parents=True)
            (out / 'data/annotations/panoptic_val.json').touch()
        elif name == 'train.py':
            (out / 'run').mkdir()
            (out / 'run/last_checkpoint').write_text('run/iter_9.pth\n')
        elif name == 'show_predictions.py':
            (out / 'pictures').mkdir()
            for index, value in enumerate((10, 200)):
                picture = Image.new('RGB', (8, 4), (value, 0, 0))
                picture.save(out / f'pictures/{index}.png')
        elif name == 'plot_run.py':
            (out / 'curves.png').touch()
        return SimpleNamespace(returncode=3 if name == failing else 0)

    process = SimpleNamespace(run=record)
    monkeypatch.setitem(main.__globals__, 'subprocess', process)
    monkeypatch.setattr(sys, 'argv', ['quickstart.py', '--out', str(out)])
    main()
    return commands


def test_steps_in_order_and_understood(tmp_path, monkeypatch):
    commands = call(tmp_path, monkeypatch)
    assert [Path(command[0]).name for command in commands] == STEPS
    assert commands[2][2] == 'run/iter_9.pth'  # what is tested and shown
    assert commands[3][2] == 'run/iter_9.pth'
    for command in commands:  # exits on an unknown option
        if (name := Path(command[0]).stem) in ('train', 'test'):
            parser = argparse.ArgumentParser()
            module = import_module(f'mmremax.commands.{name}')
            module.add_arguments(parser)
            parser.parse_args(command[1:])
            continue
        monkeypatch.setattr(sys, 'argv', command)
        load_script(command[0])['parse_args']()
    pixels = np.asarray(Image.open(tmp_path / 'predictions.png'))
    assert pixels[:, 0, 0].tolist() == [10] * 4 + [200] * 4


def test_failure_stops_and_the_next_call_continues(
    tmp_path, monkeypatch, capsys
):
    with pytest.raises(SystemExit, match='3'):
        call(tmp_path, monkeypatch, failing='train.py')
    assert 'train.py failed' in capsys.readouterr().out
    (tmp_path / 'run/last_checkpoint').unlink()
    (tmp_path / 'run').rmdir()
    commands = call(tmp_path, monkeypatch)
    assert [Path(command[0]).name for command in commands] == STEPS[1:]
    assert '--resume' in commands[0]
    assert call(tmp_path, monkeypatch) == []
    assert 'Finished' in capsys.readouterr().out


@pytest.mark.slow
def test_few_steps(tmp_path, monkeypatch):
    """The real tools, from data to pictures."""
    config = tmp_path / 'few.py'
    base = ROOT / 'configs/quickstart/remax_mnv3-s_shapes.py'
    config.write_text(
        f'_base_ = {str(base)!r}\n'
        'train_dataloader = dict(batch_size=2)\n'
        'val_dataloader = dict(batch_size=2)\n'
        'test_dataloader = val_dataloader\n'
        'train_cfg = dict(max_iters=4, val_interval=2)\n'
    )
    main = load_script('tools/quickstart.py')['main']
    main.__globals__.update(CONFIG=config, NUM_TRAIN=6, NUM_VAL=4)
    monkeypatch.setenv('PYTHONPATH', str(ROOT))
    monkeypatch.setattr(sys, 'argv', ['quickstart.py', f'--out={tmp_path}'])
    main()
    for name in ('predictions.png', 'curves.png', 'scores.json'):
        assert (tmp_path / name).is_file()
    picture = Image.open(tmp_path / 'predictions.png')
    one = Image.open(next((tmp_path / 'pictures').iterdir()))
    assert picture.size == (one.width, 4 * one.height)
