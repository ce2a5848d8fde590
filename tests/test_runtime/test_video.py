"""Video files: times, sizes, damage. Needs PyAV."""

import json
import signal
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmremax_runtime.cli import main
from mmremax_runtime.commands import video as command
from mmremax_runtime.images import ImageError
from mmremax_runtime.video import VideoReader, VideoWriter
from tests.helpers.halves import Halves
from tests.helpers.hostile import serve
from tests.helpers.scripts import ROOT

av = pytest.importorskip('av')

RATE = Fraction(30000, 1001)


@pytest.fixture
def frames():
    """A bright square that walks over a dark ground, 1 pixel a frame."""
    frames = np.full((6, 48, 64, 3), 20, np.uint8)
    for number, frame in enumerate(frames):
        frame[10:30, 10 + number : 30 + number] = 230
    return frames


def write(path: Path, frames: np.ndarray, moments=None) -> Path:
    with VideoWriter(path, RATE) as writer:
        for number, frame in enumerate(frames):
            writer.write(frame, moments[number] if moments else number / RATE)
    return path


@pytest.fixture
def source(tmp_path, frames):
    return write(tmp_path / 'in.mp4', frames)


@pytest.fixture
def halves(monkeypatch):
    monkeypatch.setattr(command, 'open_model', lambda args: Halves())
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def test_frames_times_and_colours_are_kept(source, frames):
    with VideoReader(source) as reader:
        read = list(reader)
    assert (reader.rate, reader.total, reader.fault) == (RATE, 6, None)
    images, moments = zip(*read, strict=True)
    for number, moment in enumerate(moments):
        assert abs(moment - number / RATE) < 1e-4
    assert np.abs(np.int16(images) - frames).mean() < 4
    capture = cv2.VideoCapture(str(source))
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) == 6
    assert capture.get(cv2.CAP_PROP_FPS) == pytest.approx(float(RATE))


def test_uneven_times_are_kept(tmp_path, frames):
    moments = [Fraction(n, 100) for n in (0, 3, 4, 30, 35, 60)]
    with VideoReader(write(tmp_path / 'a.mp4', frames, moments)) as reader:
        for moment, (_, found) in zip(moments, reader, strict=True):
            assert abs(moment - found) < 1e-4


def test_an_odd_side_grows_by_a_pixel(tmp_path, frames):
    with VideoReader(write(tmp_path / 'a.mkv', frames[:, 1:, 1:])) as reader:
        assert {image.shape for image, _ in reader} == {(48, 64, 3)}


def test_a_turned_video_is_upright(source, tmp_path):
    """As OpenCV shows it: the matrix of the header turns by a quarter."""
    content = bytearray(source.read_bytes())
    start = content.index(b'tkhd') + 44
    one = 1 << 16
    matrix = [0, one, 0, -one, 0, 0, 48 * one, 0, 1 << 30]
    content[start : start + 36] = b''.join(
        value.to_bytes(4, 'big', signed=True) for value in matrix
    )
    path = tmp_path / 'turned.mp4'
    path.write_bytes(content)
    with VideoReader(path) as reader:
        (image, _), *_ = reader
    _, expected = cv2.VideoCapture(str(path)).read()
    assert image.shape == expected.shape == (64, 48, 3)
    assert np.abs(np.int16(image) - expected[..., ::-1]).mean() < 4


def test_a_video_is_segmented(source, tmp_path, halves, capsys):
    out = tmp_path / 'new' / 'out.mp4'
    arguments = ['video', str(source), str(out), 'model', '--json']
    assert main([*arguments, '--batch-size', '4']) == 0
    lines = list(map(json.loads, capsys.readouterr().out.splitlines()))
    assert [line['frame'] for line in lines] == list(range(6))
    assert lines[3]['time'] == pytest.approx(3 / float(RATE), abs=1e-4)
    for number, line in enumerate(lines):
        thing = next(s for s in line['segments'] if s['isthing'])
        expected = (10 + number, 10, 30 + number, 30)
        assert np.abs(np.subtract(thing['box'], expected)).max() <= 2
        assert thing['track'] == next(
            s['track'] for s in lines[0]['segments'] if s['isthing']
        )
    with VideoReader(out) as reader:
        images = [image for image, _ in reader]
    assert len(images) == 6
    red, blue = images[5][20, 25], images[5][40, 50]
    assert red[0] > red[2] + 50
    assert blue[2] > blue[0] + 50
    assert [path.name for path in out.parent.iterdir()] == ['out.mp4']


def test_a_damaged_video_gives_what_it_holds(tmp_path, halves, capsys):
    noise = np.random.default_rng(0).integers(0, 256, (30, 48, 64, 3))
    source = write(tmp_path / 'in.mp4', noise.astype(np.uint8))
    content = source.read_bytes()
    source.write_bytes(content[: len(content) // 2])
    out = tmp_path / 'out.mp4'
    assert main(['video', str(source), str(out), 'model']) == 1
    assert 'of 30 frames: ' in capsys.readouterr().err
    with VideoReader(out) as reader:
        assert 5 < len(list(reader)) < 25


@pytest.mark.parametrize(
    ('name', 'out', 'says'),
    [
        ('missing.mp4', 'out.mp4', 'missing.mp4 is no readable video (No'),
        ('text.mp4', 'out.mp4', 'text.mp4 is no readable video (Invalid'),
        ('empty.mp4', 'out.mp4', 'empty.mp4 is no readable video'),
        ('in.mp4', 'out.webm', 'OUT ends with one of .mp4'),
        ('in.mp4', 'in.mp4', 'in.mp4 is what this command reads'),
        ('in.mp4', 'text.mp4/out.mp4', 'text.mp4 cannot be made: File'),
        ('in.mp4', '/proc/out.mp4', 'out.mp4 cannot be written: No'),
    ],
)
def test_errors_are_one_line(
    name, out, says, source, tmp_path, monkeypatch, halves, capsys
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'empty.mp4').touch()
    (tmp_path / 'text.mp4').write_text('hello')
    before = {p: p.read_bytes() for p in tmp_path.iterdir()}
    try:
        assert main(['video', name, out, 'model']) == 1
        text = capsys.readouterr().err
    except SystemExit as left:
        text = str(left.code)
    assert says in text
    assert text.strip().count('\n') == 0
    assert {p: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_only_the_file_itself_is_read(source, tmp_path):
    """Not another host, nor what a playlist with a video's name lists."""
    (tmp_path / 'list.mp4').write_text('ffconcat version 1.0\nfile in.mp4\n')
    with serve(tmp_path) as address:
        for path in (tmp_path / 'list.mp4', f'{address}/in.mp4'):
            with pytest.raises(ImageError, match='no readable video'):
                VideoReader(path)


KILLED = """
import os, signal, sys
from mmremax_runtime.cli import main
from mmremax_runtime.commands import video
from tests.helpers.halves import Halves
class Killed(Halves):
    def look(self, images):
        self.seen = getattr(self, 'seen', 0) + 1
        if self.seen == 4:
            os.kill(os.getpid(), signal.SIGTERM)
        return super().look(images)
video.open_model = lambda args: Killed()
sys.exit(main(['video', sys.argv[1], sys.argv[2], 'model']))
"""


def test_a_kill_leaves_no_file(source, tmp_path):
    out = tmp_path / 'out' / 'out.mp4'
    run = subprocess.run(
        [sys.executable, '-c', KILLED, source, out],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 143, run.stderr
    assert list(out.parent.iterdir()) == []


def test_the_missing_package_is_named(source, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, 'av', None)
    assert main(['video', str(source), 'out.mp4', 'model']) == 1
    assert 'pip install av' in capsys.readouterr().err
