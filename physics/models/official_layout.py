"""Weights in the layout of published programs, renamed to ours."""

from collections.abc import Callable, Mapping

from torch import Tensor

from graphformers.errors import ModelFileError

PARALLEL = "module."  # put before every key by torch's parallel wrappers
NAMED_AT_MOST = 8  # keys listed in an error


def renamed_weights(
    state_dict: Mapping[str, Tensor],
    our_name: Callable[[str], str],
    expected: Mapping[str, Tensor],
) -> dict[str, Tensor]:
    """The published tensors under our names; ``expected`` is our state dict.

    ``our_name`` gives the name of ours for one of theirs, or theirs when it does not know it.
    Raises ``ModelFileError`` with the keys that are missing, unknown or of another shape.
    """
    theirs = {key.removeprefix(PARALLEL): value for key, value in state_dict.items()}
    named = {key: our_name(key) for key in theirs}
    weights = {ours: theirs[key] for key, ours in named.items() if ours in expected}
    problems = {
        "missing": [name for name in expected if name not in weights],
        "unknown": [key for key, ours in named.items() if ours not in expected],
        "of another shape": [
            f"{key} {tuple(theirs[key].shape)}, expected {tuple(expected[ours].shape)}"
            for key, ours in named.items()
            if ours in expected and theirs[key].shape != expected[ours].shape
        ],
    }
    text = "; ".join(f"{what}: {_listed(keys)}" for what, keys in problems.items() if keys)
    if text:
        raise ModelFileError(f"these weights do not fit the configuration. {text}")
    return weights


def renamed_prefix(key: str, table: Mapping[str, str]) -> str:
    """The key with the first prefix of the table that it has replaced; itself without one."""
    for prefix, ours in table.items():
        if key.startswith(prefix):
            return ours + key.removeprefix(prefix)
    return key


def in_numbered_blocks(
    key: str, blocks: str, block: Mapping[str, str], ends: Mapping[str, str]
) -> str:
    """Rename inside the blocks, ``{blocks}{number}.``, by one table and outside by another.

    What stands in a block and is not in its table is looked for outside, with its number.
    """
    if key.startswith(blocks):
        number, _, rest = key.removeprefix(blocks).partition(".")
        renamed = renamed_prefix(rest, block)
        if renamed != rest:
            return f"blocks.{number}.{renamed}"
    return renamed_prefix(key, ends)


def _listed(keys: list[str]) -> str:
    shown = ", ".join(keys[:NAMED_AT_MOST])
    return shown if len(keys) <= NAMED_AT_MOST else f"{shown} and {len(keys) - NAMED_AT_MOST} more"
