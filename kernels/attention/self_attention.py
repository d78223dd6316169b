"""Attention of nodes among themselves, from the projection of their features on."""

import torch
from jaxtyping import Float
from torch import Tensor

from graphformers.kernels.attention.dense import attend_densely, is_dense, pull_back_densely
from graphformers.kernels.attention.op import columns_of, drawn_seed, slots_of, sparse_attention
from graphformers.kernels.attention.operator import check_indices_found
from graphformers.kernels.attention.record import recording
from graphformers.kernels.attention.reference import AttentionSettings, AttentionTensors
from graphformers.kernels.gradients import gradients
from graphformers.kernels.linear import linear
from graphformers.kernels.pattern import SparsePattern


def self_attention(
    x: Float[Tensor, "nodes dim"],
    weight: Float[Tensor, "three_dim dim"],
    bias: Float[Tensor, " three_dim"],
    pattern: SparsePattern,
    heads: int,
    *,
    dropout: float = 0.0,
) -> Float[Tensor, "nodes dim"]:
    r"""Dot-product attention with query, key and value :math:`[q, k, v] = W x + b`.

    The same as ``sparse_attention`` of the projected features. While training, the backward pass
    projects again: of each node only what it read and what it got is kept, a third of the numbers.
    Dropout draws its seed from torch's generator.
    """
    seed = drawn_seed(None, dropout, x)
    if _is_plain(x, weight):
        return _plain(x, weight, bias, seed, pattern, heads, dropout)
    return _SelfAttention.apply(x, weight, bias, seed, pattern, heads, dropout)


def _is_plain(x: Tensor, weight: Tensor) -> bool:
    """Whether nothing can be saved, or something else wants to look at every step."""
    return (
        torch.compiler.is_compiling()
        or not torch.is_grad_enabled()
        or not (x.requires_grad or weight.requires_grad)
        or torch.is_autocast_enabled(x.device.type)
        or recording()
    )


def _plain(
    x: Tensor,
    weight: Tensor,
    bias: Tensor,
    seed: Tensor | None,
    pattern: SparsePattern,
    heads: int,
    dropout: float,
) -> Tensor:
    query, key, value = _parts(linear(x, weight, bias), heads)
    return sparse_attention(query, key, value, pattern, dropout=dropout, seed=seed).flatten(1)


def _parts(projected: Tensor, heads: int) -> tuple[Tensor, ...]:
    """Query, key and value (nodes, heads, dim), columns of the projection."""
    return projected.unflatten(1, (3, heads, -1)).unbind(1)


class _SelfAttention(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight, bias, seed, pattern, heads, dropout):
        settings = AttentionSettings("dot", (x.shape[1] // heads) ** -0.5, torch.inf, dropout)
        ctx.pattern, ctx.heads, ctx.settings = pattern, heads, settings
        ctx.columns = columns_of(pattern, x, trains=True)
        projected = linear(x, weight, bias)
        tensors = AttentionTensors(*_parts(projected, heads), seed=seed)
        rows = (*slots_of(pattern), *ctx.columns)
        ctx.dense = is_dense(tensors, settings, ctx.columns[3], pairs=False)
        if ctx.dense:
            out, lse = x.new_empty(x.shape), x.new_empty(x.shape[0], heads)
            bad = torch.zeros(1, dtype=torch.int32)
            attend_densely(tensors, settings, rows, (out, lse, bad))
            check_indices_found(bad)
        else:
            out, _, _, lse = torch.ops.graphformers.sparse_attention(
                *tensors, *settings, False, False, *rows
            )
        attended = out.flatten(1)
        ctx.save_for_backward(x, weight, bias, seed, attended, lse)
        return attended

    @staticmethod
    def backward(ctx, *grads):
        (grad,) = grads
        x, weight, bias, seed, attended, lse = ctx.saved_tensors
        if torch.is_grad_enabled():  # somebody differentiates twice
            plain = _plain(x, weight, bias, seed, ctx.pattern, ctx.heads, ctx.settings.dropout)
            wanted = gradients(plain, (x, weight, bias), grad, create_graph=True)
            return *wanted, None, None, None, None
        pulled = _pull_back(ctx, grad, linear(x, weight, bias), seed, attended, lse)
        return pulled @ weight, pulled.t() @ x, pulled.sum(0), None, None, None, None


def _pull_back(
    ctx, grad: Tensor, projected: Tensor, seed: Tensor | None, attended: Tensor, lse: Tensor
) -> Tensor:
    """Gradient of the projection: those of query, key and value side by side."""
    tensors = AttentionTensors(*_parts(projected, ctx.heads), seed=seed)
    rows = (*slots_of(ctx.pattern), *ctx.columns)
    if ctx.dense:
        pulled = torch.empty_like(projected)
        bad = torch.zeros(1, dtype=torch.int32)
        known = (lse, attended, None, None, grad.contiguous())
        written = (*_parts(pulled, ctx.heads), None, None, None, None, bad)
        pull_back_densely(tensors, ctx.settings, rows, known, written)
        return pulled
    split = (one.unflatten(1, (ctx.heads, -1)) for one in (grad, attended))
    upstream, out = split
    no_pairs = upstream.new_empty(0, *upstream.shape[1:])
    by_part = torch.ops.graphformers.sparse_attention_backward(
        *(upstream, None, None),
        *(*tensors, *ctx.settings, [False] * 4),
        *(*rows, out, no_pairs, lse),
    )
    return torch.cat([one.flatten(1) for one in by_part[:3]], dim=1)
