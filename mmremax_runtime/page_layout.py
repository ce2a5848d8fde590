"""How the page of `mmremax serve` looks: gradio's components and events."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path

import gradio as gr
from PIL import Image

from .images import ImageError
from .merge import FusionConfig
from .page import NoPictureError, Page, Picture, heading

CSS = """
.gradio-container {max-width: 1240px !important; margin: 0 auto !important}
#samples .grid-wrap {height: auto; min-height: 0; max-height: 190px}
#samples .grid-container {padding: 8px; gap: 8px;
  grid-template-rows: none; grid-auto-rows: 64px;
  grid-template-columns: repeat(auto-fill, minmax(60px, 1fr))}
#samples .gallery-item, #samples .thumbnail-item {height: 64px; width: 100%}
#status [role=alert] {color: #b91c1c; font-weight: 600}
#table .swatch {display: inline-block; width: 1em; height: 1em;
  border-radius: 3px; vertical-align: -0.15em}
"""
FONT = ['system-ui', 'sans-serif']  # the reader's; none is fetched
HEADERS = ['id', '', 'class', 'kind', 'score', 'area', 'box (x1, y1, x2, y2)']
CLICK = "() => setTimeout(() => document.querySelector('#zip').click(), 100)"


class Actions:
    """What the events do: values of the components, in their order.

    Args:
        page: Holds the pictures.
        uploads: The folder in which gradio keeps files.
        samples: Files on this machine.
    """

    def __init__(
        self, page: Page, uploads: str | Path, samples: Sequence[Path] = ()
    ) -> None:
        self.page = page
        self.uploads = Path(uploads).resolve()
        self.samples = samples

    def open_upload(
        self, request: gr.Request, payload: dict, *values: float
    ) -> list:
        """Open what was dropped; the picture is shown as it was read."""
        path = Path(payload.get('path') or '').resolve()
        if not path.is_relative_to(self.uploads):  # a forged request
            return [None, *nothing('That is no upload.')]
        return self._open(request, path, values)

    def open_sample(
        self, event: gr.SelectData, request: gr.Request, *values: float
    ) -> list:
        """Open the sample that was clicked."""
        return self._open(request, self.samples[event.index], values)

    def settle(self, request: gr.Request, *values: float) -> list | dict:
        """Apply sliders that were moved while a picture was opened."""
        thresholds = self._thresholds(values)
        if self.page.is_set_to(request.session_hash, thresholds):
            return gr.skip()
        return self.adjust(request, *values)

    def adjust(self, request: gr.Request, *values: float) -> list:
        """Apply the sliders."""
        thresholds = self._thresholds(values)
        return view_of(self.page.adjust, request.session_hash, thresholds)

    def show(self, request: gr.Request, labels: list[int]) -> list:
        """Apply the ticks of the classes."""
        return view_of(self.page.show, request.session_hash, labels)

    def save(self, request: gr.Request) -> str:
        """Write the files to download."""
        folder = Path(tempfile.mkdtemp(dir=self.uploads))
        return str(self.page.picture(request.session_hash).save(folder))

    def clear(self, request: gr.Request) -> list:
        """Forget the picture."""
        self.page.close(request.session_hash)
        return nothing()

    def leave(self, request: gr.Request) -> None:
        """Forget the picture of a page that was closed."""
        self.page.close(request.session_hash)

    def _open(
        self, request: gr.Request, path: Path, values: Sequence[float]
    ) -> list:
        session, thresholds = request.session_hash, self._thresholds(values)
        try:
            picture = self.page.open(
                session, path.read_bytes(), path.name, thresholds
            )
        except (ImageError, OSError) as error:
            return [None, *nothing(str(error))]
        return [picture.preview(), *view(picture)]

    def _thresholds(self, values: Sequence[float]) -> dict[str, float]:
        """Name the sliders' values; there are none without a merge."""
        return dict(zip(SLIDERS, values, strict=True)) if values else {}


def build(
    actions: Actions, name: str, thumbnails: Sequence[Image.Image] = ()
) -> gr.Blocks:
    """Lay the page out, with the model's name and pictures of the samples."""
    fusion = actions.page.segmenter.fusion
    with gr.Blocks(
        title=f'mmremax: {name}',
        analytics_enabled=False,
        delete_cache=(600, 3600),
        fill_width=True,
    ) as blocks:
        gr.Markdown(heading(actions.page.segmenter.classes, name))
        with gr.Row():
            with gr.Column(scale=2, min_width=320):
                upload = gr.Image(
                    label='Picture',
                    type='filepath',
                    sources=['upload', 'clipboard'],
                    height=250,
                    buttons=[],
                    elem_id='upload',
                )
                samples = gr.Gallery(
                    list(thumbnails),
                    label='Samples',
                    show_label=False,
                    height='auto',
                    object_fit='cover',
                    allow_preview=False,
                    buttons=[],
                    elem_id='samples',
                    visible=bool(thumbnails),
                )
                sliders = make_sliders(fusion) if fusion else []
            with gr.Column(scale=3, min_width=420):
                overlay = gr.Image(
                    label='Segments',
                    show_label=False,
                    interactive=False,
                    format='jpeg',
                    height=520,
                    buttons=['fullscreen'],
                    elem_id='overlay',
                )
                status = gr.HTML(elem_id='status')
                classes = gr.CheckboxGroup(label='Classes shown', choices=[])
                table = gr.Dataframe(
                    headers=HEADERS,
                    datatype=['number', 'html', 'str', 'str']
                    + ['number', 'number', 'str'],
                    interactive=False,
                    max_height=300,
                    buttons=['copy'],
                    elem_id='table',
                )
                save = gr.Button(
                    'Download ids (PNG), segments (json), picture',
                    variant='primary',
                    size='md',
                    interactive=False,
                )
                file = gr.DownloadButton(visible='hidden', elem_id='zip')
        shown = [overlay, status, classes, table, save]
        private = dict(api_visibility='private')
        # One after the other: an answer never covers that to a later event.
        at_once = dict(
            trigger_mode='always_last',
            show_progress='hidden',
            concurrency_id='changes',
            **private,
        )
        opened = [
            upload.upload(
                actions.open_upload,
                [upload, *sliders],
                [upload, *shown],
                preprocess=False,  # the file as it is, not as gradio reads it
                **private,
            ),
            samples.select(
                actions.open_sample, sliders, [upload, *shown], **private
            ),
        ]
        upload.clear(actions.clear, None, shown, **private)
        if sliders:
            moved = [slider.change for slider in sliders]
            gr.on(moved, actions.adjust, sliders, shown, **at_once)
            for event in opened:
                event.then(actions.settle, sliders, shown, **at_once)
        classes.input(actions.show, classes, shown, **at_once)
        save.click(actions.save, None, file, **private).then(None, js=CLICK)
        blocks.unload(actions.leave)
    return blocks


def launch(blocks: gr.Blocks, host: str, port: int, max_bytes: int) -> str:
    """Start to serve, in threads of its own; give the address.

    Raises:
        OSError: The port is taken, or the host is not this machine's.
    """
    _, address, _ = blocks.launch(
        server_name=host,
        server_port=port,
        max_file_size=max_bytes,
        theme=gr.themes.Default(primary_hue='teal', font=FONT),
        css=CSS,
        show_error=True,
        share=False,
        quiet=True,
        prevent_thread_lock=True,
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
    )
    return address


SLIDERS = {
    'thing_threshold': ('Thing', 'class probability that a thing needs'),
    'stuff_threshold': ('Stuff', 'class probability that stuff needs'),
    'overlap_threshold': ('Overlap', 'part of a mask that must be free'),
    'min_thing_area': ('Smallest thing', "in pixels of the network's input"),
    'min_stuff_area': ('Smallest stuff', "in pixels of the network's input"),
}


def make_sliders(fusion: FusionConfig) -> list[gr.Slider]:
    """Make a slider for each of SLIDERS, fields of FusionConfig."""
    sliders = []
    with gr.Accordion('Thresholds'):
        for name, (label, info) in SLIDERS.items():
            value = getattr(fusion, name)
            is_area = name.endswith('area')
            sliders.append(
                gr.Slider(
                    label=label,
                    info=info,
                    value=value,
                    minimum=0,
                    maximum=max(1000, 4 * value) if is_area else 1,
                    step=10 if is_area else 0.01,
                )
            )
    return sliders


def view(picture: Picture) -> list:
    """Give the values of the right column."""
    names = picture.result.classes.names
    counts = picture.counts()
    rows = picture.table()
    for row in rows:
        colour = 'rgb({}, {}, {})'.format(*row[1])
        row[1] = f'<span class="swatch" style="background: {colour}"></span>'
    return [
        picture.draw(),
        escape(picture.summary()),
        gr.CheckboxGroup(
            choices=[(f'{names[k]} ({n})', k) for k, n in counts.items()],
            value=[label for label in counts if label not in picture.hidden],
        ),
        rows,
        gr.Button(interactive=True),
    ]


def view_of(change: Callable[..., Picture], *arguments: object) -> list:
    """View a changed picture, or say why there is none."""
    try:
        return view(change(*arguments))
    except NoPictureError as error:
        return nothing(str(error))


def nothing(error: str = '') -> list:
    """Empty the right column, but for a message."""
    message = f'<div role="alert">{escape(error)}</div>' if error else ''
    empty = gr.CheckboxGroup(choices=[], value=[])
    return [None, message, empty, [], gr.Button(interactive=False)]
