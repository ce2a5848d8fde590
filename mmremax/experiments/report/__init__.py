"""Reports of studies: a page that opens from disk, and pictures."""

from .data import (
    ReportError,
    Result,
    load_result,
)
from .page import write_report

__all__ = ['ReportError', 'Result', 'load_result', 'write_report']
