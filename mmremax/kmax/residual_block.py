"""The two residual blocks of pixel decoder and Axial-ResNet.

Letters: B images, C channels, H W of the stated stride.
"""

from __future__ import annotations

from collections import OrderedDict

from mmcv.cnn.bricks.drop import DropPath
from torch import Tensor, nn
from torch.nn import functional as F

from .axial_attention import AxialAttention2d
from .layers import ConvNormAct


class ResidualBlock(nn.Module):
    """Activates its input, then adds a branch of three layers to it.

    The shortcut leaves after the activation, and the sum is not activated.
    `middle`, the second layer of the branch, is activated at its end and has
    the stride; with a stride the shortcut is a convolution, too.
    """

    def __init__(
        self,
        in_channels: int,
        middle_channels: int,
        out_channels: int,
        middle: nn.Module,
        stride: int = 1,
        drop_path_rate: float = 0.0,
    ) -> None:
        super().__init__()
        self.conv_in = ConvNormAct(in_channels, middle_channels)
        self.middle = middle
        self.conv_out = ConvNormAct(
            middle_channels, out_channels, act=False, gamma=0.0
        )
        self.shortcut = nn.Identity()
        if in_channels != out_channels or stride != 1:
            self.shortcut = ConvNormAct(
                in_channels, out_channels, stride=stride, act=False
            )
        self.drop_path = DropPath(drop_path_rate)

    def forward(self, x: Tensor) -> Tensor:
        """Run the block; a side becomes H' = ceil(H / stride).

        (B, in_channels, H, W) to (B, out_channels, H', W'), neither activated.
        """
        x = F.gelu(x)
        branch = self.conv_out(self.middle(self.conv_in(x)))
        return self.shortcut(x) + self.drop_path(branch)


def axial_block(
    in_channels: int,
    base_channels: int,
    num_heads: int = 8,
    stride: int = 1,
    drop_path_rate: float = 0.0,
) -> ResidualBlock:
    """Build a block around axial attention; output 4 * base_channels.

    All queries have `base_channels` together, and so have all keys.
    """
    attention = AxialAttention2d(
        2 * base_channels,
        base_channels,
        2 * base_channels,
        num_heads,
        stride,
    )
    middle = OrderedDict(attention=attention, act=nn.GELU())
    return ResidualBlock(
        in_channels,
        2 * base_channels,
        4 * base_channels,
        nn.Sequential(middle),
        stride,
        drop_path_rate,
    )


def bottleneck_block(
    in_channels: int,
    base_channels: int,
    dilation: int = 1,
    stride: int = 1,
    drop_path_rate: float = 0.0,
) -> ResidualBlock:
    """Build a block around a 3x3 convolution; output 4 * base_channels.

    Its `dilation` is 1 in the published PyTorch code; weights of the TF code
    need 2.
    """
    middle = ConvNormAct(
        base_channels, base_channels, 3, dilation=dilation, stride=stride
    )
    return ResidualBlock(
        in_channels,
        base_channels,
        4 * base_channels,
        middle,
        stride,
        drop_path_rate,
    )
