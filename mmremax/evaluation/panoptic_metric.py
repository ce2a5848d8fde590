"""Panoptic quality while predictions come in."""

import json
from pathlib import Path

import numpy as np
from mmdet.evaluation.functional import INSTANCE_OFFSET
from mmdet.registry import METRICS
from mmengine.logging import MMLogger
from PIL import Image
from terminaltables import AsciiTable

from mmremax.datasets.panoptic_png import replace_ids
from mmremax.utils.constants import VOID_ID
from mmremax_runtime.files import write_files, write_text
from mmremax_runtime.segmentation import ids_to_colours

from .panoptic_quality import PQCounts, average_scores, panoptic_quality
from .streaming_metric import StreamingMetric, class_table, format_score


@METRICS.register_module()
class PanopticQualityMetric(StreamingMetric):
    """Scores panoptic maps, equal to panopticapi.

    Reads `pred_panoptic_seg.sem_seg` of each sample, (1, H, W): class +
    1000 * instance for things, class for stuff, number of classes for void.

    Returns `PQ`, `SQ`, `RQ` in percent over all classes, and the same over
    things (`PQ_th`, ...) and stuff (`PQ_st`, ...). Classes that occur
    neither in the ground truth nor in a prediction do not count; an
    average over none is NaN. `class_scores` then has the three by class.

    Args:
        dump_dir: Folder for the predictions in the official format,
            `panoptic.json` and `panoptic/*.png`, as panopticapi and the
            COCO server take them. Then images without ground truth are
            dumped and not scored; scores are empty if none has any.
        json_areas: Believe the areas that the annotation file states, as
            panopticapi does, instead of counting pixels. Where they differ
            it is said.
        **kwargs: See ``StreamingMetric``.
    """

    default_prefix = 'coco_panoptic'
    without_truth = 'dump_dir (`--dump DIR`) writes the predictions only.'

    def __init__(
        self, dump_dir: str | None = None, json_areas: bool = False, **kwargs
    ) -> None:
        super().__init__(**kwargs)
        self.json_areas = json_areas
        self.dump_dir = None if dump_dir is None else Path(dump_dir)

    @property
    def needs_truth(self) -> bool:
        """Without ground truth predictions can only be dumped."""
        return self.dump_dir is None

    def score_image(self, sample: dict) -> dict:
        """Count hits and misses, write the dump."""
        id_map, labels = self._prediction(sample)
        counts, odd = self._score(sample, id_map, labels)
        entry = self._dump(sample, id_map, labels)
        return dict(counts=counts, odd=odd, entry=entry)

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """Sum up, print the tables, write the json of the dump."""
        logger = MMLogger.get_current_instance()
        if self.dump_dir is not None:
            path = self.dump_dir / 'panoptic.json'
            entries = [result['entry'] for result in results]
            write_text(path, json.dumps(dict(annotations=entries)))
            logger.info(f'Predictions in COCO-panoptic format: {path}')
        self._report_areas(
            [text for r in results for text in r['odd']], logger
        )
        scored = [r['counts'] for r in results if r['counts'] is not None]
        if not scored:
            return {}
        total = PQCounts.zeros(len(self.dataset_meta['classes']))
        for labels, *counts in scored:
            for sums, values in zip(vars(total).values(), counts, strict=True):
                sums[labels] += values
        return self._report(total, logger)

    def _prediction(self, sample: dict) -> tuple[np.ndarray, dict[int, int]]:
        """Turn the encoded prediction into ids (0 is void) and a table."""
        num_classes = len(self.dataset_meta['classes'])
        encoded = sample['pred_panoptic_seg']['sem_seg']
        encoded = encoded.squeeze(0).cpu().numpy()
        labels = {}

        def ids_of(codes: np.ndarray) -> np.ndarray:
            for code in codes.tolist():
                label = code % INSTANCE_OFFSET
                self.check_label(sample, label, num_classes + 1)  # void: last
                if label < num_classes:
                    labels[code + 1] = label
            void = codes % INSTANCE_OFFSET == num_classes
            return np.where(void, VOID_ID, codes + 1).astype(np.int32)

        return replace_ids(encoded, ids_of), labels

    def _score(
        self, sample: dict, id_map: np.ndarray, labels: dict[int, int]
    ) -> tuple[tuple[np.ndarray, ...] | None, list[str]]:
        """Count hits and misses; keep the classes that occur.

        Also says which segments have another area in the json.
        """
        if not self.needs_truth and sample.get('seg_map_path') is None:
            return None, []
        gt_map, table = self.read_truth(sample, id_map.shape)
        num_classes = len(self.dataset_meta['classes'])
        try:
            counts = panoptic_quality(
                id_map, labels, gt_map, table, num_classes, self.json_areas
            )
        except ValueError as error:
            raise ValueError(f'{sample["img_path"]}: {error}') from error
        seen = (counts.tp + counts.fp + counts.fn).nonzero()[0]
        kept = seen, *(values[seen] for values in vars(counts).values())
        pixels = np.bincount(gt_map.ravel(), minlength=1 + len(table)).tolist()
        return kept, [
            f'{sample["png_name"]}, segment {told["id"]}: area '
            f'{told["area"]:.0f} in the json, {pixels[segment["id"]]} pixels'
            for told, segment in zip(
                sample['segments_info'], table, strict=True
            )
            if told.get('area') not in (None, pixels[segment['id']])
        ]

    def _report_areas(self, odd: list[str], logger: MMLogger) -> None:
        """Warn of areas in the json that are not those of the pixels."""
        if odd:
            counted = 'json' if self.json_areas else 'pixels'
            logger.warning(
                f'{len(odd)} segments have another area in the annotation '
                f'file than in their PNGs ({odd[0]}): the {counted} counted. '
                'tools/dataset_converters/check_panoptic.py lists them.'
            )

    def _dump(
        self, sample: dict, id_map: np.ndarray, labels: dict[int, int]
    ) -> dict | None:
        """Write one PNG and return its entry of the json."""
        if self.dump_dir is None:
            return None
        name = sample['png_name']
        path = self.dump_dir / 'panoptic' / name
        with write_files(path) as (part,):
            Image.fromarray(ids_to_colours(id_map)).save(part)
        ids = self.dataset_meta['category_ids']
        table = [dict(id=i, category_id=ids[k]) for i, k in labels.items()]
        entry = dict(image_id=sample['img_id'], file_name=name)
        return dict(entry, segments_info=table)

    def _report(self, total: PQCounts, logger: MMLogger) -> dict[str, float]:
        """Print the tables and name the averages."""
        scores = total.scores()
        num_things = len(self.dataset_meta['thing_classes'])
        rows = [('', 'PQ', 'SQ', 'RQ', 'classes')]
        metrics = {}
        for name, suffix, part in (
            ('All', '', scores),
            ('Things', '_th', scores[:num_things]),
            ('Stuff', '_st', scores[num_things:]),
        ):
            means = 100 * average_scores(part)
            for key, value in zip(('PQ', 'SQ', 'RQ'), means, strict=True):
                metrics[f'{key}{suffix}'] = float(value)
            count = int((~np.isnan(part[:, 0])).sum())
            rows.append((name, *map(format_score, means), str(count)))
            if len(part) and not count:
                logger.warning(
                    f'{name}: no class occurs in the ground truth or in a '
                    'prediction; the averages are NaN.'
                )
        logger.info('Panoptic quality:\n' + AsciiTable(rows).table)
        names = self.dataset_meta['classes']
        columns = dict(zip(('PQ', 'SQ', 'RQ'), 100 * scores.T, strict=True))
        self.keep(names, columns)
        if self.classwise:
            columns['n'] = (total.tp + total.fn).tolist()
            logger.info(
                'Panoptic quality by class (n: true segments):\n'
                + class_table(names, columns)
            )
        return metrics
