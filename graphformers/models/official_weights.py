"""Weights in the layout of a model's authors, renamed to ours.

Every tensor of ours is one of theirs, or several of theirs put together: as a rule one below the
other.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from graphformers.errors import ModelFileError
from graphformers.layers.categorical import CategoricalEmbedding

Renaming = dict[str, tuple[str, ...]]  # our module or tensor: theirs, in the order of the rows
Join = Callable[[Sequence[Tensor]], Tensor]
Checkpoint = Mapping[str, Any]  # tensors by name, alone or beside other things in a trainer's file

# put before every name by parallel wrappers, trainers, compilation and averaging, one or several
WRAPPERS = re.compile(r"^((module|model|_orig_mod|ema_model)\.)+")
CONTAINERS = ("state_dict", "model_state_dict", "model_state", "model")  # where files keep weights
COUNTS = ("n_averaged",)  # steps of an averaged model: no weights
CHIRALITY = 1  # column of the atom table whose list grew from four to five entries
NAMED_AT_MOST = 8  # tensors listed in an error


def unwrapped(state_dict: Checkpoint) -> dict[str, Tensor]:
    """The tensors by the names that the authors' model itself gives them.

    ``state_dict`` may also be a checkpoint that holds it beside other things. Raises
    ``ModelFileError`` for what holds no tensors by name.
    """
    if not isinstance(state_dict, Mapping):
        raise ModelFileError(
            f"weights must be tensors by name, such as model.state_dict(); "
            f"got a {type(state_dict).__name__}"
        )
    held = next((state_dict[name] for name in CONTAINERS if name in state_dict), None)
    if isinstance(held, Mapping):
        return unwrapped(held)
    if state_dict and not any(isinstance(value, Tensor) for value in state_dict.values()):
        raise ModelFileError(f"weights must be tensors by name; got {_listed([*state_dict])}")
    return {
        WRAPPERS.sub("", name): tensor for name, tensor in state_dict.items() if name not in COUNTS
    }


def converted_weights(
    theirs: Mapping[str, Tensor],
    renaming: Renaming,
    model: nn.Module,
    joins: Mapping[str, Join] | None = None,
) -> dict[str, Tensor]:
    """The state dict of ``model`` from the authors' tensors.

    ``joins`` puts together what does not stand one below the other, by our name. An embedding table
    one row short gets a row of zeros: the slot for unknown categories, which then add nothing. The
    chirality table may have a fifth row that ours does not have. What ``renaming`` leaves out they
    have no name for.

    Raises ``ModelFileError`` with the names that are missing, unknown or of another shape.
    """
    expected = model.state_dict()
    wanted = {name: _official_names(name, renaming) for name in expected}
    named = {name for group in wanted.values() for name in group}
    groups = {
        name: [theirs[one] for one in group]
        for name, group in wanted.items()
        if all(one in theirs for one in group)
    }
    joins = _joins_of_tables(model) | dict(joins or {})
    weights = {
        name: _joined(tensors, joins.get(name, _one_below_the_other))
        for name, tensors in groups.items()
    }
    _refuse(
        {
            "missing": [one for group in wanted.values() for one in group if one not in theirs],
            "unknown": [name for name in theirs if name not in named],
            "of another shape": [
                f"{_shapes(wanted[name], groups[name])}, expected {tuple(expected[name].shape)}"
                for name, weight in weights.items()
                if weight is None or weight.shape != expected[name].shape
            ],
        }
    )
    return {name: weight for name, weight in weights.items() if weight is not None}


def inside(prefix: str, renaming: Renaming, official: str = "") -> Renaming:
    """The same names inside a module of ours and, if it has one there, a module of theirs."""
    return {
        f"{prefix}.{ours}": tuple(f"{official}{one}" for one in group)
        for ours, group in renaming.items()
    }


def inside_each(count: int, prefix: str, renaming: Renaming, official: str) -> Renaming:
    """The same names inside ``count`` modules of ours and of theirs, numbered from 0 on."""
    numbered: Renaming = {}
    for number in range(count):
        numbered |= inside(f"{prefix}.{number}", renaming, f"{official}.{number}.")
    return numbered


def _official_names(name: str, renaming: Renaming) -> tuple[str, ...]:
    """Their names for one of ours: the longest prefix that is renamed decides.

    One that is not renamed keeps its name, which then is missing.
    """
    module, rest = name, ""
    while module and module not in renaming:
        module, _, last = module.rpartition(".")
        rest = f".{last}{rest}"
    return tuple(other + rest for other in renaming[module]) if module else (name,)


def _joined(tensors: Sequence[Tensor], join: Join) -> Tensor | None:
    """Theirs together; nothing where their shapes do not allow it."""
    try:
        return join(tensors)
    except RuntimeError:
        return None


def _one_below_the_other(tensors: Sequence[Tensor]) -> Tensor:
    return tensors[0] if len(tensors) == 1 else torch.cat(list(tensors))


def _joins_of_tables(model: nn.Module) -> dict[str, Join]:
    """How the tables of every categorical embedding stand one below the other."""

    def join_for(rows: tuple[int, ...]) -> Join:
        return lambda tables: torch.cat(list(_resized(tables, rows)))

    return {
        f"{name}.tables": join_for(module.rows)
        for name, module in model.named_modules()
        if isinstance(module, CategoricalEmbedding)
    }


def _resized(tables: Sequence[Tensor], sizes: tuple[int, ...]) -> Iterator[Tensor]:
    for column, (table, size) in enumerate(zip(tables, sizes, strict=True)):
        if size == table.shape[0] + 1:
            yield F.pad(table, (0, 0, 0, 1))
        elif column == CHIRALITY and (table.shape[0], size) == (5, 4):
            yield table[:size]
        else:
            yield table


def _refuse(problems: Mapping[str, Sequence[str]]) -> None:
    text = "; ".join(f"{what}: {_listed(names)}" for what, names in problems.items() if names)
    if text:
        raise ModelFileError(f"these weights do not fit the configuration. {text}")


def _shapes(names: Sequence[str], tensors: Sequence[Tensor]) -> str:
    parts = zip(names, tensors, strict=True)
    return " + ".join(f"{name} {tuple(tensor.shape)}" for name, tensor in parts)


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:NAMED_AT_MOST])
    more = len(names) - NAMED_AT_MOST
    return f"{shown} and {more} more" if more > 0 else shown
