"""`mmremax test` as a script: evaluates a checkpoint.

python tools/test.py --help
"""

import sys

from mmremax_runtime.cli import run_command

if __name__ == '__main__':
    status = run_command('test', sys.argv[1:], 'python tools/test.py')
    if status:
        sys.exit(status)
