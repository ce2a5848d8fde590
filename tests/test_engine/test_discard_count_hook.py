"""Discards add up, and reach the log's buffer."""

from types import SimpleNamespace

from mmdet.structures import DetDataSample
from mmengine.logging import MessageHub

from mmremax.engine.hooks import DiscardCountHook


def test_discards_add_up_and_go_on_after_resuming() -> None:
    hub = MessageHub.get_instance('test_discards')
    runner = SimpleNamespace(message_hub=hub)
    samples = [
        DetDataSample(metainfo=dict(num_discarded=2)),
        DetDataSample(metainfo=dict(num_discarded=0)),
        DetDataSample(),  # of a data set that does not count
    ]
    hook = DiscardCountHook()
    for total in (2, 4):
        hook.after_train_iter(runner, 0, dict(data_samples=samples))
        assert hub.get_scalar('train/discarded').current() == total
    resumed = MessageHub.get_instance('test_discards_resumed')
    resumed.load_state_dict(hub.state_dict())
    runner = SimpleNamespace(message_hub=resumed)
    hook.after_train_iter(runner, 0, dict(data_samples=samples))
    assert resumed.get_scalar('train/discarded').current() == 6
