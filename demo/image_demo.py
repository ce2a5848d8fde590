"""`mmremax predict` as a script, where mmdet's users look for it.

python demo/image_demo.py IMAGE CONFIG CHECKPOINT --out DIR
python demo/image_demo.py IMAGE demo/nuclei/model.safetensors --out DIR
"""

import sys

from mmremax_runtime.cli import run_command

if __name__ == '__main__':
    status = run_command('predict', sys.argv[1:], 'python demo/image_demo.py')
    if status:
        sys.exit(status)
