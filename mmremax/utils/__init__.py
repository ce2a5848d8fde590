from .compat import prepare_stack

__all__ = ['prepare_stack']
