"""The five arms of the studies remax_{nuclei,camvid,coco-coarse}.py.

`kmax` and `sigmoid` are without ReMaX, which has sigmoid masks as published
unless its title says otherwise. `semantic` trains the semantic branch and
relaxes nothing with it.
"""

_head = 'model.panoptic_head.'
_mask = _head + 'mask_loss.loss_mask.'
_sigmoid = {_mask + 'activation': 'sigmoid', _mask + 'start_as_softmax': True}
_softmax = {
    _mask + 'activation': 'softmax',
    _mask + 'start_as_softmax': False,
}
_unrelaxed = {
    _head + 'mask_loss.gain': 0.0,
    _head + 'assigner.eta': 0.0,
}
_arms = dict(
    kmax=('kMaX (softmax masks)', 'kmax', {}),
    sigmoid=('kMaX, sigmoid masks', 'kmax', _sigmoid),
    semantic=(
        'semantic branch alone, softmax masks',
        'remax',
        _softmax | _unrelaxed,
    ),
    remax=('ReMaX', 'remax', {}),
    remax_softmax=('ReMaX, softmax masks', 'remax', _softmax),
)


def arms_of(data: str) -> dict[str, dict]:
    """Name the configs of one data set."""
    return {
        name: dict(
            title=title,
            config=f'../small/{method}_lite0_{data}.py',
            options=options,
        )
        for name, (title, method, options) in _arms.items()
    }
