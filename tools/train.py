"""`mmremax train` as a script: trains a model.

python tools/train.py --help
"""

import sys

from mmremax_runtime.cli import run_command

if __name__ == '__main__':
    status = run_command('train', sys.argv[1:], 'python tools/train.py')
    if status:
        sys.exit(status)
