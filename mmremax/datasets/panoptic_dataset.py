"""Panoptic data set that takes its classes from the annotation file."""

from collections.abc import Callable, Sequence

from mmdet.datasets import CocoPanopticDataset
from mmdet.registry import DATASETS
from mmengine import fileio

from .annotation_file import (
    AnnotationError,
    load_annotations,
    metainfo_of,
    segment_table,
)
from .panoptic_png import check_map, png_name
from .sampler import sample_rng, seeded_globals


@DATASETS.register_module()
class PanopticDataset(CocoPanopticDataset):
    """Data in COCO-panoptic layout, of any classes.

    Names, thing or stuff, order and colours of the classes come from the
    annotation file: things first, then stuff, each in the file's order
    (COCO: 0-79 and 80-132).

    Each training sample gets a random generator of its own, `rng` in the
    pipeline's results, made from the run's seed and the sample's position
    if the sampler is ``SeededInfiniteSampler``: neither the number of
    workers nor a resumed run changes an augmentation. Transforms that use
    the global generators of NumPy and Python follow it too. Wrappers that
    compute indices (``ConcatDataset``, ``RepeatDataset``) hide the
    position; augmentation is then random, but not repeatable. `dataset` in
    the results is this data set, for transforms that mix images.

    If the pipeline returns None (see ``FilterUnlabeledCrops``), another sample
    drawn by the same generator takes the place, at most `max_refetch`
    times; `retries_left` in the results tells the pipeline, which has to
    take the last one. `num_discarded` counts the ones that were dropped.

    Args:
        ann_file: Relative to `data_root`.
        data_prefix: Folders of the images, `img`, and of the panoptic PNGs,
            `seg`, relative to `data_root`.
        metainfo: Overrides `palette` or adds keys; the classes are those of
            the file.
        filter_cfg: `filter_empty_gt` drops images without a countable
            segment, `min_size` smaller ones; in training only.
        test_mode: Neither filter nor augment nor replace samples.
    """

    METAINFO: dict = {}

    def __init__(
        self,
        ann_file: str,
        data_root: str | None = None,
        data_prefix: dict | None = None,
        pipeline: Sequence[dict | Callable] = (),
        metainfo: dict | None = None,
        filter_cfg: dict | None = None,
        indices: int | Sequence[int] | None = None,
        serialize_data: bool = True,
        test_mode: bool = False,
        lazy_init: bool = False,
        max_refetch: int = 10,
        backend_args: dict | None = None,
    ) -> None:
        super().__init__(
            ann_file=ann_file,
            data_root=data_root,
            data_prefix=data_prefix or dict(img='', seg=''),
            pipeline=list(pipeline),
            metainfo=metainfo,
            filter_cfg=filter_cfg,
            indices=indices,
            serialize_data=serialize_data,
            test_mode=test_mode,
            lazy_init=lazy_init,
            max_refetch=max_refetch,
            backend_args=backend_args,
        )

    @property
    def metainfo(self) -> dict:
        """Names and colours; with `lazy_init` too, where the file is there.

        mmdet's `init_detector` asks so for the colours.
        """
        is_known = self._fully_initialized or 'classes' in self._metainfo
        if not is_known and fileio.exists(self.ann_file, self.backend_args):
            content = load_annotations(self.ann_file, self.backend_args)
            self._set_classes(metainfo_of(content['categories']))
        return super().metainfo

    def load_data_list(self) -> list[dict]:
        """Read the annotation file; see ``_data_info``."""
        content = load_annotations(self.ann_file, self.backend_args)
        self._set_classes(metainfo_of(content['categories']))
        self._check_folders(with_maps=bool(content['annotations']))
        if not content['annotations'] and not self.test_mode:
            raise AnnotationError(
                f'{self.ann_file} has no "annotations" to train with.'
            )
        self.digest = content['digest']
        entries = {a['image_id']: a for a in content['annotations']}
        images = content['images']
        return [self._data_info(i, entries.get(i['id'])) for i in images]

    @property
    def has_truth(self) -> bool:
        """Whether the annotation file has annotations."""
        return self.get_data_info(0)['segments_info'] is not None

    def check_files(self) -> None:
        """Raise unless the files of all images are there, PNGs of their kind.

        Looks at the headers of the PNGs; for what is scored, before the
        first image. Sizes and formats are ImageErrors.
        """
        for info in map(self.get_data_info, range(len(self))):
            path = info['seg_map_path']
            if path is not None:
                shape = info['height'], info['width']
                check_map(
                    path, 'check data_prefix["seg"].', shape, self.backend_args
                )
            if not fileio.exists(info['img_path'], self.backend_args):
                raise FileNotFoundError(
                    f'{info["img_path"]} does not exist: check '
                    'data_prefix["img"] and data_root.'
                )

    def filter_data(self) -> list[dict]:
        """Drop images by `filter_cfg`; an empty rest is an error."""
        data_list = self.data_list
        if self.filter_cfg and not self.test_mode:
            min_size = self.filter_cfg.get('min_size', 0)
            drop_empty = self.filter_cfg.get('filter_empty_gt', False)
            data_list = [
                info
                for info in data_list
                if min(info['height'], info['width']) >= min_size
                and not (
                    drop_empty
                    and all(s['iscrowd'] for s in info['segments_info'])
                )
            ]
        if not data_list:
            raise AnnotationError(
                f'{self.ann_file}: filter_cfg={self.filter_cfg} leaves none '
                f'of {len(self.data_list)} images.'
            )
        return data_list

    def __getitem__(self, index: int) -> dict:
        """Load a sample, by plain index or ``SampleKey``, and pack it."""
        if self.test_mode:
            return super().__getitem__(index)
        if not self._fully_initialized:
            self.full_init()
        rng = sample_rng(index)
        with seeded_globals(rng):
            for num_discarded in range(self.max_refetch + 1):
                results = self.get_data_info(int(index))
                results['rng'] = rng
                results['dataset'] = self
                results['num_discarded'] = num_discarded
                results['retries_left'] = self.max_refetch - num_discarded
                packed = self.pipeline(results)
                if packed is not None:
                    return packed
                index = rng.integers(len(self))
        raise RuntimeError(
            f'{self.ann_file}: the pipeline returned None for '
            f'{self.max_refetch + 1} samples. A transform drops samples '
            'without heeding results["retries_left"].'
        )

    def _set_classes(self, found: dict) -> None:
        """Merge the file's classes with the config's metainfo."""
        for key in ('classes', 'thing_classes', 'stuff_classes'):
            given = self._metainfo.get(key)
            if given is not None and tuple(given) != found[key]:
                raise AnnotationError(
                    f'{self.ann_file} has other {key} than metainfo of the '
                    'config: leave them out there, the file decides.'
                )
        self._metainfo = found | self._metainfo
        self.cat_ids = list(found['category_ids'])
        self.cat2label = {c: label for label, c in enumerate(self.cat_ids)}

    def _check_folders(self, with_maps: bool) -> None:
        """Raise if a folder is missing, before any worker starts."""
        for key in ('img', 'seg') if with_maps else ('img',):
            folder = self.data_prefix.get(key)
            if folder is None:
                raise AnnotationError(f'data_prefix lacks the key "{key}".')
            if self.backend_args is None and not fileio.isdir(folder or '.'):
                raise FileNotFoundError(
                    f'{folder} is no folder: set data_prefix["{key}"] and '
                    'data_root of the data set, or give --data-root.'
                )

    def _data_info(self, image: dict, entry: dict | None) -> dict:
        """Describe one image, as the transforms and the metric read it.

        `file_name` and `png_name` of annotation or prediction are relative.
        Without ground truth `seg_map_path` and `segments_info` are None.
        """
        info = dict(img_id=image['id'], seg_map_path=None, segments_info=None)
        info['img_path'] = self._join('img', image['file_name'])
        info['file_name'] = image['file_name']
        info['png_name'] = png_name(image['file_name'])
        info.update(height=image['height'], width=image['width'])
        if entry is not None:
            info['png_name'] = entry['file_name']
            info['seg_map_path'] = self._join('seg', entry['file_name'])
            info['segments_info'] = segment_table(
                entry['segments_info'],
                self.cat2label,
                len(self._metainfo['thing_classes']),
            )
        return info

    def _join(self, key: str, file_name: str) -> str:
        """Join a file name of the annotation file with its folder."""
        folder = self.data_prefix[key]
        return fileio.join_path(folder, file_name) if folder else file_name
