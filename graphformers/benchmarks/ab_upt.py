"""An AB-UPT training step beside its equations as they stand, and the pooling of many points.

An eighth of the tokens of a step are anchors of each branch, the others queries. As the equations
stand, every token passes every projection and what nobody reads is cut off, every edge of a
supernode its whole perceptron, and every layer works out its rotations again. The published
training has no queries: the same tokens are all anchors, and every one reads all others.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import cast

import torch
from scipy.spatial import cKDTree  # pyright: ignore[reportAttributeAccessIssue]
from torch import Tensor
from torch.nn import functional as F

from graphformers.benchmarks.workload import OURS, Contender, Workload
from graphformers.kernels import MaxNeighbors
from graphformers.layers.anchor_block import AnchorBlock
from graphformers.layers.supernode_pooling import SupernodePooling
from graphformers.physics import ABUPT, Geometry, PointSet
from graphformers.physics.models.ab_upt.branch import BranchNetwork

SIZES = (1_024, 2_048, 4_096)
POINTS_PER_TOKEN = 256  # of the pooling: a million points beside the largest step
POINTS_PER_SUPERNODE = 64
NEIGHBORS = 32  # at most
BALL = 10.0  # on average: all neighbours, whichever a limit would choose
SIDE = 100.0
Points = Mapping[str, Tensor]


def workloads(size: int) -> Iterator[Workload]:
    """Forward and backward of the AhmedML preset, and pooling of 256 times as many points."""
    torch.manual_seed(0)
    model = ABUPT.preset("ahmedml").eval()
    model.geometry.pooling.radius = radius_of(BALL, size)
    points, supernodes = SIDE * torch.rand(size, 3), torch.arange(size // 4)
    anchors = {name: SIDE * torch.rand(size // 8, 3) for name in model.branches}
    queries = {name: SIDE * torch.rand(3 * size // 8, 3) for name in model.branches}
    everywhere = {name: torch.cat([anchors[name], queries[name]]) for name in anchors}
    plain = PlainABUPT(model)

    def fields(*parts: Points) -> tuple[Points, Points]:
        sets = ({name: PointSet.single(one) for name, one in part.items()} for part in parts)
        return model(Geometry.single(points, supernodes), *sets)

    ours = step(model, lambda: fields(anchors, queries))
    same = {
        OURS: ours,
        "as it stands": step(model, lambda: plain.fields(points, supernodes, anchors, queries)),
    }
    other = {OURS: ours, "anchors alone": step(model, lambda: fields(everywhere))}
    yield training("AB-UPT step", size, same, 1e-3)
    yield training("AB-UPT step, queries or anchors", size, other, None)
    yield pooling(POINTS_PER_TOKEN * size)


def training(
    operation: str, size: int, contenders: dict[str, Contender], tolerance: float | None
) -> Workload:
    """Contenders on the same tokens."""
    return Workload(
        operation=operation,
        order="random",
        size=size,
        unit="tokens",
        contenders=contenders,
        tolerance=tolerance,
    )


def step(model: ABUPT, forward: Contender) -> Contender:
    """One forward and backward pass; its result is the output and all gradients, end to end.

    Some gradients, such as those of the keys' biases, are rounding errors on their own.
    """

    def run() -> tuple[Tensor, ...]:
        fields = torch.cat([one.flatten() for part in forward() for one in part.values()])  # pyright: ignore[reportGeneralTypeIssues]
        grads = torch.autograd.grad(fields.square().mean(), list(model.parameters()))
        return fields.detach(), torch.cat([one.flatten() for one in grads])

    return run


def pooling(size: int) -> Workload:
    """Supernodes of a large cloud, without gradients."""
    torch.manual_seed(0)
    points, supernodes = SIDE * torch.rand(size, 3), torch.arange(size // POINTS_PER_SUPERNODE)
    most = MaxNeighbors(NEIGHBORS, "nearest")
    layer = SupernodePooling(3, 192, radius=radius_of(BALL, size), max_neighbors=most).eval()
    run, as_it_stands = torch.no_grad()(layer), torch.no_grad()(plain_pooling)
    return Workload(
        operation="supernode pooling",
        order="random",
        size=size,
        unit="points",
        contenders={
            OURS: lambda: run(points, supernodes),
            "as it stands": lambda: as_it_stands(layer, points, supernodes),
        },
        tolerance=1e-3,
    )


def radius_of(number: float, size: int) -> float:
    """Of a ball with that many of the points."""
    return SIDE * (3 * number / (4 * math.pi * size)) ** (1 / 3)


def plain_pooling(layer: SupernodePooling, points: Tensor, supernodes: Tensor) -> Tensor:
    """Neighbours from scipy, a whole perceptron for every edge, the mean by scattering."""
    centres = points[supernodes]
    tree, most = cKDTree(points.numpy()), layer.max_neighbors.number
    distance, index = tree.query(centres.numpy(), most, distance_upper_bound=layer.radius)
    row, slot = torch.from_numpy(distance).isfinite().nonzero(as_tuple=True)
    gap = centres[row] - points[torch.from_numpy(index)[row, slot]]
    coordinates = torch.cat([gap, gap.norm(dim=1, keepdim=True)], dim=1)
    angle = coordinates[..., None] * layer.frequencies
    waves = torch.cat([angle.sin(), angle.cos()], dim=-1).flatten(1)
    message = layer.message_output(F.gelu(layer.message_input(waves)))
    total = torch.zeros(len(centres), message.shape[1]).index_add(0, row, message)
    mean = total / torch.bincount(row, minlength=len(centres))[:, None]
    return layer.token(torch.cat([mean, layer.position_code(centres)], dim=1))


class PlainABUPT:
    """The equations as they stand, with the weights of an AB-UPT."""

    def __init__(self, model: ABUPT):
        self.model = model

    def fields(
        self, points: Tensor, supernodes: Tensor, anchors: Points, queries: Points
    ) -> tuple[Points, Points]:
        """At the anchors and at the queries of both branches."""
        model, count = self.model, {name: len(one) for name, one in anchors.items()}
        shape, shape_at = (
            plain_pooling(model.geometry.pooling, points, supernodes),
            points[supernodes],
        )
        for block in cast(Iterable[AnchorBlock], model.geometry.blocks):
            shape = self.block(block, shape, shape_at, shape, shape_at)
        at = {name: torch.cat([anchors[name], queries[name]]) for name in anchors}
        networks = cast(dict[str, BranchNetwork], dict(model.branches.items()))
        x = {name: one.embedding(one.position_code(at[name])) for name, one in networks.items()}
        blocks = cast(Iterable[AnchorBlock], model.blocks)
        for kind, block in zip(model.config.blocks, blocks, strict=True):
            seen = {"self": list(x), "cross": list(x)[::-1], "perceiver": list(x)}[kind]
            read = {
                name: (shape, shape_at, len(shape))
                if kind == "perceiver"
                else (x[other], at[other], count[other])
                for name, other in zip(x, seen, strict=True)
            }
            x = {name: self.block(block, x[name], at[name], *read[name]) for name in x}
        for name, network in networks.items():
            for block in cast(Iterable[AnchorBlock], network.blocks):
                x[name] = self.block(block, x[name], at[name], x[name], at[name], count[name])
        out = {name: networks[name].head(x[name]) for name in x}
        return (
            {name: out[name][: count[name]] for name in x},
            {name: out[name][count[name] :] for name in x},
        )

    def block(
        self,
        block: AnchorBlock,
        x: Tensor,
        at: Tensor,
        others: Tensor,
        others_at: Tensor,
        count: int | None = None,
    ) -> Tensor:
        """Keys and values of all the others; what is not an anchor is cut off."""
        normed = block.norm.norm(x)
        context = (block.anchor_norm or block.norm.norm)(others)
        query = block.query(normed).unflatten(1, (block.heads, -1))
        key, value = block.key_value(context).unflatten(1, (2, block.heads, -1)).unbind(1)
        query, key = self.turned(query, at), self.turned(key, others_at)
        query, key, value = (
            one.transpose(0, 1)[None] for one in (query, key[:count], value[:count])
        )
        attended = F.scaled_dot_product_attention(query, key, value)
        x = x + block.output(attended[0].transpose(0, 1).flatten(1))
        first, second = block.feed_forward.layers
        return x + second(F.gelu(first(block.feed_forward_norm.norm(x))))

    def turned(self, numbers: Tensor, at: Tensor) -> Tensor:
        """Pairs turned by angles that are worked out here."""
        angle = (at @ self.model.rotary_code.wave_vectors.T)[:, None]
        even, odd = numbers[..., 0::2], numbers[..., 1::2]
        cos, sin = angle.cos(), angle.sin()
        return torch.stack([even * cos - odd * sin, even * sin + odd * cos], dim=-1).flatten(-2)
