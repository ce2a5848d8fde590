"""A small ReMaX, EfficientNet-Lite0, on nuclei (BBBC038), for a CPU.

    python tools/train.py configs/small/remax_lite0_nuclei.py

Its baseline is kmax_lite0_nuclei.py. PQ: README.md.
"""

_base_ = [
    './kmax_lite0_nuclei.py',
    '../_base_/overlays/remax_small.py',
]
model = _base_.remax
