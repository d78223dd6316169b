"""Weights in the layout of the published programs.

Every tensor of ours is made of one of theirs or of several: three maps stand one below the other,
two sets of complex modes follow each other along the first axis of frequencies.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

import torch
from einops import rearrange
from torch import Tensor, nn

from graphformers.models.official_weights import (
    Checkpoint,
    Join,
    Renaming,
    converted_weights,
    inside_each,
    unwrapped,
)
from graphformers.physics.models.continuum.config import (
    FourierAttentionNeuralOperatorConfig,
    TransformerNeuralOperatorConfig,
    ViTNeuralOperatorConfig,
)

# What published programs keep beside their weights: position codes that their models do not add,
# the constant factor of the logits, a first map that another one replaces.
UNUSED = ("pe_discrete", "even_inds", "odd_inds")
UNUSED_SUFFIX = ".scaled_dot_product_attention.scale"
REPLACED = ("linear_in.weight", "linear_in.bias")

POINTWISE: Renaming = {
    "query_key_value": ("self_attn.W_q", "self_attn.W_k", "self_attn.W_v"),
    "output": ("self_attn.W_o",),
}
MODES: Renaming = {
    "query_key_value.weight": tuple(
        f"self_attn.{one}_operator.weights{sign}"
        for one in ("query", "key", "value")
        for sign in (1, 2)
    ),
    "output": ("self_attn.out_linear",),
}
NORMS: Renaming = {"attention_norm": ("norm1",), "output_norm": ("norm2",)}
TIME_UPDATE = NORMS | {"widen": ("feed_forward.fc1",), "narrow": ("feed_forward.fc2",)}
PATCH_UPDATE = NORMS | {"widen": ("linear1",), "narrow": ("linear2",)}
ENDS: Renaming = {
    "output": ("linear_out",),
    "smoothing.weight": ("smoothing.weights1", "smoothing.weights2"),
}


class Layout(NamedTuple):
    """Their names of what is ours, how it is put together, and what is left out."""

    names: Renaming
    joins: Mapping[str, Join]
    unused: tuple[str, ...] = UNUSED


def transformer_layout(config: TransformerNeuralOperatorConfig) -> Layout:
    """Of a ``TransformerNeuralOperator``."""
    ends: Renaming = {
        "lift": ("linear_in_position",),
        "initial_lift": ("linear_in_initialcond",),
        "output": ("linear_out",),
    }
    return Layout(ends | _layers(config.layers, POINTWISE, TIME_UPDATE), {}, UNUSED + REPLACED)


def vision_layout(config: ViTNeuralOperatorConfig) -> Layout:
    """Of a ``ViTNeuralOperator``."""
    ends = ENDS | {"lift.weight": ("linear_in.weights1", "linear_in.weights2")}
    names = ends | _layers(config.layers, POINTWISE, PATCH_UPDATE)
    return Layout(names, {"lift.weight": _modes, "smoothing.weight": _modes})


def fourier_layout(config: FourierAttentionNeuralOperatorConfig) -> Layout:
    """Of a ``FourierAttentionNeuralOperator``."""
    names = ENDS | {"lift": ("linear_in",)} | _layers(config.layers, MODES, PATCH_UPDATE)
    joins: dict[str, Join] = {"smoothing.weight": _modes}
    for layer in range(config.layers):
        projections = f"attentions.{layer}.query_key_value.weight"
        joins[projections] = partial(_modes_of_heads, heads=config.heads)
    return Layout(names, joins)


def from_official_layout(
    state_dict: Checkpoint, layout: Layout, model: nn.Module
) -> dict[str, Tensor]:
    """Our tensors from theirs.

    Raises ``ModelFileError`` with the names that are missing, unknown or of another shape.
    """
    theirs = {
        name: tensor
        for name, tensor in unwrapped(state_dict).items()
        if name not in layout.unused and not name.endswith(UNUSED_SUFFIX)
    }
    return converted_weights(theirs, layout.names, model, layout.joins)


def _layers(layers: int, attention: Renaming, update: Renaming) -> Renaming:
    theirs = "encoder.layers"
    attentions = inside_each(layers, "attentions", attention, theirs)
    return attentions | inside_each(layers, "updates", update, theirs)


def _modes(tensors: Sequence[Tensor]) -> Tensor:
    """Complex modes of non-negative and of negative frequencies of the first axis."""
    turned = [rearrange(one, "i o rows columns -> rows columns i o") for one in tensors]
    return torch.view_as_real(torch.cat(turned))


def _modes_of_heads(tensors: Sequence[Tensor], *, heads: int) -> Tensor:
    """Of several operators, side by side; the number of the head runs fastest."""
    pattern = "i o rows columns heads -> rows columns i (o heads)"
    turned = [rearrange(one, pattern, heads=heads) for one in tensors]
    operators = [torch.cat(pair) for pair in zip(turned[::2], turned[1::2], strict=True)]
    return torch.view_as_real(torch.cat(operators, dim=-1))
