"""Segment a video: draw the segments over its frames.

Examples:
    mmremax video street.mp4 segments.mp4 exported/
    mmremax video street.mp4 segments.mp4 CONFIG CHECKPOINT --json > all.jsonl

Needs PyAV (`pip install av`). Writes H.264 without sound, at the times and
the size of the source (an odd side grows by a pixel); OUT appears when it is
whole. A segment keeps its colour while it overlaps itself in the frame
before.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import islice
from pathlib import Path

import numpy as np

from ..files import check_outputs, write_files
from ..images import ImageError
from ..opening import add_model, count, open_model
from ..progress import progress
from ..segmentation import Segmentation
from ..segmenter import Segmenter
from ..tracks import Tracker
from ..video import SUFFIXES, VideoReader, VideoWriter


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.add_argument(
        'source', type=Path, metavar='IN', help='whatever FFmpeg reads'
    )
    parser.add_argument(
        'out', type=Path, metavar='OUT', help=', '.join(SUFFIXES)
    )
    add_model(parser)
    parser.add_argument(
        '--json',
        action='store_true',
        help='also print a line of json for each frame: its number from 0, '
        'its time in seconds and its segments, of which `track` stays the '
        'same from frame to frame',
    )
    parser.add_argument(
        '--batch-size', type=count, default=1, metavar='N', help='(1)'
    )


def run(args: argparse.Namespace) -> int:
    """Read, segment, draw and write frame by frame."""
    if args.out.suffix.lower() not in SUFFIXES:
        sys.exit(f'{args.out}: OUT ends with one of {", ".join(SUFFIXES)}.')
    check_outputs(args.out, reads=[args.source])
    # The part of a file that is there is removed, as at Ctrl-C.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with (
        VideoReader(args.source) as reader,
        write_files(args.out) as (part,),
    ):
        segmenter = open_model(args)
        tracker = Tracker()
        results = segment_frames(segmenter, reader, args.batch_size)
        results = progress(results, reader.total, 'frames')
        with VideoWriter(part, reader.rate) as writer:
            for number, (result, moment) in enumerate(results):
                tracks = tracker.follow(result)
                instances = [track.instance for track in tracks]
                picture = result.draw(instances=instances)
                writer.write(np.asarray(picture), moment)
                if args.json:
                    values = result.to_dict()
                    for segment, track in zip(
                        values['segments'], tracks, strict=True
                    ):
                        segment['track'] = track.number
                    del values['source']
                    line = dict(frame=number, time=float(moment), **values)
                    print(json.dumps(line), flush=True)
            if reader.done == 0:
                reason = reader.fault or 'no frames'
                raise ImageError(f'{args.source} is empty: {reason}.')
    if not args.json:
        print(f'video       {args.out}  frames: {reader.done}')
    if reader.fault is not None:
        print(
            f'{args.source} ends after {reader.done} of {reader.total} '
            f'frames: {reader.fault}.',
            file=sys.stderr,
        )
        return 1
    return 0


def segment_frames(
    segmenter: Segmenter,
    frames: Iterable[tuple[np.ndarray, Fraction]],
    batch_size: int,
) -> Iterator[tuple[Segmentation, Fraction]]:
    """Segment frames batch by batch; their times pass through."""
    frames = iter(frames)
    while batch := list(islice(frames, batch_size)):
        images, moments = zip(*batch, strict=True)
        yield from zip(segmenter.segment(images), moments, strict=True)
