"""`mmremax test` as a script: evaluates a checkpoint.

python tools/test.py --help
"""

import sys

from mmremax_runtime.cli import run_command

sys.exit(run_command('test', sys.argv[1:], 'python tools/test.py'))
