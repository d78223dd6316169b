"""A PhysGTO training step beside its equations as they stand: gather, concatenate, scatter."""

from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn.functional import linear

from graphformers.benchmarks.workload import OURS, Contender, Workload
from graphformers.graph_batch import GraphBatch
from graphformers.kernels import SparsePattern
from graphformers.layers.mesh_message import MeshMessage
from graphformers.physics import PhysGTO, PhysGTOConfig

SIZES = (2_500, 10_000, 40_000)


def workloads(size: int) -> Iterator[Workload]:
    """Forward and backward of the Darcy preset on a triangulated square."""
    mesh = square_mesh(round(size**0.5))
    for order, batch in (("mesh", mesh), ("random", in_random_order(mesh))):
        yield Workload(
            operation="PhysGTO step",
            order=order,
            size=batch.num_edges,
            unit="edges",
            contenders={
                OURS: step(model(), batch),
                "concatenated": step(model(ConcatenatedMessage), batch),
            },
            tolerance=1e-4,
        )


def model(message: type[MeshMessage] = MeshMessage) -> PhysGTO:
    """The Darcy preset with the same weights whichever way it forms its messages."""
    torch.manual_seed(0)
    physgto = PhysGTO(PhysGTOConfig.darcy()).eval()
    for part in physgto.modules():
        if isinstance(part, MeshMessage):
            part.__class__ = message
    return physgto


def step(physgto: PhysGTO, batch: GraphBatch) -> Contender:
    """One forward and backward pass; its result is the output and all gradients."""

    def run() -> tuple[Tensor, ...]:
        out = physgto(batch)
        grads = torch.autograd.grad(out.square().mean(), list(physgto.parameters()))
        return out.detach(), *grads

    return run


class ConcatenatedMessage(MeshMessage):
    """The equations as they stand: gather, concatenate, scatter."""

    def forward(self, x: Tensor, edges: Tensor, pattern: SparsePattern) -> tuple[Tensor, Tensor]:
        """Updates of nodes and edges."""
        sender, receiver = pattern.edge_index
        gathered = torch.cat([x[sender], x[receiver], edges], dim=-1)
        hidden = linear(gathered, self.edge_input.weight, self.edge_input.bias)
        message = self.edge_output(self.activation(hidden))
        first, second = message.chunk(2, dim=-1)
        received = [mean_at(first, sender, len(x)), mean_at(second, receiver, len(x))]
        return self.node(torch.cat([x, *received], dim=-1)), message


def mean_at(values: Tensor, index: Tensor, rows: int) -> Tensor:
    """Mean over equal indices by scattering."""
    total = values.new_zeros(rows, values.shape[1]).index_add(0, index, values)
    return total / torch.bincount(index, minlength=rows).clamp(min=1)[:, None]


def square_mesh(side: int) -> GraphBatch:
    """A square of ``side * side`` points whose cells are cut along one diagonal."""
    number = torch.arange(side * side).view(side, side)
    ends = [
        (number[:, 1:], number[:, :-1]),
        (number[1:], number[:-1]),
        (number[1:, 1:], number[:-1, :-1]),
    ]
    edge_index = torch.cat([torch.stack([a.flatten(), b.flatten()]) for a, b in ends], dim=1)
    axis = torch.linspace(0, 1, side)
    positions = torch.cartesian_prod(axis, axis)
    x = torch.randn(side * side, 1, generator=torch.Generator().manual_seed(0))
    return GraphBatch(
        x=x, edge_index=edge_index, ptr=torch.tensor([0, side * side]), positions=positions
    )


def in_random_order(batch: GraphBatch) -> GraphBatch:
    """The same mesh with its nodes numbered, and its edges listed, at random."""
    generator = torch.Generator().manual_seed(0)
    new_number = torch.randperm(batch.num_nodes, generator=generator)
    ends = new_number[batch.edge_index]
    ends = ends[:, torch.randperm(batch.num_edges, generator=generator)]
    old_number, positions = new_number.argsort(), batch.positions
    return replace(
        batch,
        x=batch.x[old_number],
        edge_index=torch.stack([ends.amax(0), ends.amin(0)]),
        positions=None if positions is None else positions[old_number],
    )
