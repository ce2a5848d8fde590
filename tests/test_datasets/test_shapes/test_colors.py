"""No class of the synthetic benchmark can be told by its colour."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from mmremax.datasets.shapes.generator import (
    CATEGORIES,
    VERSIONS,
    ShapesDefinition,
    draw_sample,
)
from mmremax_runtime.segmentation import ids_to_colours

V1, VIVID = VERSIONS['v1'], VERSIONS['vivid1']


drawn = cache(draw_sample)


def colour_samples(
    definition: ShapesDefinition, split: str, num: int, labelled: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Pixels of each segment with their classes: colour bin, label.

    Or, if labelled, colours that tell the class: those of the ids.
    """
    places = {c['id']: k for k, c in enumerate(CATEGORIES)}
    bins, labels = [], []
    for index in range(num):
        image, id_map, segments, _ = drawn(definition, split, index)
        image = ids_to_colours(id_map) if labelled else image
        codes = image.astype(int) * 6 // 256 @ np.array([1, 6, 36])
        for segment in segments:
            pixels = codes[id_map == segment['id']]
            bins.append(pixels[:: max(1, len(pixels) // 40)])
            label = places[segment['category_id']]
            labels.append(np.full(len(bins[-1]), label))
    return np.concatenate(bins), np.concatenate(labels)


def colour_accuracy(
    definition: ShapesDefinition, labelled: bool = False
) -> tuple[float, float, float]:
    """Balanced accuracy of guessing class, thing or stuff, class of things.

    The guess is the most likely one given the pixel's colour, from
    frequencies on training images; validation images are guessed.
    """
    train_bins, train_labels = colour_samples(
        definition, 'train', 120, labelled
    )
    bins, labels = colour_samples(definition, 'val', 120, labelled)
    accuracies = []
    for count, group in (
        (10, np.arange(10)),
        (2, np.repeat((0, 1), (6, 4))),
        (6, np.array([0, 1, 2, 3, 4, 5, 6, 6, 6, 6])),  # 6 is left out
    ):
        known, asked = group[train_labels] < count, group[labels] < count
        seen = np.full((count, 216), 0.5)
        np.add.at(seen, (group[train_labels][known], train_bins[known]), 1)
        guess = (seen / seen.sum(1, keepdims=True)).argmax(0)[bins[asked]]
        truth = group[labels][asked]
        hits = [(guess == truth)[truth == k].mean() for k in range(count)]
        accuracies.append(np.mean(hits))
    return tuple(accuracies)


def test_colour_does_not_tell_the_class():
    """Chance is 1 / 10, 1 / 2 for thing or stuff, 1 / 6 among things."""
    by_class, by_kind, among_things = colour_accuracy(V1)
    assert by_class < 0.14
    assert by_kind < 0.55
    assert among_things < 0.2
    for accuracy in colour_accuracy(V1, labelled=True):  # the guess can work
        assert accuracy > 0.9


@pytest.mark.parametrize(
    ('definition', 'bound'),
    # Of vivid1 a cross lacks the darker of two colours.
    [(replace(V1, salience=1), 0.2), (VIVID, 0.25)],
    ids=['salient', 'vivid1'],
)
def test_colour_tells_things_from_stuff_alone(definition, bound):
    """Chance is 1 / 2 for thing or stuff, 1 / 6 among things."""
    _, by_kind, among_things = colour_accuracy(definition)
    assert by_kind > 0.75
    assert among_things < bound
