"""Functions on regular grids, as benchmark files of operator learning hold them."""

import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import torch
from jaxtyping import Float, Int
from torch import Tensor

from graphformers.errors import DataError, ShapeError
from graphformers.graph_batch import GraphBatch

NEEDED = ("x", "y")
ALL = slice(None)


@dataclass(frozen=True, eq=False, kw_only=True)
class GridData:
    """Pairs of functions sampled on one regular grid of the unit box.

    ``axes`` are the coordinates along every axis of the grid, ``spacing`` their steps. Numbers that
    hold for all samples, a viscosity say, are ``parameters``.
    """

    inputs: Float[Tensor, "samples *grid channels"]
    outputs: Float[Tensor, "samples *grid fields"]
    spacing: tuple[float, ...]
    axes: tuple[Float[Tensor, " points"], ...]
    parameters: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        points = tuple(axis.shape[0] for axis in self.axes)
        for name, values in (("inputs", self.inputs), ("outputs", self.outputs)):
            if values.ndim != len(points) + 2 or tuple(values.shape[1:-1]) != points:
                raise ShapeError(
                    f"{name} must be (samples, {', '.join(map(str, points))}, channels); "
                    f"got {tuple(values.shape)}"
                )
        if self.inputs.shape[0] != self.outputs.shape[0]:
            raise ShapeError(
                "inputs and outputs must be of the same samples; "
                f"got {self.inputs.shape[0]} and {self.outputs.shape[0]}"
            )

    def __len__(self) -> int:
        return self.inputs.shape[0]

    @property
    def positions(self) -> Float[Tensor, "*grid space"]:
        """Coordinates of every grid point, in the order of the axes."""
        return torch.stack(torch.meshgrid(*self.axes, indexing="ij"), dim=-1)

    def select(self, samples: Int[Tensor, " selected"] | slice) -> "GridData":
        """Some of the samples, on the same grid."""
        return GridData(
            inputs=self.inputs[samples],
            outputs=self.outputs[samples],
            spacing=self.spacing,
            axes=self.axes,
            parameters=self.parameters,
        )

    def thinned(self, step: int, first: Sequence[int]) -> "GridData":
        """Every ``step``-th point along every axis, from point ``first`` of each axis on."""
        if step < 1 or len(first) != len(self.axes) or not all(0 <= one < step for one in first):
            raise ShapeError(
                f"need step >= 1 and {len(self.axes)} first points below it; "
                f"got {step} and {tuple(first)}"
            )
        along = [slice(one, None, step) for one in first]
        return GridData(
            inputs=self.inputs[(slice(None), *along)],
            outputs=self.outputs[(slice(None), *along)],
            spacing=tuple(step * one for one in self.spacing),
            axes=tuple(axis[one] for axis, one in zip(self.axes, along, strict=True)),
            parameters=self.parameters,
        )

    def batch(self) -> GraphBatch:
        """All samples as cases whose nodes are the grid points, row by row, without edges."""
        samples, space = len(self), len(self.axes)
        positions = self.positions.reshape(-1, space)
        return GraphBatch(
            x=self.inputs.flatten(0, -2),
            edge_index=torch.zeros(2, 0, dtype=torch.int64),
            ptr=torch.arange(samples + 1) * positions.shape[0],
            positions=positions.repeat(samples, 1),
            target=self.outputs.flatten(0, -2),
            target_per_node=True,
        )


def read_grids(path: str | Path, samples: slice = ALL) -> GridData:
    """Read some samples of a ``.pt`` file of the neuraloperator package, Darcy flow for example.

    The file is a dictionary of tensors: ``x`` (samples, *grid), and ``y`` of the same shape, or
    with an axis of times before the grid, which become the channels of ``outputs``. Further numbers
    become ``parameters``. Point :math:`i` of :math:`n` along an axis stands at :math:`i / n`: these
    grids are every second point of finer ones, and the last does not meet the boundary. Executes
    nothing that is in the file. Raises ``DataError`` that names the file and what was expected.
    """
    path = Path(path)
    document = grid_document(path)
    x, y = (cast("Tensor", document[name]) for name in NEEDED)
    grid = tuple(x.shape[1:])
    timed = y.ndim == x.ndim + 1
    if x.ndim < 2 or y.shape[0] != x.shape[0] or tuple(y.shape[1 + timed :]) != grid:
        raise DataError(
            f"{path}: y must be (samples, *grid) like x or (samples, times, *grid); "
            f"got x {tuple(x.shape)}, y {tuple(y.shape)}"
        )
    x, y = x[samples], y[samples]
    for name, values in (("x", x), ("y", y)):
        if not bool(values.isfinite().all()):
            raise DataError(f"{path}: {name} holds numbers that are not finite")
    return GridData(
        inputs=_single(x).unsqueeze(-1),
        outputs=_single(y.movedim(1, -1) if timed else y.unsqueeze(-1)),
        spacing=tuple(1 / points for points in grid),
        axes=tuple(torch.arange(points) / points for points in grid),
        parameters={
            name: float(value)
            for name, value in document.items()
            if name not in NEEDED and (not isinstance(value, Tensor) or value.numel() == 1)
        },
    )


def grid_document(path: Path) -> dict[str, Tensor | float]:
    """The tensors of a file, left on the disk until they are read; raises ``DataError``."""
    try:
        document = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except FileNotFoundError as error:
        raise DataError(f"{path} does not exist") from error
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise DataError(f"{path} is no file of plain tensors: {error}") from error
    if not isinstance(document, dict):
        raise DataError(f"{path} must hold a dictionary; got a {type(document).__name__}")
    for name in NEEDED:
        if not isinstance(document.get(name), Tensor):
            known = ", ".join(map(str, document)) or "nothing"
            raise DataError(f"{path} must hold a tensor {name!r}; it holds {known}")
    return document


def _single(values: Tensor) -> Tensor:
    """Single precision in storage of its own: a file may keep more samples than it shows."""
    return values.to(torch.float32, copy=True).contiguous()
