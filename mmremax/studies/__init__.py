"""Studies: arms trained side by side, and what they show."""

from .figures import draw
from .result import ResultError, read_result
from .runner import StudyRunner
from .study import StudyError, load_study
from .tables import curve_table, diagnostic_table, score_table

__all__ = [
    'ResultError',
    'StudyError',
    'StudyRunner',
    'curve_table',
    'diagnostic_table',
    'draw',
    'load_study',
    'read_result',
    'score_table',
]
