"""mmdet's `DetInferencer` for the models of this package."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import mmengine
import numpy as np
from mmdet.apis import DetInferencer
from mmdet.evaluation.functional import INSTANCE_OFFSET
from mmdet.structures import DetDataSample
from mmdet.utils import get_test_pipeline_cfg
from mmdet.visualization import get_palette
from mmengine.config import Config, ConfigDict
from mmengine.dataset import Compose, pseudo_collate
from mmengine.structures import PixelData
from mmengine.visualization import Visualizer
from torch import nn

from mmremax.utils.load_model import load_model
from mmremax_runtime import Segmentation
from mmremax_runtime.images import list_images

from .pretrained import classes_of, find_model, read_model_config

Input = str | Path | np.ndarray


class PanopticInferencer(DetInferencer):
    """Predicts, draws and writes files, with the calls of `DetInferencer`.

    What is other than mmdet's: the weights have to be there and to fit, and
    the classes to have names; images are read as in testing; arrays, BGR,
    are drawn in their own colours; a folder is read in order of name; in a
    picture each instance has a shade of its own; predictions say in
    `segments_info` which segments there are.

    Args:
        model: A config, by path or by name in model-index.yml; a folder of
            `save_pretrained`, published weights or an id on the hub, which
            need no `weights`.
        weights: Checkpoint of the config.
        device: As torch names it; default CUDA where there is one.
        scope: Registries in which components are looked for first.
        palette: `random`, or `none` for the colours of the checkpoint.
        show_progress: Whether to show a bar.
    """

    def __init__(
        self,
        model: str | Path | Config | None = None,
        weights: str | Path | None = None,
        device: str | None = None,
        scope: str = 'mmdet',
        palette: str = 'none',
        show_progress: bool = True,
    ) -> None:
        if not isinstance(model, dict | Config):
            source = weights if model is None else model
            config, weights = find_model(
                source, None if model is None else weights
            )
            model = read_model_config(config)
        super().__init__(model, weights, device, scope, palette, show_progress)

    def __call__(
        self, inputs: Input | Sequence[Input], *args: object, **options: object
    ) -> dict:
        """Predict; see `DetInferencer`.

        Raises:
            ValueError: With `out_dir`, two files would have one name.
        """
        inputs = self._inputs_to_list(inputs)
        if options.get('out_dir'):
            stems = [Path(i).stem for i in inputs if isinstance(i, str)]
            twice = [name for name, n in Counter(stems).items() if n > 1]
            if twice:
                raise ValueError(
                    f'Several images are named {twice[0]}: their predictions '
                    'would overwrite each other. Give each an out_dir of its '
                    'own.'
                )
        return super().__call__(inputs, *args, **options)

    def _init_model(
        self, cfg: Config, weights: str | None, device: str = 'cpu'
    ) -> nn.Module:
        if weights is None:
            raise ValueError('There are no weights: give a checkpoint.')
        model = load_model(cfg, str(weights), device)
        if self.palette != 'none':
            model.dataset_meta['palette'] = get_palette(
                self.palette, len(model.dataset_meta['classes'])
            )
        self.classes = classes_of(model)
        return model

    def _init_pipeline(self, cfg: Config) -> Compose:
        steps = copy.deepcopy(get_test_pipeline_cfg(cfg))
        if steps[0]['type'] != 'LoadPanopticImage':
            return super()._init_pipeline(copy.deepcopy(cfg))
        return Compose([_as_results, *steps])

    def _init_collate(self, cfg: Config) -> Callable:
        return pseudo_collate

    def _init_visualizer(self, cfg: Config) -> Visualizer:
        visualizer = dict(type='PanopticVisualizer')
        return super()._init_visualizer(ConfigDict(visualizer=visualizer))

    def _inputs_to_list(
        self, inputs: Input | Sequence[Input]
    ) -> list[str | np.ndarray]:
        if not isinstance(inputs, list | tuple):
            is_folder = (
                isinstance(inputs, str | Path) and Path(inputs).is_dir()
            )
            inputs = list_images(inputs) if is_folder else [inputs]
        return [str(i) if isinstance(i, Path) else i for i in inputs]

    def forward(self, inputs: dict, **options: object) -> list[DetDataSample]:
        """Predict a batch; only images of one size go together.

        Padded to the size of another, an image would get another result.
        """
        groups: dict[tuple, list[int]] = {}
        for number, image in enumerate(inputs['inputs']):
            groups.setdefault(tuple(image.shape), []).append(number)
        results = {}
        for numbers in groups.values():
            part = {k: [v[n] for n in numbers] for k, v in inputs.items()}
            found = super().forward(part, **options)
            results.update(zip(numbers, found, strict=True))
        return [results[number] for number in sorted(results)]

    def visualize(
        self,
        inputs: Sequence[str | np.ndarray],
        preds: list[DetDataSample],
        **options: object,
    ) -> list[np.ndarray] | None:
        """Draw; see `DetInferencer`. Pictures are RGB, arrays are BGR."""
        inputs = [i if isinstance(i, str) else i[..., ::-1] for i in inputs]
        return super().visualize(inputs, preds, **options)

    def pred2dict(
        self, data_sample: DetDataSample, pred_out_dir: str = ''
    ) -> dict:
        """Make plain values, and files of them; see `DetInferencer`.

        In mmdet's map void is 0. Stuff of class 0 is 1000 here, since it
        would be 0 too; ids modulo 1000 are classes as everywhere.
        """
        sample = data_sample.clone()
        if sample.get('img_path', '') is None:
            del sample.img_path  # mmdet numbers what has none
        if 'pred_panoptic_seg' not in sample:
            return super().pred2dict(sample, pred_out_dir)
        panoptic = sample.pred_panoptic_seg.cpu()
        ids = panoptic.sem_seg.clone()
        ids[ids == 0] = INSTANCE_OFFSET
        sample.pred_panoptic_seg = PixelData(sem_seg=ids)
        result = super().pred2dict(sample, pred_out_dir)
        found = Segmentation.from_mmdet(
            panoptic.sem_seg[0].numpy(),
            panoptic.get('segments'),
            self.classes,
        )
        numbers, places = np.unique(found.ids, return_index=True)
        id_of = dict(zip(numbers, ids.numpy().flat[places], strict=True))
        result['segments_info'] = [
            dict(info, id=int(id_of[info['id']]))
            for info in found.segments_info()
        ]
        if path := result.get('panoptic_seg_path'):
            stem = path.removesuffix('_panoptic_seg.png')
            mmengine.dump(result, f'{stem}.json')
        return result


def _as_results(source: str | np.ndarray | dict) -> dict:
    """Make of an input what the first transform reads."""
    if isinstance(source, dict):
        return source
    key = 'img' if isinstance(source, np.ndarray) else 'img_path'
    return {key: source}
