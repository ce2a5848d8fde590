"""`mmremax test` as a script: evaluates a checkpoint.

python tools/test.py --help
"""

import sys

from mmremax_runtime.cli import run_command

if status := run_command('test', sys.argv[1:], 'python tools/test.py'):
    sys.exit(status)
