"""A small convolutional network on voxels, for a Volt to learn from."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from graphformers.checkpoint import PretrainedModel
from graphformers.errors import ConfigError, DataError
from graphformers.kernels import Voxels, group_voxels, segment_broadcast, segment_reduce
from graphformers.layers.normalization import BatchNorm
from graphformers.physics.models.task import check_at_least
from graphformers.physics.models.volt.config import INDOOR_CHANNELS

KERNEL = 3  # voxels along each axis
COARSER = 2  # edge of a voxel of the next level


@dataclass(frozen=True, kw_only=True)
class VoxelTeacherConfig:
    """Sizes of a teacher; ``widths`` has the number of channels of every level, finest first."""

    channels: int = INDOOR_CHANNELS
    classes: int = 20
    space: int = 3
    widths: tuple[int, ...] = (32, 64)

    def __post_init__(self) -> None:
        check_at_least(self, channels=1, classes=2)
        if self.space not in (2, 3):
            raise ConfigError(f"space must be 2 or 3; got {self.space}")
        if not self.widths or min(self.widths) < 1:
            raise ConfigError(f"widths must name a positive width per level; got {self.widths}")


@dataclass(frozen=True, eq=False, kw_only=True)
class VoxelLevel:
    """Occupied voxels of one size, and how those of the size before lie in them."""

    voxels: Voxels
    graphs: int

    @classmethod
    def of(
        cls, cells: Int[Tensor, "items space"], ptr: Int[Tensor, " graphs_plus_1"]
    ) -> "VoxelLevel":
        """Group cells; ``ptr`` says where each graph begins."""
        return cls(voxels=group_voxels(cells, ptr), graphs=ptr.shape[0] - 1)

    def coarser(self) -> "VoxelLevel":
        """The level of voxels twice as large."""
        graphs = torch.arange(self.graphs + 1, device=self.voxels.graph.device)
        ptr = torch.searchsorted(self.voxels.graph, graphs)
        return VoxelLevel.of(self.voxels.cell.div(COARSER, rounding_mode="floor"), ptr)

    def averaged(self, items: Float[Tensor, "items dim"]) -> Float[Tensor, "voxels dim"]:
        """Mean of what lies in each voxel."""
        return segment_reduce(items, self.voxels.row_ptr, "mean", self.voxels.order)

    def handed_back(self, x: Float[Tensor, "voxels dim"]) -> Float[Tensor, "items dim"]:
        """The features of its voxel for every item."""
        return segment_broadcast(x, self.voxels.row_ptr, self.voxels.order)

    @cached_property
    def neighbors(self) -> Int[Tensor, "voxels places"]:
        """The voxel at each place of the kernel around every voxel; their number where none is.

        The last axis runs fastest. Raises ``DataError`` for voxels too far apart to be numbered.
        """
        cell = self.voxels.cell
        axis = torch.arange(KERNEL, device=cell.device) - KERNEL // 2
        around = torch.cartesian_prod(*[axis] * cell.shape[1])
        if not len(cell):
            return cell.new_zeros(0, len(around))
        low, high = cell.amin(dim=0) - 1, cell.amax(dim=0) + 1  # with room for the neighbours
        of_graph, *of_axes = _strides((high - low + 1).tolist())
        if of_graph * self.graphs >= 2**63:
            raise DataError(
                "voxels must be near enough to be numbered; got cells from "
                f"{low.tolist()} to {high.tolist()}"
            )
        stride = cell.new_tensor(of_axes)
        key = self.voxels.graph * of_graph + ((cell - low) * stride).sum(dim=1)
        wanted = key[:, None] + (around * stride).sum(dim=1)
        place = torch.searchsorted(key, wanted).clamp(max=len(key) - 1)
        return torch.where(key[place] == wanted, place, len(key))


class VoxelConvolution(nn.Module):
    r"""Convolution of occupied voxels only, which stay those they are.

    .. math:: y_v = \sum_{o \in \{-1, 0, 1\}^d} W_o\, x_{v + o}, \qquad x = 0 \text{ where empty}

    Source: Graham et al. 2018, arXiv:1711.10275 (submanifold convolution).
    """

    def __init__(self, dim: int, out: int, space: int):
        super().__init__()
        self.linear = nn.Linear(KERNEL**space * dim, out, bias=False)

    def forward(
        self, x: Float[Tensor, "voxels dim"], neighbors: Int[Tensor, "voxels places"]
    ) -> Float[Tensor, "voxels out"]:
        """Mix every voxel with those around it."""
        around = F.pad(x, (0, 0, 0, 1)).index_select(0, neighbors.flatten())
        return self.linear(around.view(x.shape[0], self.linear.in_features))


class ResidualConvolutions(nn.Module):
    """Two convolutions with batch normalisation, added to what went in."""

    def __init__(self, dim: int, space: int):
        super().__init__()
        self.convolutions = nn.ModuleList(VoxelConvolution(dim, dim, space) for _ in range(2))
        self.norms = nn.ModuleList(BatchNorm(dim) for _ in range(2))

    def forward(
        self, x: Float[Tensor, "voxels dim"], neighbors: Int[Tensor, "voxels places"]
    ) -> Float[Tensor, "voxels dim"]:
        """New features."""
        hidden = F.relu(self.norms[0](self.convolutions[0](x, neighbors)))
        return F.relu(x + self.norms[1](self.convolutions[1](hidden, neighbors)))


class UNetLevel(nn.Module):
    """Convolutions, the coarser levels in between, and convolutions of what both found."""

    def __init__(self, widths: Sequence[int], space: int):
        super().__init__()
        width, *deeper = widths
        self.before = ResidualConvolutions(width, space)
        self.coarser = UNetLevel(deeper, space) if deeper else None
        if self.coarser is not None:
            self.down = nn.Linear(width, deeper[0])
            self.up = nn.Linear(deeper[0], width)
            self.after = ResidualConvolutions(width, space)

    def forward(
        self, x: Float[Tensor, "voxels dim"], level: VoxelLevel
    ) -> Float[Tensor, "voxels dim"]:
        """New features of the voxels of this level."""
        x = self.before(x, level.neighbors)
        if self.coarser is None:
            return x
        below = level.coarser()
        deep = self.coarser(self.down(below.averaged(x)), below)
        return self.after(x + below.handed_back(self.up(deep)), level.neighbors)


class VoxelTeacher(PretrainedModel[VoxelTeacherConfig]):
    """A U-Net of convolutions on occupied voxels: logits of classes at every voxel.

    Small and plain, of another kind than the student; the published teacher is a larger network of
    the same family. Rows in one voxel are averaged and get the same answer.
    """

    config_class = VoxelTeacherConfig

    def __init__(self, config: VoxelTeacherConfig):
        super().__init__()
        self.config = config
        self.stem = VoxelConvolution(config.channels, config.widths[0], config.space)
        self.levels = UNetLevel(config.widths, config.space)
        self.head = nn.Linear(config.widths[0], config.classes)

    def forward(
        self,
        coordinates: Int[Tensor, "voxels space"],
        features: Float[Tensor, "voxels channels"],
        ptr: Int[Tensor, " scenes_plus_1"] | None = None,
    ) -> Float[Tensor, "voxels classes"]:
        """Logits; ``ptr`` says where each of several scenes begins."""
        if ptr is None:
            ptr = torch.tensor([0, coordinates.shape[0]], device=coordinates.device)
        finest = VoxelLevel.of(coordinates, ptr)
        x = self.stem(finest.averaged(features), finest.neighbors)
        return self.head(finest.handed_back(self.levels(x, finest)))

    @torch.no_grad()
    def labels(
        self,
        coordinates: Int[Tensor, "voxels space"],
        features: Float[Tensor, "voxels channels"],
        ptr: Int[Tensor, " scenes_plus_1"] | None = None,
    ) -> Int[Tensor, " voxels"]:
        """The likeliest class of every voxel, what a student learns from."""
        return self(coordinates, features, ptr).argmax(dim=1)


def _strides(spans: Sequence[int]) -> list[int]:
    """Steps of a running number over a grid, the last axis fastest; first the size of it all."""
    strides = [1]
    for span in reversed(spans):
        strides.insert(0, strides[0] * span)
    return strides
