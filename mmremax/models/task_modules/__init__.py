from .assigners import *  # noqa: F403
