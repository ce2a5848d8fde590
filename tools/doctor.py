"""`mmremax doctor` as a script, also for a Python without any package.

python tools/doctor.py --help
"""

import argparse
import runpy
import sys
from pathlib import Path

CODE = Path(__file__).parents[1] / 'mmremax_runtime/commands/doctor.py'

OWN_NAME = 'python tools/doctor.py'

if __name__ == '__main__':  # by its path: the package needs NumPy
    doctor = runpy.run_path(str(CODE))
    parser = argparse.ArgumentParser(
        prog=OWN_NAME,
        description=doctor['__doc__'].replace('mmremax doctor', OWN_NAME),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    doctor['add_arguments'](parser)
    sys.exit(doctor['run'](parser.parse_args()))
