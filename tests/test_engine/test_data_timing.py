"""The pipelines that are compared see the same images at the same crop."""

import numpy as np
import pytest
from mmengine.config import Config, ConfigDict
from mmengine.registry import init_default_scope

from mmremax.engine.data_timing import (
    CONFIGURED,
    PLAIN,
    STOCK,
    loaders,
    time_loaders,
)
from tests.helpers.sample_data import (
    ANN_FILE,
    DATA_PREFIX,
    needs_sample,
    sample_root,
)
from tests.test_configs import CONFIGS


@pytest.fixture(autouse=True)
def scope() -> None:
    init_default_scope('mmdet')


@needs_sample
def test_all_ways_load_the_same_images_within_the_crop() -> None:
    config = Config.fromfile(CONFIGS / 'kmax/kmax_r50_coco_50k.py')
    dataset = config.train_dataloader.dataset
    dataset.update(
        data_root=str(sample_root()),
        ann_file=ANN_FILE,
        data_prefix=ConfigDict(DATA_PREFIX),
    )
    ways = loaders(dataset, (161, 193))
    assert list(ways) == [CONFIGURED, PLAIN, STOCK]
    for index in range(4):
        samples = [load(index) for load in ways.values()]
        ids = [int(s['data_samples'].img_id) for s in samples]
        assert len(set(ids[1:])) == 1
        for sample in samples:
            height, width = sample['inputs'].shape[1:]
            assert height <= 161
            assert width <= 193
    stock = ways[STOCK](0)['data_samples']
    assert stock.gt_instances.masks.masks.shape[0] > 1
    assert stock.gt_sem_seg.sem_seg.shape[1:] == stock.img_shape[:2]
    assert dataset.pipeline[2].crop_size == (1281, 1281), 'left as it was'


def test_warmup_is_not_counted_and_turns_alternate() -> None:
    calls = []
    spent = time_loaders(
        dict(a=lambda i: calls.append(('a', i)), b=lambda i: np.ones(10**6)),
        count=2,
        warmup=1,
    )
    assert calls == [('a', 0), ('a', 1), ('a', 2)]
    assert set(spent) == {'a', 'b'}
    assert spent['b']['cpu_seconds'] > spent['a']['cpu_seconds'] >= 0
