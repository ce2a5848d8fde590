"""From a detector to a folder that runs without torch."""

from .description import ExportError
from .exporter import export_model

__all__ = ['ExportError', 'export_model']
