"""Video files, a frame at a time. Needs PyAV (`av`)."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import ModuleType, TracebackType

import numpy as np

from .images import ImageError

SUFFIXES = ('.mp4', '.m4v', '.mov', '.mkv')
"""Of the containers that hold H.264, which plays in browsers too."""

CONTAINERS = (
    'mov,matroska,avi,mpegts,mpeg,ogg,flv,asf,mxf,gif,yuv4mpegpipe,m4v,h264'
)
"""FFmpeg's names of what is read: files that name no others."""

TICK = Fraction(1, 90_000)  # seconds; the containers' usual unit
BT709 = 1  # FFmpeg's number of the colours of high-definition video


def import_av() -> ModuleType:
    """Import PyAV."""
    try:
        import av
    except ImportError:
        raise ImportError('video needs PyAV: pip install av') from None
    return av


class VideoReader:
    """Reads the frames of a video file.

    Args:
        path: Of the file.

    Attributes:
        rate: Frames a second, on average.
        total: Frames as the file's header says, None if it does not.
        done: Frames that were read.
        fault: Why there are no more, if the file is damaged.

    Raises:
        ImageError: It is no readable video.
    """

    def __init__(self, path: str | Path) -> None:
        self._av = import_av()
        try:
            # A playlist in a video's clothes could name other files.
            allowed = dict(
                protocol_whitelist='file', format_whitelist=CONTAINERS
            )
            self._container = self._av.open(str(path), options=allowed)
        except self._av.FFmpegError as error:
            raise ImageError(
                f'{path} is no readable video ({error.strerror}).'
            ) from None
        if not self._container.streams.video:
            raise ImageError(f'{path} holds no video.')
        self._stream = self._container.streams.video[0]
        self._stream.thread_type = 'AUTO'
        self.rate = Fraction(self._stream.average_rate or 25)
        self.total = self._stream.frames or None
        self.done = 0
        self.fault: str | None = None

    def __iter__(self) -> Iterator[tuple[np.ndarray, Fraction]]:
        """Yield frames, RGB uint8 (H, W, 3), and their times in seconds."""
        last = -1 / self.rate
        try:
            for frame in self._container.decode(self._stream):
                moment = last + 1 / self.rate
                if frame.pts is not None:
                    own = frame.pts * frame.time_base
                    moment = own if self.done == 0 or own > last else moment
                image = frame.to_ndarray(format='rgb24')
                turns = round(frame.rotation / 90)  # a phone's, upright
                yield np.ascontiguousarray(np.rot90(image, turns)), moment
                last = moment
                self.done += 1
        except self._av.FFmpegError as error:
            self.fault = error.strerror
        else:
            if self.total is not None and self.done < self.total:
                self.fault = 'cut off'

    def __enter__(self) -> VideoReader:
        return self

    def __exit__(self, *error: object) -> None:
        self._container.close()


class VideoWriter:
    """Writes frames of one size as H.264.

    An odd width or height grows by a pixel, which the format needs.

    Args:
        path: With one of SUFFIXES.
        rate: Frames a second, on average.
    """

    def __init__(self, path: str | Path, rate: Fraction) -> None:
        self._av = import_av()
        # The index comes first, so that a player starts at once.
        self._container = self._av.open(
            str(path), 'w', options={'movflags': 'faststart'}
        )
        self._stream = self._container.add_stream('libx264', rate=rate)
        self._stream.pix_fmt = 'yuv420p'
        self._stream.options = dict(preset='veryfast', crf='20')
        context = self._stream.codec_context
        context.time_base = TICK
        context.color_primaries = context.color_trc = BT709
        context.colorspace = context.color_range = BT709
        self._duration = round(1 / rate / TICK)

    def write(self, image: np.ndarray, moment: Fraction) -> None:
        """Write a frame, RGB uint8 (H, W, 3), at a time in seconds."""
        height, width = image.shape[:2]
        if height % 2 or width % 2:
            image = np.pad(
                image, ((0, height % 2), (0, width % 2), (0, 0)), 'edge'
            )
        self._stream.height, self._stream.width = image.shape[:2]
        frame = self._av.VideoFrame.from_ndarray(image, format='rgb24')
        frame = frame.reformat(
            format='yuv420p',
            dst_colorspace='ITU709',
            dst_color_range='MPEG',
        )
        frame.pts, frame.time_base = round(moment / TICK), TICK
        frame.duration = self._duration
        self._container.mux(self._stream.encode(frame))

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self._container.mux(self._stream.encode(None))
        self._container.close()
