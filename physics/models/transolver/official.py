"""Names of the published programs for the parts of ours.

The authors' program and NVIDIA PhysicsNeMo (without Transformer Engine) name the same parts
differently. The latter adds no token to the points and keeps query, key and value in one matrix.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from graphformers.errors import ConfigError
from graphformers.models.official_weights import (
    Checkpoint,
    Join,
    Renaming,
    converted_weights,
    inside_each,
    unwrapped,
)
from graphformers.physics.models.transolver.config import TransolverConfig

ATTENTION: Renaming = {
    "attention_norm": ("ln_1",),
    "attention.temperature": ("Attn.temperature",),
    "attention.point": ("Attn.in_project_x",),
    "attention.feature": ("Attn.in_project_fx",),
    "attention.slices": ("Attn.in_project_slice",),
}


class Program(NamedTuple):
    """How a program names the parts; its decoder is inside its last block."""

    ends: Renaming
    block: Renaming
    decoder: Renaming

    def names(self, blocks: int) -> Renaming:
        """Their names for every module of a Transolver."""
        last = f"blocks.{blocks - 1}"
        decoder = {
            ours: tuple(f"{last}.{one}" for one in group) for ours, group in self.decoder.items()
        }
        return self.ends | decoder | inside_each(blocks, "blocks", self.block, "blocks")


AUTHORS = Program(
    ends={
        "token": ("placeholder",),
        "encoder.layers.0": ("preprocess.linear_pre.0",),
        "encoder.layers.1": ("preprocess.linear_post",),
    },
    block=ATTENTION
    | {
        "attention.query": ("Attn.to_q",),
        "attention.key": ("Attn.to_k",),
        "attention.value": ("Attn.to_v",),
        "attention.output": ("Attn.to_out.0",),
        "feed_forward_norm": ("ln_2",),
        "feed_forward.layers.0": ("mlp.linear_pre.0",),
        "feed_forward.layers.1": ("mlp.linear_post",),
    },
    decoder={"decoder.0": ("ln_3",), "decoder.1": ("mlp2",)},
)
PHYSICSNEMO = Program(
    ends={
        "token": ("placeholder",),  # theirs has none: zero
        "encoder.layers.0": ("preprocess.layers.0",),
        "encoder.layers.1": ("preprocess.layers.2",),
    },
    block=ATTENTION
    | {
        "attention.query": ("Attn.qkv_project",),
        "attention.key": ("Attn.qkv_project",),
        "attention.value": ("Attn.qkv_project",),
        "attention.output": ("Attn.out_linear",),
        "feed_forward_norm": ("ln_mlp1.0",),
        "feed_forward.layers.0": ("ln_mlp1.1.layers.0",),
        "feed_forward.layers.1": ("ln_mlp1.1.layers.2",),
    },
    decoder={"decoder.0": ("ln_mlp2.0",), "decoder.1": ("ln_mlp2.1",)},
)
EPSILON, TEMPERATURES = 1e-2, (0.5, 5.0)  # of PhysicsNeMo


def from_official_layout(
    state_dict: Checkpoint, config: TransolverConfig, model: nn.Module
) -> dict[str, Tensor]:
    """Our weights from those of either program.

    Raises ``ModelFileError`` with the names that are missing, unknown or of another shape, and
    ``ConfigError`` for weights of PhysicsNeMo where the configuration has not its numbers.
    """
    theirs = unwrapped(state_dict)
    if not any(name.startswith("preprocess.layers.") for name in theirs):
        return converted_weights(theirs, AUTHORS.names(config.blocks), model)
    numbers = (config.epsilon, config.temperature_range)
    if numbers != (EPSILON, TEMPERATURES):
        raise ConfigError(
            f"weights of PhysicsNeMo need epsilon={EPSILON} and temperature_range={TEMPERATURES}; "
            f"got {numbers[0]} and {numbers[1]}"
        )
    theirs = {"placeholder": torch.zeros(config.dim)} | theirs
    return converted_weights(theirs, PHYSICSNEMO.names(config.blocks), model, _joins(config.blocks))


def _joins(blocks: int) -> dict[str, Join]:
    """A third of their projection each for query, key and value; heads along another axis."""
    joins: dict[str, Join] = {}
    for block in range(blocks):
        attention = f"blocks.{block}.attention"
        joins[f"{attention}.temperature"] = lambda one: one[0].view(1, -1, 1, 1)
        for third, name in enumerate(("query", "key", "value")):
            joins[f"{attention}.{name}.weight"] = _third(third)
    return joins


def _third(number: int) -> Join:
    return lambda one: one[0].tensor_split(3)[number]
