"""What mmdet's `init_detector` sets on a model, kept right."""

from __future__ import annotations

import copy

from mmengine.config import Config

from .class_meta import class_meta


class UnsharedConfig(Config):
    """A config whose copies share nothing with it.

    mmdet's `inference_detector` copies a model's config before it writes
    its loader of arrays into the pipeline. mmengine's copy is shallow: the
    model would read no path any more.
    """

    def copy(self) -> Config:
        """Copy all of it."""
        return copy.deepcopy(self)


class InitDetectorMixin:
    """`cfg` and `dataset_meta` of a detector with `num_classes`.

    mmdet names COCO's 80 classes where a checkpoint names none. Once both
    attributes are set, in either order, the names are those of
    `class_meta`, or its error.
    """

    @property
    def cfg(self) -> Config:
        """The config that the model was built from."""
        return self._cfg

    @cfg.setter
    def cfg(self, cfg: Config) -> None:
        self._cfg = UnsharedConfig(cfg.to_dict())
        self._name_classes()

    @property
    def dataset_meta(self) -> dict:
        """Classes and palette."""
        return self._dataset_meta

    @dataset_meta.setter
    def dataset_meta(self, meta: dict) -> None:
        self._dataset_meta = meta
        self._name_classes()

    def _name_classes(self) -> None:
        if {'_cfg', '_dataset_meta'} <= vars(self).keys():
            self._dataset_meta = class_meta(
                self._dataset_meta, self.num_classes, self._cfg
            )
