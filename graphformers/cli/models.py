"""``graphformers models``: the systems, what each can do and where it comes from."""

import importlib
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jsonargparse import ArgumentParser
from rich.console import Console
from rich.table import Table

from graphformers import systems
from graphformers.checkpoint import PretrainedModel, preset_names


@dataclass(frozen=True)
class System:
    """One published system: where its model is, what it is for, who published it."""

    name: str
    module: str
    tasks: str
    command: str
    source: str

    def model_class(self) -> type[PretrainedModel]:
        """Import the model."""
        return getattr(importlib.import_module(self.module), self.name)


GRAPH_SYSTEMS = tuple(
    System(
        name=one.model.__name__,
        module="graphformers.models",
        tasks="properties of molecules, graphs and nodes",
        command=f"molecules or graphs train --model {one.name}",
        source=one.source,
    )
    for one in systems.SYSTEMS.values()
)
SYSTEMS = (
    *GRAPH_SYSTEMS,
    System(
        name="PhysGTO",
        module="graphformers.physics",
        tasks="fields on meshes, static and in time",
        command="physics train --model physgto",
        source="Liu et al. 2025, arXiv:2512.10227",
    ),
)


def main(arguments: Sequence[str]) -> int:
    """Print the table of systems and the table of their presets."""
    ArgumentParser(prog="graphformers models", description=__doc__).parse_args(list(arguments))
    console = Console()
    overview = Table("system", "predicts", "command", "source", box=None, padding=(0, 2))
    presets = Table("system", "preset", "parameters", box=None, padding=(0, 2))
    for system in SYSTEMS:
        overview.add_row(system.name, system.tasks, system.command, system.source)
        for name, count in parameter_counts(system.model_class()).items():
            presets.add_row(system.name, name, f"{count:,}")
    console.print(overview)
    console.print()
    console.print(presets)
    console.print(
        '\nGraph models have the preset "small" too, with tables for the features of the data.'
    )
    return 0


def parameter_counts(model_class: type[PretrainedModel]) -> dict[str, int]:
    """Number of parameters of every preset."""
    with torch.device("meta"):  # shapes alone
        return {
            name: sum(one.numel() for one in model_class.preset(name).parameters())
            for name in preset_names(model_class.config_class)
        }
