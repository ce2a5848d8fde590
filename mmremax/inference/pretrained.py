"""Where a model lies, and how it is written."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

from mmdet.utils import get_test_pipeline_cfg
from mmengine.config import Config
from torch import nn

from mmremax.utils import half_weights
from mmremax.utils.checkpoint import is_training_only
from mmremax.utils.config_edits import merge_options
from mmremax.utils.load_model import load_model
from mmremax.utils.migration import read_config
from mmremax.utils.model_index import find_config, list_configs
from mmremax.utils.safe_loading import load_checkpoint
from mmremax_runtime import Classes
from mmremax_runtime.files import write_files

HOLDS_CONFIG = (half_weights.SUFFIX, '.pth')
CONFIG, WEIGHTS, CARD = 'config.json', 'model.safetensors', 'README.md'


def find_model(
    source: str | Path, checkpoint: str | Path | None
) -> tuple[Path, str]:
    """Find config and weights; see `Predictor.from_pretrained`.

    Returns:
        Both, of which the weights may be an address.
    """
    path = Path(source)
    if checkpoint is not None:
        if path.is_dir():
            raise FileNotFoundError(
                f'{source} is a folder, with weights: it takes no checkpoint.'
            )
        return find_config(source), str(checkpoint)
    if path.is_dir():
        return _of_folder(path)
    if path.suffix in HOLDS_CONFIG:
        return path, str(path)
    if path.suffix in ('.py', '.json') or str(source) in list_configs():
        raise FileNotFoundError(
            f'{source} is a config: give a checkpoint of it too.'
        )
    if str(source).count('/') == 1 and not path.exists():
        return _of_folder(_from_hub(str(source)))
    raise FileNotFoundError(
        f'{source} is no model: give a folder with {CONFIG} and {WEIGHTS}, a '
        f'{half_weights.SUFFIX} file with its config, or a config and a '
        'checkpoint.'
    )


def read_model_config(path: Path) -> Config:
    """Read a config file, or the config that a file of weights holds."""
    if not path.is_file():
        raise FileNotFoundError(f'There is no config file {path}.')
    if path.suffix == half_weights.SUFFIX:
        return half_weights.read_config(path)
    if path.suffix == '.pth':
        meta = load_checkpoint(path, 'meta').get('meta', {})
        return half_weights.parse_config(meta, path)
    return read_config(str(path))


def classes_of(model: nn.Module) -> Classes:
    """Describe the classes of a detector of `load_model`."""
    return Classes(
        names=tuple(model.dataset_meta['classes']),
        num_things=model.panoptic_fusion_head.num_things_classes,
        colours=tuple(map(tuple, model.dataset_meta['palette'])),
    )


def load_detector(
    config: Path, weights: str, device: str, options: dict
) -> nn.Module:
    """Build a detector for prediction, without its training-only branches.

    See `load_model`; the config file is read anew.
    """
    cfg = read_model_config(config)
    merge_options(cfg, options)
    model = load_model(cfg, weights, device)
    for module in model.modules():
        for name in getattr(module, 'training_only', ()):
            setattr(module, name, None)
    return model


def save_folder(
    model: nn.Module, classes: Classes, folder: str | Path
) -> Path:
    """Write a detector; see `Predictor.save_pretrained`."""
    folder = Path(folder)
    cfg = model.cfg
    config = dict(
        default_scope=cfg.get('default_scope', 'mmdet'),
        custom_imports=dict(imports=['mmremax'], allow_failed_imports=False),
        model=cfg.model.to_dict(),
        test_dataloader=dict(
            dataset=dict(
                type='PanopticDataset',  # mmdet asks it for the colours
                ann_file='',
                pipeline=[dict(step) for step in get_test_pipeline_cfg(cfg)],
            )
        ),
    )
    meta = dict(
        dataset_meta=dict(model.dataset_meta), cfg=Config(config).pretty_text
    )
    weights = {
        key: value.detach().cpu().contiguous()
        for key, value in model.state_dict().items()
        if not is_training_only(key)
    }
    paths = [folder / name for name in (CONFIG, WEIGHTS, CARD)]
    if paths[2].exists():  # someone may have filled it in
        paths.pop()
    with write_files(*paths) as (config_file, weights_file, *card_file):
        config_file.write_text(json.dumps(config, indent=1))
        weights_file.write_bytes(half_weights.sealed(weights, meta))
        for file in card_file:
            file.write_text(_card(model, classes), encoding='utf-8')
    return folder


def _of_folder(folder: Path) -> tuple[Path, str]:
    """Find what `save_folder` wrote."""
    for name in (CONFIG, WEIGHTS):
        if not (folder / name).is_file():
            raise FileNotFoundError(
                f'{folder} lacks {name}: it is no folder of save_pretrained.'
            )
    return folder / CONFIG, str(folder / WEIGHTS)


def _from_hub(name: str) -> Path:
    """Fetch a model of the hub, or take what was fetched before."""
    if find_spec('huggingface_hub') is None:
        raise FileNotFoundError(
            f'There is no folder {name}; to look for it on the hub: '
            'pip install huggingface_hub'
        )
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError

    try:
        return Path(
            snapshot_download(name, allow_patterns=[CONFIG, WEIGHTS, CARD])
        )
    except (HfHubHTTPError, OSError) as error:
        reason = str(error).strip().splitlines()[0]
        raise FileNotFoundError(
            f'There is no folder {name}, and the hub gave none: {reason}'
        ) from None


def _card(model: nn.Module, classes: Classes) -> str:
    """Write a model card, with blanks for what the weights do not know."""
    parameters = sum(
        value.numel()
        for key, value in model.named_parameters()
        if not is_training_only(key)
    )
    things = ', '.join(classes.names[: classes.num_things])
    stuff = ', '.join(classes.names[classes.num_things :])
    return f"""\
---
pipeline_tag: image-segmentation
library_name: mmremax
---
# {type(model).__name__}

Panoptic segmentation, {parameters / 1e6:.2f} M parameters.

- Things: {things or 'none'}
- Stuff: {stuff or 'none'}
- Data and its licence: to be filled in
- Training command and score: to be filled in

```python
from mmremax.inference import Predictor

result = Predictor.from_pretrained('FOLDER').predict('image.jpg')
result.draw().save('picture.png')
```
"""
