"""A small ReMaX on vivid shapes: the training of the quickstart.

    make quickstart

It draws the data, runs this study and makes the report of it:
configs/quickstart/README.md.
"""

title = 'Quickstart'
claim = 'None: it shows training, scores and report within minutes.'
paper = 'none'
baseline = 'remax'
seeds = 1
arms = dict(
    remax=dict(title='ReMaX', config='../quickstart/remax_mnv3-s_shapes.py')
)
