"""Attention of nodes among themselves, from the projection of their features on."""

import torch
from jaxtyping import Float
from torch import Tensor

from graphformers.kernels.attention.op import columns_of, drawn_seed, slots_of, sparse_attention
from graphformers.kernels.attention.record import recording
from graphformers.kernels.attention.reference import AttentionSettings, AttentionTensors
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
    query, key, value = _projected(x, weight, bias, heads)
    return sparse_attention(query, key, value, pattern, dropout=dropout, seed=seed).flatten(1)


def _projected(x: Tensor, weight: Tensor, bias: Tensor, heads: int) -> list[Tensor]:
    """Query, key and value, each in memory of its own, as the kernels want them."""
    parts = zip(weight.chunk(3), bias.chunk(3), strict=True)
    return [torch.addmm(one, x, part.t()).unflatten(1, (heads, -1)) for part, one in parts]


class _SelfAttention(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight, bias, seed, pattern, heads, dropout):
        query, key, value = _projected(x, weight, bias, heads)
        ctx.pattern, ctx.heads = pattern, heads
        ctx.settings = AttentionSettings("dot", query.shape[2] ** -0.5, torch.inf, dropout)
        tensors = AttentionTensors(query, key, value, seed=seed)
        ctx.columns = columns_of(pattern, query, trains=True)
        out, ctx.pair_sum, _, lse = torch.ops.graphformers.sparse_attention(
            *tensors, *ctx.settings, False, False, *slots_of(pattern), *ctx.columns
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
            wanted = torch.autograd.grad(plain, (x, weight, bias), grad, create_graph=True)
            return *wanted, None, None, None, None
        tensors = AttentionTensors(*_projected(x, weight, bias, ctx.heads), seed=seed)
        rows = (*slots_of(ctx.pattern), *ctx.columns)
        by_head = (one.unflatten(1, (ctx.heads, -1)) for one in (grad, attended))
        upstream, out = by_head
        pulled = torch.ops.graphformers.sparse_attention_backward(
            upstream,
            None,
            None,
            *tensors,
            *ctx.settings,
            [False] * 4,
            *rows,
            out,
            ctx.pair_sum,
            lse,
        )
        return *_through_projection([one.flatten(1) for one in pulled[:3]], x, weight), *[None] * 4


def _through_projection(
    parts: list[Tensor], x: Tensor, weight: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of the features, the weight and the bias from those of query, key and value."""
    first, *others = zip(parts, weight.chunk(3), strict=True)
    grad_x = first[0] @ first[1]
    for part, of_part in others:
        grad_x.addmm_(part, of_part)
    grad_weight = torch.empty_like(weight)
    for part, of_part in zip(parts, grad_weight.chunk(3), strict=True):
        torch.mm(part.t(), x, out=of_part)
    return grad_x, grad_weight, torch.cat([part.sum(0) for part in parts])
