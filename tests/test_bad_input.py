"""Answers to bad input are those of the document, and no tracebacks."""

import pytest

from tests.helpers import bad_input
from tests.helpers.bad_input_cases import CASES

CHEAP = {
    'an id as text',
    'no `file_name`',
    '`segments_info` is null',
    'an instance outside its image',
    'weights: a list',
    'weights: a text',
    'a misspelt key of a hook',
}


@pytest.mark.parametrize(
    'case', [case for case in CASES if case.text in CHEAP], ids=str
)
def test_an_answer_is_that_of_the_document(case):
    answer = bad_input.ask(case)
    assert answer.is_right, answer.output
    assert bad_input.row(case, answer) in bad_input.DOCUMENT.read_text()


def test_every_case_has_a_row():
    text = bad_input.DOCUMENT.read_text()
    assert CHEAP <= {case.text for case in CASES}
    for case in CASES:
        assert f'\n| {case.text} | {case.tool} | ' in text
