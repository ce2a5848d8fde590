"""`python -m mmremax_runtime` is `mmremax`."""

import sys

from .cli import main

sys.exit(main())
