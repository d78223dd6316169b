"""Softmax attention over a sparsity pattern."""

from typing import Literal, overload

import torch
from jaxtyping import Float
from torch import Tensor

from graphformers.errors import ConfigError, ShapeError
from graphformers.kernels.attention import operator  # noqa: F401 (registers the operator)
from graphformers.kernels.attention.record import record, recording
from graphformers.kernels.attention.reference import (
    Attended,
    AttentionSettings,
    AttentionTensors,
    attention_reference,
)
from graphformers.kernels.attention.score import PairScore, find_score
from graphformers.kernels.pattern import SparsePattern
from graphformers.kernels.validation import check_floating_or_half, check_indices, check_shape

_MANY_BLOCKS = 8  # fewer cannot be shared out evenly between the threads of a CPU
ScoreName = Literal["dot", "dot_edge", "signed_sqrt", "l2"]


@overload
def sparse_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    pattern: SparsePattern,
    bias: Tensor | None = None,
    scale: float | None = None,
    *,
    score: ScoreName | PairScore = "dot",
    edge: Tensor | None = None,
    channel_weight: Tensor | None = None,
    clamp: float | None = None,
    gate: Tensor | None = None,
    dropout: float = 0.0,
    seed: int | Tensor | None = None,
    pair_value: bool | Tensor = False,
    return_pairs: Literal[False] = False,
) -> Tensor: ...


@overload
def sparse_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    pattern: SparsePattern,
    bias: Tensor | None = None,
    scale: float | None = None,
    *,
    score: ScoreName | PairScore = "dot",
    edge: Tensor | None = None,
    channel_weight: Tensor | None = None,
    clamp: float | None = None,
    gate: Tensor | None = None,
    dropout: float = 0.0,
    seed: int | Tensor | None = None,
    pair_value: bool | Tensor = False,
    return_pairs: Literal[True],
) -> tuple[Tensor, Tensor]: ...


def sparse_attention(  # noqa: PLR0913 (one keyword for each symbol of the equation)
    query: Float[Tensor, "targets heads dim"],
    key: Float[Tensor, "sources heads dim"],
    value: Float[Tensor, "sources heads dim_v"],
    pattern: SparsePattern,
    bias: Float[Tensor, "edges heads"] | None = None,
    scale: float | None = None,
    *,
    score: ScoreName | PairScore = "dot",
    edge: Float[Tensor, "edges heads dim_e"] | None = None,
    channel_weight: Float[Tensor, "heads dim"] | None = None,
    clamp: float | None = None,
    gate: Float[Tensor, "edges heads"] | None = None,
    dropout: float = 0.0,
    seed: int | Tensor | None = None,
    pair_value: bool | Float[Tensor, "heads dim dim_v"] = False,
    return_pairs: bool = False,
) -> Tensor | tuple[Tensor, Tensor]:
    r"""Attend along the edges of a pattern, each head on its own.

    .. math::
       s_{ij} &= \phi(q_i, k_j, e_{ij}) \\
       w_{ij} &= \mathrm{softmax}_j\Bigl(\mathrm{clamp}\bigl(\lambda \textstyle\sum_c a_c
       s_{ij,c}\bigr) + b_{ij}\Bigr) \; g_{ij} \\
       y_i &= \sum_{j \to i} w_{ij} \bigl(v_j + M s_{ij}\bigr)

    ``score`` :math:`\phi` makes a feature of every channel of a pair:

    - ``"dot"``: :math:`q k`;
    - ``"dot_edge"``: :math:`q k e`, with ``edge`` as wide as the query;
    - ``"signed_sqrt"``: :math:`\mathrm{relu}(\pm\sqrt{|(q + k) e_w|} + e_b)`, where the channels
      of ``edge`` are all :math:`e_w`, then all :math:`e_b` (GRIT);
    - ``"l2"``: :math:`q k - k^2 / 2`, the squared distance less what a row has in common (PPGT);
    - a ``PairScore`` made from a function of one's own.

    ``scale`` :math:`\lambda` defaults to ``dim ** -0.5``; ``channel_weight`` is :math:`a`, ones
    when left out; ``clamp`` bounds the magnitude of the logits; a ``bias`` :math:`b` of minus
    infinity masks an edge. ``gate`` :math:`g` multiplies the weights after the softmax, and so does
    ``dropout``: it zeroes a share of them and scales the others up, the same ones for the same
    ``seed`` (drawn from torch's generator when left out). ``pair_value`` adds the pair features to
    the values: as they are, or through a matrix :math:`M` per head. ``return_pairs`` gives
    :math:`s` (edges, heads, dim) as a second result.

    Edge-wise tensors follow the caller's edge order. A row without edges gives zeros. Its result
    does not depend on the order of the edges, except in the last bits where the same edge comes
    twice with different edge-wise numbers. Only what is returned and one number per row and head
    are kept for the backward pass. bfloat16 and float16 are computed in float32.
    """
    if clamp is not None and not clamp > 0:
        raise ConfigError(f"clamp must be above 0; got {clamp}")
    chosen = find_score(score if isinstance(score, str) else score.name)
    tensors = AttentionTensors(
        query, key, value, edge, channel_weight, bias, gate, drawn_seed(seed, dropout, query)
    )
    _check(tensors, pattern, chosen)
    settings = AttentionSettings(
        chosen.name,
        query.shape[-1] ** -0.5 if scale is None else scale,
        torch.inf if clamp is None else clamp,
        dropout,
    )
    if recording():
        record(tensors, settings, pattern)
    sums_pairs = pair_value is not False
    attended = _attend(tensors, settings, pattern, sums_pairs, return_pairs)
    out = attended.out
    if sums_pairs:
        out = out + _through(pair_value, attended.pair_sum, value.shape[2])
    return (out, attended.pairs) if return_pairs else out


def _attend(
    tensors: AttentionTensors,
    settings: AttentionSettings,
    pattern: SparsePattern,
    sums_pairs: bool,
    gives_pairs: bool,
) -> Attended:
    """Through the kernels, or in plain torch for a program that must run without this package."""
    if torch.compiler.is_exporting():
        return attention_reference(tensors, settings, pattern)
    given = [tensor for tensor in tensors if tensor is not None]
    trains = torch.is_grad_enabled() and any(tensor.requires_grad for tensor in given)
    columns = columns_of(pattern, tensors.query, trains)
    flags = (sums_pairs, gives_pairs)
    *results, _ = torch.ops.graphformers.sparse_attention(
        *tensors, *settings, *flags, *slots_of(pattern), *columns
    )
    return Attended(*results)


def slots_of(pattern: SparsePattern) -> tuple[Tensor, Tensor, Tensor]:
    """The pattern as the operator takes it."""
    return pattern.row_ptr, pattern.source, pattern.edge


def columns_of(
    pattern: SparsePattern, query: Tensor, trains: bool
) -> tuple[Tensor | None, Tensor | None, Tensor | None, int]:
    """How the operator may go through the pattern; the same whatever the number of threads."""
    blocks = None if query.is_cuda else pattern.blocks
    if blocks is not None and blocks.shape[0] > _MANY_BLOCKS:
        return blocks, None, None, pattern.largest_block
    if not trains:
        return None, None, None, 0
    return *slots_of(pattern.transposed), 0


def _through(matrix: Tensor | bool, pair_sum: Tensor, dim_v: int) -> Tensor:
    """A row of pair features times the matrix of its head."""
    _, heads, dim = pair_sum.shape
    if isinstance(matrix, bool):
        if dim != dim_v:
            raise ShapeError(
                f"pair_value=True needs values as wide as the query; got {dim_v} and {dim} channels"
                ": pass a matrix (heads, dim, dim_v)"
            )
        return pair_sum
    check_shape("pair_value", matrix, (heads, dim, dim_v), "(heads, dim, dim_v)")
    return torch.einsum("ihc,hcv->ihv", pair_sum, matrix)


def drawn_seed(seed: int | Tensor | None, dropout: float, query: Tensor) -> Tensor | None:
    """The seed of a dropout as a tensor, drawn where none is given; None without dropout."""
    if not 0 <= dropout < 1:
        raise ConfigError(f"dropout must be at least 0 and below 1; got {dropout}")
    if dropout == 0:
        return None
    if isinstance(seed, Tensor):
        return seed.reshape(1)
    if seed is None:
        return torch.randint(2**62, (1,)).to(query.device)
    return torch.full((1,), seed, dtype=torch.int64, device=query.device)


def _check(tensors: AttentionTensors, pattern: SparsePattern, score: PairScore) -> None:
    query, key, value, edge, channel_weight, bias, gate, _ = tensors
    if query.ndim != 3 or key.ndim != 3 or value.ndim != 3:
        shapes = ", ".join(str(tuple(tensor.shape)) for tensor in (query, key, value))
        raise ShapeError(f"query, key and value must be (nodes, heads, channels); got {shapes}")
    heads, dim, dim_v = query.shape[1], query.shape[2], value.shape[2]
    if min(heads, dim, dim_v) < 1:
        raise ShapeError(f"need a head and a channel; got {heads} heads of {dim} and {dim_v}")
    targets, sources, edges = pattern.num_targets, pattern.num_sources, pattern.num_edges
    check_shape("query", query, (targets, heads, dim), "(targets, heads, dim)")
    check_shape("key", key, (sources, heads, dim), "(sources, heads, dim)")
    check_shape("value", value, (sources, heads, dim_v), "(sources, heads, dim_v)")
    if edge is None and score.edge_inputs:
        raise ShapeError(f"score {score.name!r} needs edge with {score.edge_inputs} x dim channels")
    if edge is not None and not score.edge_inputs:
        raise ShapeError(f"score {score.name!r} takes no edge")
    if edge is not None:
        wide = (edges, heads, dim * score.edge_inputs)
        check_shape("edge", edge, wide, f"(edges, heads, {score.edge_inputs} * dim)")
    if channel_weight is not None:
        check_shape("channel_weight", channel_weight, (heads, dim), "(heads, dim)")
    for name, tensor in (("bias", bias), ("gate", gate)):
        if tensor is not None:
            check_shape(name, tensor, (edges, heads), "(edges, heads)")
    floating = {name: one for name, one in tensors._asdict().items() if one is not None}
    floating.pop("seed", None)
    check_floating_or_half(**floating)
    check_indices(query.device, row_ptr=pattern.row_ptr, source=pattern.source, edge=pattern.edge)
