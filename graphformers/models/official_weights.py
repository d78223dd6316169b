"""Weights in the layout of a model's authors, renamed to ours.

Every tensor of ours is one of theirs, or several of theirs one below the other.
"""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from graphformers.errors import ModelFileError
from graphformers.layers.categorical import CategoricalEmbedding
from graphformers.models.features import CategoricalFeatures
from graphformers.models.outputs import HalvingHeadConfig, HeadConfig, SequenceHeadConfig

Renaming = dict[str, tuple[str, ...]]  # our module or tensor: theirs, in the order of the rows

CHIRALITY = 1  # column of the atom table whose list grew from four to five entries


def converted_weights(
    theirs: Mapping[str, Tensor], renaming: Renaming, model: nn.Module
) -> dict[str, Tensor]:
    """The state dict of ``model`` from the authors' tensors.

    An embedding table one row short gets a row of zeros: the slot for unknown categories, which
    then add nothing. The chirality table may have a fifth row that ours does not have.
    Raises ``ModelFileError`` listing what is missing and what was not expected.
    """
    wanted = {name: _official_names(name, renaming) for name in model.state_dict()}
    _check_names(theirs, [name for group in wanted.values() for name in group])
    sizes = {
        f"{name}.tables": module.rows
        for name, module in model.named_modules()
        if isinstance(module, CategoricalEmbedding)
    }
    converted = {}
    for name, group in wanted.items():
        tensors = [theirs[one] for one in group]
        if name in sizes:
            tensors = list(_resized(tensors, sizes[name]))
        converted[name] = tensors[0] if len(tensors) == 1 else torch.cat(tensors)
    return converted


def feature_names(features: object, encoder: str, several: str) -> Renaming:
    """Names of what ``features.build`` made, inside the authors' ``encoder``.

    ``several`` is what they call the list of tables when there is more than one column.
    """
    if isinstance(features, CategoricalFeatures) and len(features.sizes) > 1:
        tables = (f"{encoder}.{several}.{column}.weight" for column in range(len(features.sizes)))
        return {"tables": tuple(tables)}
    return {"tables": (f"{encoder}.encoder.weight",), "linear": (f"{encoder}.encoder",)}


def head_names(head: HeadConfig) -> Renaming:
    """Names of the heads of GraphGym and of the head that halves its width."""
    if isinstance(head, HalvingHeadConfig):
        return {f"head.mlp.layers.{layer}": (f"post_mp.FC_layers.{layer}",) for layer in range(3)}
    if isinstance(head, SequenceHeadConfig):
        words = (f"post_mp.graph_pred_linear_list.{one}" for one in range(head.positions))
        return {"head.linear": tuple(words)}
    mlp = "post_mp.layer_post_mp.model"
    hidden = head.layers - 1
    renaming: Renaming = {
        f"head.mlp.hidden.{layer}": (f"{mlp}.0.Layer_{layer}.layer.model",)
        for layer in range(hidden)
    }
    return renaming | {"head.mlp.output": (f"{mlp}.{1 if hidden else 0}.model",)}


def inside(prefix: str, renaming: Renaming, official: str = "") -> Renaming:
    """The same names inside a module of ours and, if it has one there, a module of theirs."""
    return {
        f"{prefix}.{ours}": tuple(f"{official}{one}" for one in group)
        for ours, group in renaming.items()
    }


def _official_names(name: str, renaming: Renaming) -> list[str]:
    """Their names for one of ours: the longest prefix that is renamed decides."""
    module, rest = name, ""
    while module not in renaming:
        module, _, last = module.rpartition(".")
        rest = f".{last}{rest}"
    return [other + rest for other in renaming[module]]


def _check_names(theirs: Mapping[str, Tensor], wanted: list[str]) -> None:
    missing = [name for name in wanted if name not in theirs]
    unexpected = sorted(set(theirs) - set(wanted))
    if missing or unexpected:
        raise ModelFileError(
            "the weights do not belong to this configuration; "
            f"missing: {_listed(missing)}; unexpected: {_listed(unexpected)}"
        )


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:8]) or "none"
    return f"{shown} and {len(names) - 8} more" if len(names) > 8 else shown


def _resized(tables: list[Tensor], sizes: tuple[int, ...]) -> Iterator[Tensor]:
    for column, (table, size) in enumerate(zip(tables, sizes, strict=True)):
        if size == table.shape[0] + 1:
            yield F.pad(table, (0, 0, 0, 1))
        elif column == CHIRALITY and (table.shape[0], size) == (5, 4):
            yield table[:size]
        else:
            yield table
