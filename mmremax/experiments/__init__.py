"""Studies: arms trained side by side, and what they show."""

from .result import build_result
from .runner import StudyRunner
from .settings import resolve
from .statistics import (
    paired_difference,
    summarise,
)
from .study import (
    Arm,
    Study,
    StudyError,
    load_study,
)
from .table import result_table

__all__ = [
    'Arm',
    'Study',
    'StudyError',
    'StudyRunner',
    'build_result',
    'load_study',
    'paired_difference',
    'resolve',
    'result_table',
    'summarise',
]
