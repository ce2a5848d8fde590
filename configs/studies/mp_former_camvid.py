"""MP-Former against Mask2Former on CamVid: semantic, street scenes.

    python tools/study.py run configs/studies/mp_former_camvid.py \
        --data-root data/CamVid

Arms: _base_/mp_former_arms.py.
"""

from pathlib import Path as _Path
from runpy import run_path as _run_path

_shared = _run_path(_Path(__file__).parent / '_base_' / 'mp_former_arms.py')
title = 'MP-Former against Mask2Former on CamVid'
claim = _shared['claim']
paper = _shared['paper']
baseline = _shared['baseline']
metric = 'mIoU'
seeds = 3
arms = _shared['arms_of']('camvid')
