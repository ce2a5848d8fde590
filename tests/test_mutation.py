"""Faults of one line each are noticed; see tests/helpers/mutation.py."""

import subprocess
import sys

import pytest

from tests.helpers.mutants import MUTANTS
from tests.helpers.mutation import ROOT


def test_every_mutant_is_a_line_of_the_code():
    for mutant in MUTANTS:
        text = (ROOT / mutant.path).read_text()
        assert mutant.apply(text) != text
        compile(mutant.apply(text), mutant.path, 'exec')
        for name in mutant.tests:
            assert (ROOT / name).exists(), name


@pytest.mark.slow
def test_no_mutant_survives():
    command = [sys.executable, '-m', 'tests.helpers.mutation']
    assert subprocess.call(command, cwd=ROOT) == 0
