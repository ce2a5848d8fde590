"""A GPU that is not used is named with a remedy."""

import pytest
import torch

from mmremax.utils import gpu


def test_nothing_is_said_of_a_cpu(monkeypatch, capsys):
    monkeypatch.setattr(torch.version, 'cuda', None)
    monkeypatch.setattr(gpu.shutil, 'which', lambda name: None)
    gpu.say_gpu_note()
    assert capsys.readouterr().err == ''
    monkeypatch.setattr(gpu.shutil, 'which', lambda name: f'/bin/{name}')
    gpu.say_gpu_note()
    assert 'a build for CPUs' in capsys.readouterr().err


def test_a_driver_that_is_too_old_is_named(monkeypatch):
    def init():
        raise RuntimeError('The NVIDIA driver is too old (11040).\nUpdate')

    monkeypatch.setattr(torch.version, 'cuda', '13.0')
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    monkeypatch.setattr(torch.cuda, 'init', init)
    assert gpu.gpu_note() == (
        'Runs on the CPU: torch is built for CUDA 13.0. The NVIDIA driver is '
        'too old (11040).'
    )


@pytest.mark.parametrize('version', ['not available', '13.0'])
def test_operators_without_cuda_are_named(monkeypatch, version):
    monkeypatch.setattr(torch.version, 'cuda', '13.0')
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    monkeypatch.setattr('mmcv.ops.get_compiling_cuda_version', lambda: version)
    assert ('without CUDA' in gpu.gpu_note()) == (version == 'not available')
