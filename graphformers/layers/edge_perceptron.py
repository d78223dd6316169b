"""A perceptron of very many edges and their ends, lean in training."""

from collections.abc import Callable, Iterator, Sequence
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import linear

from graphformers.kernels import SparsePattern, segment_reduce
from graphformers.kernels.gradients import gradients
from graphformers.layers.edge_linear import EdgeLinear
from graphformers.layers.row_pieces import PieceSums, row_pieces, worth_dividing

Following = Callable[[Tensor], Tensor]


def edge_perceptron(
    first: EdgeLinear,
    following: Following,
    parameters: Sequence[Tensor],
    x: Float[Tensor, "nodes node_dim"],
    edges: Float[Tensor, "edges edge_dim"],
    pattern: SparsePattern,
) -> Float[Tensor, "edges out"]:
    r"""The function :math:`f(W\,[x_s, x_t, e] + b)` of every edge.

    ``following`` :math:`f` works on every row by itself and has the ``parameters``: an activation,
    further layers, a normalisation. Autograd would keep all that is made on the way, wide tensors
    over all edges. Here some edges at a time go the whole way while they are in the cache; only
    ``x`` and ``edges`` are kept, and the backward pass goes the way again. That repeats the
    products of the forward pass. Of few edges, and in compiled code, which decides for itself what
    to keep, it is the plain formula.

    Gradients of any order. Recomputation: Chen et al. 2016, arXiv:1604.06174.
    """
    if not worth_dividing(edges):
        return following(first(x, edges, pattern))
    return _EdgePerceptron.apply(  # pyright: ignore[reportReturnType]
        first, following, pattern, x, edges, first.weight, first.bias, *parameters
    )


class _EdgePerceptron(torch.autograd.Function):
    @staticmethod
    def forward(ctx, first, following, pattern, x, edges, weight, bias, *parameters) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx.first, ctx.following, ctx.pattern = first, following, pattern
        ctx.save_for_backward(x, edges, weight, bias, *parameters)
        at_ends = _at_ends(x, weight, first.sizes)
        of_edge, out = weight.split(first.sizes, dim=1)[2], edges.new_empty(0)
        for here, gathered in _gathered(at_ends, pattern):
            found = following(gathered.add_(linear(edges[here], of_edge, bias)))
            out = out if here.start else found.new_empty(edges.shape[0], found.shape[1])
            out[here] = found
        return out

    @staticmethod
    def backward(ctx, *grads) -> tuple[Tensor | None, ...]:  # pyright: ignore[reportIncompatibleMethodOverride]
        (grad,) = grads
        given = ctx.saved_tensors
        if torch.is_grad_enabled():  # somebody differentiates twice
            out = ctx.following(ctx.first(*given[:2], ctx.pattern))
            return None, None, None, *gradients(out, given, grad, create_graph=True)
        return None, None, None, *_pull_back(ctx, grad, *given)


def _pull_back(
    ctx, grad: Tensor, x: Tensor, edges: Tensor, weight: Tensor, bias: Tensor, *parameters: Tensor
) -> tuple[Tensor, ...]:
    source, target, of_edge = weight.split(ctx.first.sizes, dim=1)
    inner = edges.new_empty(edges.shape[0], weight.shape[0])  # gradients before ``following``
    sums = PieceSums(parameters)
    for here, gathered in _gathered(_at_ends(x, weight, ctx.first.sizes), ctx.pattern):
        with torch.enable_grad():
            before = gathered.add_(linear(edges[here], of_edge, bias)).requires_grad_()
            out = ctx.following(before)
        of_before, *found = gradients(out, (before, *parameters), grad[here])
        inner[here] = cast(Tensor, of_before)  # it asks for a gradient
        sums.add(found)
    pattern, columns = ctx.pattern, ctx.pattern.transposed
    at_target = segment_reduce(inner, pattern.row_ptr, "sum", pattern.edge)
    at_source = segment_reduce(inner, columns.row_ptr, "sum", columns.edge)
    of_weight = torch.cat([at_source.T @ x, at_target.T @ x, inner.T @ edges], dim=1)
    of_x = at_source @ source + at_target @ target
    return of_x, inner @ of_edge, of_weight, inner.sum(0), *sums.gradients()


def _at_ends(x: Tensor, weight: Tensor, sizes: list[int]) -> tuple[Tensor, Tensor]:
    """What every node brings to the edges out of it and into it."""
    source, target, _ = weight.split(sizes, dim=1)
    return linear(x, source), linear(x, target)


def _gathered(
    at_ends: tuple[Tensor, Tensor], pattern: SparsePattern
) -> Iterator[tuple[slice, Tensor]]:
    """Some edges at a time, and the sum of what their ends bring."""
    source, target = pattern.edge_index
    for here in row_pieces(source):
        from_source, from_target = (
            table.index_select(0, ends[here])
            for table, ends in zip(at_ends, (source, target), strict=True)
        )
        yield here, from_source.add_(from_target)
