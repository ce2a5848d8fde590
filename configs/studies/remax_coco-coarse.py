"""ReMaX against kMaX on coarse COCO: photographs, a small network.

    python tools/study.py run configs/studies/remax_coco-coarse.py \
        --data-root data/coco

Arms: _base_/remax_arms.py.
"""

from pathlib import Path as _Path
from runpy import run_path as _run_path

title = 'ReMaX against kMaX on coarse COCO'
claim = 'ReMaX ends higher than kMaX at equal iterations (+3.6 PQ on COCO).'
paper = 'Fig. 4'
baseline = 'kmax'
seeds = 3
_shared = _run_path(_Path(__file__).parent / '_base_' / 'remax_arms.py')
arms = _shared['arms_of']('coco-coarse')
