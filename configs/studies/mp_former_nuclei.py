"""MP-Former against Mask2Former on nuclei: instances.

    python tools/study.py run configs/studies/mp_former_nuclei.py \
        --data-root data/stage1_train

Arms: _base_/mp_former_arms.py; and both with 1600 steps, `long_*`: one
seed takes 25 minutes of a core: `--seeds 1 --arms 'long_*'`.
"""

from pathlib import Path as _Path
from runpy import run_path as _run_path

_shared = _run_path(_Path(__file__).parent / '_base_' / 'mp_former_arms.py')
title = 'MP-Former against Mask2Former on nuclei'
claim = _shared['claim']
paper = _shared['paper']
baseline = _shared['baseline']
metric = 'instance/AP'
seeds = 3
arms = _shared['arms_of']('nuclei', long=1600)
