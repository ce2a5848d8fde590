"""What files in COCO-panoptic and COCO-instance format hold, as types.

The one place that says so: data set, metrics, converters and check read
files through ``annotation_parsing``.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field
from typing_extensions import NotRequired, TypedDict

from mmremax_runtime.images import MAX_PIXELS


def _inside(name: str) -> str:
    """Refuse names that leave the folder they are joined with."""
    if name[0] == '/' or '..' in name.split('/') or '://' in name:
        raise ValueError(
            'be relative, without "..": the config has the folder'
        )
    if any(ord(character) < 32 for character in name):
        raise ValueError('be without control characters')
    return name


Whole = Annotated[int, Field(strict=True)]
Text = Annotated[str, Field(strict=True, min_length=1)]
FileName = Annotated[Text, AfterValidator(_inside)]
Area = Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)]
Side = Annotated[Whole, Field(ge=1)]
Colour = Annotated[
    list[Annotated[Whole, Field(ge=0, le=255)]],
    Field(min_length=3, max_length=3),
]


def _one_of_two(value: Any) -> int | str:
    """Refuse what is neither a whole number nor a text."""
    if type(value) not in (int, str) or value == '':
        raise ValueError('be a whole number or a text')
    return value


Id = Annotated[Any, AfterValidator(_one_of_two)]


class Segment(TypedDict):
    """A segment; 0 in a PNG is void, three channels have 24 bits."""

    id: Annotated[Whole, Field(ge=1, lt=1 << 24)]
    category_id: Whole
    iscrowd: NotRequired[Literal[0, 1]]
    area: NotRequired[Area]
    bbox: NotRequired[Any]


class Entry(TypedDict):
    """The annotation of an image."""

    image_id: Id
    file_name: FileName
    segments_info: list[Segment]


class Image(TypedDict):
    """An image; more keys (a licence, say) are kept."""

    __pydantic_config__ = ConfigDict(extra='allow')

    id: Id
    file_name: FileName
    height: Side
    width: Side


def _readable(image: Image) -> Image:
    """Refuse sizes that no image may have, before maps are made of them."""
    if image['height'] * image['width'] > MAX_PIXELS:
        raise ValueError(f'have at most {MAX_PIXELS} pixels')
    return image


Images = Annotated[
    list[Annotated[Image, AfterValidator(_readable)]], Field(min_length=1)
]


class Class(TypedDict):
    """A class of instances, or of anything."""

    id: Annotated[Whole, Field(ge=0)]
    name: Text
    color: NotRequired[Colour]
    supercategory: NotRequired[Any]


class Category(Class):
    """A class of a panoptic file."""

    isthing: Literal[0, 1]


class PanopticFile(TypedDict):
    """The whole; test sets without ground truth have no `annotations`."""

    images: Images
    categories: Annotated[list[Category], Field(min_length=1)]
    annotations: NotRequired[list[Entry]]


class PredictionFile(TypedDict):
    """What `--dump` writes, and the COCO server takes."""

    annotations: list[Entry]


class Instance(TypedDict):
    """An instance: polygons or a run-length code."""

    id: NotRequired[Any]
    image_id: Id
    category_id: Whole
    segmentation: list | dict
    iscrowd: NotRequired[Literal[0, 1]]
    area: NotRequired[Area]


class InstanceFile(TypedDict):
    """A file in COCO-instance format."""

    images: Images
    categories: Annotated[list[Class], Field(min_length=1)]
    annotations: list[Instance]
