"""The page as a reader meets it: in a browser, on this machine alone."""

import io
import os
import shutil
import socket
import sys
import time
import zipfile
from importlib.util import find_spec
from types import SimpleNamespace
from unittest.mock import patch
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image

from mmremax_runtime.cli import main
from mmremax_runtime.commands import serve
from mmremax_runtime.page import Page, Picture
from tests.helpers.sides import RED, Sides

CHROMIUM = shutil.which('chromium')
needs_gradio = pytest.mark.skipif(
    find_spec('gradio') is None, reason='needs gradio'
)
needs_browser = pytest.mark.skipif(
    CHROMIUM is None or find_spec('playwright') is None,
    reason='needs chromium and playwright',
)
QUIET = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run']
QUIET += ['--disable-background-networking', '--disable-component-update']
QUIET += ['--disable-sync']
MAX_BYTES = 2**16
UPLOAD = '#upload input[type=file]'


def test_without_gradio(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, 'gradio', None)
    assert main(['serve', 'model']) == 1
    says = 'mmremax serve: The page needs gradio: pip install gradio'
    assert capsys.readouterr().err == f'{says}\n'


@pytest.mark.parametrize(
    ('model', 'name'),
    [
        ('demo/nuclei/model.safetensors', 'nuclei'),
        ('remax_r50_coco', 'remax_r50_coco'),
        ('work_dirs/exported/', 'exported'),
    ],
)
def test_names_of_models(model, name):
    assert serve.model_name(model) == name


def test_a_proxy_is_not_between(monkeypatch, tmp_path):
    for name in ('NO_PROXY', 'no_proxy', 'GRADIO_TEMP_DIR'):
        monkeypatch.setenv(name, 'example.org')
    monkeypatch.setenv('GRADIO_ANALYTICS_ENABLED', 'True')
    serve.set_environment(str(tmp_path))
    assert os.environ['no_proxy'] == 'example.org,127.0.0.1,localhost'
    assert os.environ['GRADIO_ANALYTICS_ENABLED'] == 'False'
    assert os.environ['GRADIO_TEMP_DIR'] == str(tmp_path)


@needs_gradio
def test_only_uploads_are_opened(tmp_path):
    from mmremax_runtime.page_layout import Actions

    (tmp_path / 'uploads').mkdir()
    secret = tmp_path / 'secret.png'
    Image.fromarray(RED).save(secret)
    page = Page(Sides(), max_pixels=1000)
    actions = Actions(page, tmp_path / 'uploads')
    request = SimpleNamespace(session_hash='me')
    forged = tmp_path / 'uploads' / '..' / 'secret.png'
    for path in (str(secret), str(forged), '', None):
        picture, overlay, message, *_ = actions.open_upload(
            request, dict(path=path)
        )
        assert picture is overlay is None
        assert 'no upload' in message
    shutil.move(secret, tmp_path / 'uploads')
    values = actions.open_upload(
        request, dict(path=str(tmp_path / 'uploads' / 'secret.png'))
    )
    assert '6 x 4 pixels' in values[2]


@needs_gradio
def test_a_port_that_is_taken(monkeypatch, capsys):
    monkeypatch.setattr(serve, 'open_model', lambda args: Sides())
    monkeypatch.setattr(serve.signal, 'signal', lambda *handler: None)
    with patch.dict(os.environ), socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(['serve', 'model', '--port', str(port)]) == 1
    line = capsys.readouterr().err
    assert f'127.0.0.1:{port} is taken' in line
    assert '--port' in line
    assert line.count('\n') == 1


@needs_gradio
def test_no_sliders_without_thresholds(tmp_path):
    import gradio as gr

    from mmremax_runtime.page_layout import Actions, build

    sides = Sides()
    actions = Actions(Page(sides, max_pixels=1000), tmp_path)
    for fusion, number in ((sides.fusion, 5), (None, 0)):
        sides.fusion = fusion
        blocks = build(actions, 'model').blocks.values()
        sliders = [part for part in blocks if isinstance(part, gr.Slider)]
        assert len(sliders) == number


@pytest.fixture(scope='module')
def site(tmp_path_factory):
    """A page that runs, and its address."""
    from mmremax_runtime.page_layout import Actions, build, launch

    folder = tmp_path_factory.mktemp('uploads')
    sample = tmp_path_factory.mktemp('samples') / 'sample.png'
    Image.fromarray(RED).save(sample)
    page = Page(Sides(), max_pixels=10_000)
    with patch.dict(os.environ), socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
        free.close()
        serve.set_environment(str(folder))
        actions = Actions(page, folder, [sample])
        blocks = build(actions, 'halves', [Image.fromarray(RED)])
        yield page, launch(blocks, '127.0.0.1', port, MAX_BYTES)
        blocks.close(verbose=False)


@pytest.fixture(scope='module')
def browser(site):
    """The page in a tab, and the hosts that it asked."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=60_000)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=QUIET
        )
        tab = chromium.new_page()
        tab.set_default_timeout(60_000)
        hosts = set()
        tab.on(
            'request', lambda request: hosts.add(urlsplit(request.url).netloc)
        )
        tab.goto(site[1])
        yield tab, hosts
        chromium.close()


def a_file(content: bytes, name: str) -> dict:
    return dict(name=name, mimeType='image/png', buffer=content)


def png(image: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, 'png')
    return file.getvalue()


@pytest.mark.slow
@needs_gradio
@needs_browser
def test_a_picture_in_the_browser(site, browser, tmp_path):
    from playwright.sync_api import expect

    page, address = site
    tab, hosts = browser
    status, table = tab.locator('#status'), tab.locator('#table')
    overlay = tab.locator('#overlay img')
    red = np.repeat(np.repeat(RED, 10, 0), 10, 1)
    tab.set_input_files(UPLOAD, a_file(png(red), 'red.png'))
    expect(status).to_contain_text('1 segments of things, 1 of stuff')
    expect(table).to_contain_text('left')

    looks = len(page.segmenter.batches)
    tab.locator('input[type=range]').nth(1).fill('0.95')
    expect(status).to_contain_text('1 segments of things, 0 of stuff')
    tab.locator('input[type=range]').nth(1).fill('0.5')
    expect(status).to_contain_text('1 of stuff')

    before = overlay.get_attribute('src')
    tab.get_by_label('left (1)').click()
    expect(overlay).not_to_have_attribute('src', before)
    expect(table).not_to_contain_text('left')
    expect(table).to_contain_text('right')
    assert len(page.segmenter.batches) == looks

    with tab.expect_download() as download:
        tab.get_by_role('button', name='Download ids').click()
    assert download.value.suggested_filename == 'red.zip'
    with zipfile.ZipFile(download.value.path()) as archive:
        with archive.open('red_ids.png') as file:
            ids = np.asarray(Image.open(file))
        assert b'"area": 1200' in archive.read('red_ids.json')
    assert (ids[:, :30] == (1, 0, 0)).all()
    assert (ids[:, 30:] == (2, 0, 0)).all()

    tab.get_by_label('Thumbnail 1').click()
    expect(status).to_contain_text('6 x 4 pixels')
    assert hosts == {urlsplit(address).netloc}
    assert urlsplit(address).hostname == '127.0.0.1'


@pytest.mark.slow
@needs_gradio
@needs_browser
def test_the_last_event_is_what_shows(browser, monkeypatch):
    """Also where the answer to the one before takes longer."""
    from playwright.sync_api import expect

    tab, _ = browser
    tab.reload()  # another session
    status, table = tab.locator('#status'), tab.locator('#table')
    tab.set_input_files(UPLOAD, a_file(png(RED), 'red.png'))
    expect(status).to_contain_text('6 x 4 pixels')
    expect(status).to_contain_text('1 of stuff')
    delays = iter([2])
    draw = Picture.draw

    def draw_slowly(self: Picture) -> Image.Image:
        time.sleep(next(delays, 0))
        return draw(self)

    monkeypatch.setattr(Picture, 'draw', draw_slowly)
    tab.get_by_label('left (1)').click()
    tab.locator('input[type=range]').nth(1).fill('0.95')
    tab.wait_for_timeout(4000)
    expect(status).to_contain_text('0 of stuff')
    expect(table).not_to_contain_text('left')


@pytest.mark.slow
@needs_gradio
@needs_browser
def test_errors_in_the_browser(browser):
    from playwright.sync_api import expect

    tab, _ = browser
    alert = tab.locator('#status [role=alert]')
    large = png(np.zeros((200, 60), np.uint8))
    for content, says in (
        (b'hello', 'note.jpg is no readable image'),
        (large, '60 x 200 pixels, more than 10000'),
    ):
        tab.set_input_files(UPLOAD, a_file(content, 'note.jpg'))
        expect(alert).to_contain_text(says)
        expect(tab.locator('#overlay img')).to_have_count(0)
    tab.set_input_files(UPLOAD, a_file(bytes(MAX_BYTES + 1), 'note.jpg'))
    expect(tab.get_by_text('exceed the maximum')).to_be_visible()
