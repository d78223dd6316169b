"""Weights in the layout of the published programs.

Every tensor of ours is made of one of theirs or of several: three maps stand one below the other,
two sets of complex modes follow each other along the first axis of frequencies.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from graphformers.physics.models.official_layout import PARALLEL, renamed_weights

# What published programs keep beside their weights: position codes that their models do not add, a
# first map that another one replaces, the constant factor of the logits.
UNUSED = ("pe_discrete", "even_inds", "odd_inds", "linear_in.weight", "linear_in.bias")
UNUSED_SUFFIX = ".scaled_dot_product_attention.scale"


class Piece(NamedTuple):
    """One of our tensors: their names, the shape of each, and how they are put together."""

    names: tuple[str, ...]
    shape: tuple[int, ...]
    joined: Callable[[list[Tensor]], Tensor]


def transformer_pieces(ours: Mapping[str, Tensor], layers: int) -> dict[str, Piece]:
    """Of a ``TransformerNeuralOperator``."""
    maps = {"lift": "linear_in_position", "output": "linear_out"}
    if "initial_lift.weight" in ours:
        maps["initial_lift"] = "linear_in_initialcond"
    for layer in range(layers):
        inside = f"encoder.layers.{layer}"
        maps[f"attentions.{layer}.output"] = f"{inside}.self_attn.W_o"
        maps |= _update(layer, f"{inside}.feed_forward.fc1", f"{inside}.feed_forward.fc2")
    return _linear(ours, maps) | dict(_pointwise_projections(ours, layers))


def vision_pieces(ours: Mapping[str, Tensor], layers: int) -> dict[str, Piece]:
    """Of a ``ViTNeuralOperator``."""
    maps = {"output": "linear_out"}
    for layer in range(layers):
        inside = f"encoder.layers.{layer}"
        maps[f"attentions.{layer}.output"] = f"{inside}.self_attn.W_o"
        maps |= _update(layer, f"{inside}.linear1", f"{inside}.linear2")
    pieces = _linear(ours, maps) | dict(_pointwise_projections(ours, layers))
    pieces["lift.weight"] = _modes(ours["lift.weight"], ["linear_in"])
    return pieces | _smoothing(ours)


def fourier_pieces(ours: Mapping[str, Tensor], layers: int, heads: int) -> dict[str, Piece]:
    """Of a ``FourierAttentionNeuralOperator``."""
    maps = {"lift": "linear_in", "output": "linear_out"}
    pieces = {}
    for layer in range(layers):
        inside = f"encoder.layers.{layer}"
        maps[f"attentions.{layer}.output"] = f"{inside}.self_attn.out_linear"
        maps |= _update(layer, f"{inside}.linear1", f"{inside}.linear2")
        operators = [f"{inside}.self_attn.{one}_operator" for one in ("query", "key", "value")]
        name = f"attentions.{layer}.query_key_value.weight"
        pieces[name] = _modes(ours[name], operators, heads)
    return _linear(ours, maps) | pieces | _smoothing(ours)


def assembled(state_dict: Mapping[str, Tensor], pieces: Mapping[str, Piece]) -> dict[str, Tensor]:
    """Our tensors from theirs.

    Raises ``ModelFileError`` with the keys that are missing, unknown or of another shape.
    """
    expected = {
        name: torch.empty(piece.shape, device="meta")
        for piece in pieces.values()
        for name in piece.names
    }
    used = {key: value for key, value in state_dict.items() if not _is_unused(key, expected)}
    theirs = renamed_weights(used, lambda key: key, expected)
    return {
        ours: piece.joined([theirs[name] for name in piece.names]) for ours, piece in pieces.items()
    }


def _is_unused(key: str, expected: Mapping[str, Tensor]) -> bool:
    name = key.removeprefix(PARALLEL)
    return name not in expected and (name in UNUSED or name.endswith(UNUSED_SUFFIX))


def _update(layer: int, widen: str, narrow: str) -> dict[str, str]:
    return {
        f"updates.{layer}.widen": widen,
        f"updates.{layer}.narrow": narrow,
        f"updates.{layer}.attention_norm": f"encoder.layers.{layer}.norm1",
        f"updates.{layer}.output_norm": f"encoder.layers.{layer}.norm2",
    }


def _linear(ours: Mapping[str, Tensor], maps: Mapping[str, str]) -> dict[str, Piece]:
    """Weight and bias of maps that both sides keep alike."""
    return {
        f"{name}.{part}": _below_each_other(ours[f"{name}.{part}"], [f"{other}.{part}"])
        for name, other in maps.items()
        for part in ("weight", "bias")
    }


def _pointwise_projections(ours: Mapping[str, Tensor], layers: int) -> Iterator[tuple[str, Piece]]:
    for layer in range(layers):
        for part in ("weight", "bias"):
            name = f"attentions.{layer}.query_key_value.{part}"
            maps = [f"encoder.layers.{layer}.self_attn.W_{one}.{part}" for one in "qkv"]
            yield name, _below_each_other(ours[name], maps)


def _below_each_other(ours: Tensor, names: Sequence[str]) -> Piece:
    shape = (ours.shape[0] // len(names), *ours.shape[1:])
    return Piece(tuple(names), shape, torch.cat)


def _smoothing(ours: Mapping[str, Tensor]) -> dict[str, Piece]:
    name = "smoothing.weight"
    return {name: _modes(ours[name], ["smoothing"])} if name in ours else {}


def _modes(ours: Tensor, operators: Sequence[str], heads: int | None = None) -> Piece:
    """Complex modes of several operators, side by side; the number of the head runs fastest."""
    signed, last, dim_in, dim_out, _ = ours.shape
    out = dim_out // len(operators)
    shape = (dim_in, out, signed // 2, last)
    if heads is not None:
        shape = (dim_in, out // heads, signed // 2, last, heads)

    def joined(tensors: list[Tensor]) -> Tensor:
        pairs = zip(tensors[::2], tensors[1::2], strict=True)
        parts = [torch.cat(pair, dim=2).movedim((2, 3), (0, 1)).flatten(3) for pair in pairs]
        return torch.view_as_real(torch.cat(parts, dim=-1))

    names = tuple(f"{one}.weights{sign}" for one in operators for sign in (1, 2))
    return Piece(names, shape, joined)
