"""Return probabilities of random walks, the structural encoding of molecules and small graphs."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from graphformers.errors import ShapeError
from graphformers.kernels.pattern import SparsePattern
from graphformers.kernels.validation import check_indices

_SLAB_ENTRIES = 1 << 22  # walks kept at once: 32 MB


def random_walk_probabilities(
    edge_index: Int[Tensor, "2 edges"],
    ptr: Int[Tensor, " graphs_plus_1"],
    steps: int,
    dtype: torch.dtype = torch.float32,
) -> Float[Tensor, "nodes steps"]:
    r"""Probability that a walk from a node is back there after 1, 2, ..., ``steps`` steps.

    .. math:: y_{ik} = (P^k)_{ii}, \qquad P = D^{-1} A

    with :math:`A_{ij}` the number of edges from :math:`i` to :math:`j` and :math:`D` the number of
    edges that leave a node; a walk ends where none does. Edges stay inside their graph, nodes
    ``ptr[g]`` to ``ptr[g + 1]``. Computed in float64; no gradient.

    Source: Dwivedi et al. 2022, arXiv:2110.07875, eq. 8.
    """
    if edge_index.ndim != 2 or edge_index.shape[0] != 2:
        raise ShapeError(f"edge_index must be (2, edges); got {tuple(edge_index.shape)}")
    check_indices(ptr.device, ptr=ptr, source=edge_index[0])
    return torch.ops.graphformers.random_walk_probabilities(edge_index, ptr, steps).to(dtype)


torch.library.define(
    "graphformers::random_walk_probabilities",
    "(Tensor edge_index, Tensor ptr, SymInt steps) -> Tensor",
)


@torch.library.impl("graphformers::random_walk_probabilities", ("cpu", "cuda"))
def _walk(edge_index: Tensor, ptr: Tensor, steps: int) -> Tensor:
    """Multiply all graphs at once by their transition matrices.

    Entry (i, c) of a power belongs to node i and the c-th node of its graph, so that the next power
    is a mean over the edges leaving i.
    """
    nodes = int(ptr[-1])
    sizes = ptr.diff()
    first = ptr[:-1].repeat_interleave(sizes, output_size=nodes)
    leaving = SparsePattern.from_edge_index(
        edge_index.flip(0), num_targets=nodes, num_sources=nodes
    )
    if not torch.equal(first[edge_index[0]], first[edge_index[1]]):
        raise ShapeError("edge_index must not join nodes of different graphs")
    own = torch.arange(nodes, device=ptr.device) - first
    longest = int(sizes.max()) if sizes.shape[0] else 0
    width = min(-(-longest // 8) * 8, max(8, _SLAB_ENTRIES // max(nodes, 1) // 8 * 8))
    out = torch.zeros(nodes, steps, dtype=torch.float64, device=ptr.device)
    for start in range(0, longest, max(width, 1)):
        _walk_slab_(out, leaving, own - start, width)
    return out


def _walk_slab_(out: Tensor, leaving: SparsePattern, own: Tensor, width: int) -> None:
    """Fill the rows of ``out`` whose own column lies in ``0 ... width - 1``."""
    inside = ((own >= 0) & (own < width)).nonzero().squeeze(1)
    column = own.index_select(0, inside)
    power = torch.zeros(out.shape[0], width, dtype=out.dtype, device=out.device)
    power[inside, column] = 1
    share = leaving.row_ptr.diff().clamp(min=1).to(out.dtype).reciprocal().unsqueeze(1)
    for step in range(out.shape[1]):
        neighbours = (leaving.row_ptr, leaving.source)
        power = share * torch.ops.graphformers.segment_sum(power, *neighbours)
        out[inside, step] = power[inside, column]


@torch.library.register_fake("graphformers::random_walk_probabilities")
def _walk_shape(edge_index: Tensor, ptr: Tensor, steps: int) -> Tensor:
    nodes = torch.library.get_ctx().new_dynamic_size()
    return edge_index.new_empty(nodes, steps, dtype=torch.float64)
