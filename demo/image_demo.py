"""`mmremax predict` as a script, where mmdet's users look for it.

python demo/image_demo.py IMAGE CONFIG CHECKPOINT --out DIR
python demo/image_demo.py IMAGE demo/nuclei/model.safetensors --out DIR
"""

import sys

from mmremax_runtime.cli import run_command

if status := run_command('predict', sys.argv[1:], 'python demo/image_demo.py'):
    sys.exit(status)
