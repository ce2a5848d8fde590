r"""Write the table of the memory that training takes.

Counts the bytes of all tensors alive in one real training step (forward,
losses, backward, AdamW) of one drawn image at the config's crop size. No GPU
is needed; the step runs on the CPU in mixed precision (bfloat16).

Examples:
    python tools/analysis/memory_table.py docs/memory.md
    python tools/analysis/memory_table.py docs/memory.md \
        --configs remax-t_mnv3-s_coco remax_r50_coco    these rows anew
    python tools/analysis/memory_table.py - --configs remax-m_r50_coco \
        --images 2 --float32                            prints one number
"""

import argparse
import re
import sys
from pathlib import Path

import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(Path(__file__).parent))

from benchmark import label_stride  # noqa: E402
from size_table import PUBLISHED  # noqa: E402

from mmremax.engine.step_timing import (  # noqa: E402
    Stopwatch,
    train_step,
)
from mmremax.engine.synthetic import drawn_batch  # noqa: E402
from mmremax.engine.tensor_memory import TensorMemory  # noqa: E402
from mmremax.utils.config_edits import remove_pretrained  # noqa: E402

HEADER = """# Memory of training

GB (2^30 bytes) of the tensors that are alive at the worst moment of a
training step with `--amp`: N images at the crop size, 20 segments each, AdamW.
Counted on a CPU with one image a config: "fixed" is parameters and AdamW's
state, "image" the rest, and the columns N are fixed + N images. A GPU adds its
context and cuDNN's workspace, and several GPUs a copy of the gradients (0.2 GB
for ResNet-50). `--images-per-gpu N` keeps the recipe's batch. Made by

```bash
python tools/analysis/memory_table.py docs/memory.md
```

An image costs the same whatever N, and more in float32: ReMaX-M takes 2.50 GB
with one image; in float32 it takes 3.43, 6.03 and 11.24 GB with 1, 2 and 4,
that is 2.61, 2.61 and 2.60 an image (`--images N --float32` prints them). kMaX
twins lack the semantic heads and need somewhat less. No row has
`remax_axial-r50_cityscapes`: one image did not fit into 21 GB of host memory.

| config | input | fixed | image | N = 1 | 2 | 4 | 8 |
|---|---|---|---|---|---|---|---|
"""
GIB = 2**30


def step_memory(config: Config, images: int, amp: bool) -> tuple[int, int]:
    """Run one training step on drawn images.

    Args:
        config: Of a panoptic detector; its crop size is that of the images.
        images: In the batch.
        amp: Autocast to bfloat16.

    Returns:
        Bytes alive before the step (model and AdamW's state), and at most.
    """
    remove_pretrained(config)
    model = MODELS.build(config.model).train()
    optimizer = build_optim_wrapper(model, config.optim_wrapper).optimizer
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()  # makes the state
    optimizer.zero_grad()
    batch = drawn_batch(
        images,
        tuple(config.model.data_preprocessor.crop_size),
        20,
        (config.model.num_things_classes, config.model.num_stuff_classes),
        (427, 640),
        is_test=False,
        label_stride=label_stride(config.train_dataloader.dataset.pipeline),
    )
    state = [
        value
        for values in optimizer.state.values()
        for value in values.values()
        if isinstance(value, torch.Tensor)
    ]

    def autocast() -> torch.autocast:
        return torch.autocast('cpu', torch.bfloat16, enabled=amp)

    watch = Stopwatch(torch.device('cpu'))
    lasting = [*model.parameters(), *model.buffers(), *state]
    with TensorMemory(lasting) as memory:
        fixed = memory.live
        train_step(model, lambda: dict(batch), optimizer, watch, autocast)
    return fixed, memory.peak


def row(name: str) -> str:
    """Measure one config of configs/remax, and lay it out as a table row."""
    config = Config.fromfile(ROOT / f'configs/remax/{name}.py')
    height, width = config.model.data_preprocessor.crop_size
    fixed, peak = step_memory(config, 1, amp=True)
    image = peak - fixed
    sizes = [fixed, image]
    sizes += [fixed + number * image for number in (1, 2, 4, 8)]
    cells = [
        f'[{name}](../configs/remax/{name}.py)',
        f'{height} x {width}',
        *(f'{size / GIB:.1f}' for size in sizes),
    ]
    return f'| {" | ".join(cells)} |'


def update(page: Path, name: str, line: str) -> None:
    """Replace the row of a config; other rows stay, in the family's order.

    Args:
        page: Written anew. Need not exist.
        name: Of the config.
        line: Its row.
    """
    text = page.read_text() if page.is_file() else ''
    rows = {
        found[1]: found[0]
        for found in re.finditer(r'^\| \[(\S+)\]\(.*\|$', text, re.M)
    }
    rows[name] = line
    page.write_text(
        HEADER + ''.join(f'{rows[n]}\n' for n in PUBLISHED if n in rows)
    )


def main() -> None:
    """Measure the configs one by one, and keep each result."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('out', type=Path, help='Markdown file to write')
    parser.add_argument(
        '--configs',
        nargs='+',
        choices=PUBLISHED,
        default=list(PUBLISHED),
        metavar='NAME',
        help='of configs/remax (all); rows of others are kept',
    )
    parser.add_argument(
        '--images',
        type=int,
        metavar='N',
        help='only print the memory of N images',
    )
    parser.add_argument(
        '--float32', action='store_true', help='with --images: not mixed'
    )
    args = parser.parse_args()
    init_default_scope('mmdet')
    for name in args.configs:
        if args.images is not None:
            config = Config.fromfile(ROOT / f'configs/remax/{name}.py')
            _, peak = step_memory(config, args.images, not args.float32)
            print(f'{name}: {peak / GIB:.2f} GB for {args.images} images')
            continue
        line = row(name)
        update(args.out, name, line)
        print(line, flush=True)


if __name__ == '__main__':
    main()
