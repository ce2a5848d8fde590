"""`mmremax train` as a script: trains a model.

python tools/train.py --help
"""

import sys

from mmremax_runtime.cli import run_command

if status := run_command('train', sys.argv[1:], 'python tools/train.py'):
    sys.exit(status)
