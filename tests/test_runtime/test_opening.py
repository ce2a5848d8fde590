"""Values of a command line, as argparse takes them."""

import argparse
from collections.abc import Callable

import pytest

from mmremax_runtime.opening import count, png, probability, seed, side


@pytest.mark.parametrize(
    ('read', 'good', 'bad'),
    [
        (count, '1', '0 -3 2.5 x'),
        (side, '16384', '0 -3 16385 x'),
        (seed, '0', '-1 4294967296 x'),
        (probability, '1', '-0.1 1.1 nan inf x'),
        (png, 'a.png', 'a.txt a png'),
    ],
)
def test_values_out_of_range_are_refused(
    read: Callable, good: str, bad: str, capsys
) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument('--value', type=read)
    assert str(parser.parse_args(['--value', good]).value).startswith(good)
    for text in bad.split():
        with pytest.raises(SystemExit, match='2'):
            parser.parse_args([f'--value={text}'])
        assert 'argument --value: ' in capsys.readouterr().err
