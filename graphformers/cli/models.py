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
from graphformers.physics.field_system import FIELD_SYSTEMS


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
MESH_SYSTEMS = tuple(
    System(
        name=one.model.__name__,
        module="graphformers.physics.models",
        tasks="fields on meshes",
        command=f"physics train --model {name}",
        source=one.source,
    )
    for name, one in FIELD_SYSTEMS.items()
)
SYSTEMS = (*GRAPH_SYSTEMS, *MESH_SYSTEMS)


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
    console.print('\nEvery model has the preset "small" too, made for the columns of the data.')
    return 0


def parameter_counts(model_class: type[PretrainedModel]) -> dict[str, int]:
    """Number of parameters of every preset."""
    with torch.device("meta"):  # shapes alone
        return {
            name: sum(one.numel() for one in model_class.preset(name).parameters())
            for name in preset_names(model_class.config_class)
        }
