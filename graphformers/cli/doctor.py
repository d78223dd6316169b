"""``graphformers doctor``: what is installed, what it runs on, what is missing."""

import importlib.util
import os
import platform
from collections.abc import Sequence
from importlib import metadata

import torch
from jsonargparse import ArgumentParser
from rich.console import Console
from rich.table import Table

from graphformers.kernels.diagnostics import kernel_report

REQUIRED = (
    "graphformers", "torch", "torch-geometric", "warp-lang", "lightning", "torchmetrics",
    "safetensors", "rdkit", "pyvista", "vtk", "scipy", "numpy", "pyarrow", "zarr", "scikit-learn",
)  # fmt: skip
EXTRAS = {
    "dgl": ("dgl", "interoperability with DGL graphs"),
    "app": ("trame", "the web page that shows a surrogate"),
    "hub": ("huggingface_hub", "loading weights from a model hub"),
    "scale": ("ray", "featurising and predicting on several machines"),
    "airfoils": ("gmsh", "meshing new airfoil cases"),
}


def main(arguments: Sequence[str]) -> int:
    """Print the report; the exit status is 1 when something needed is missing or broken."""
    ArgumentParser(prog="graphformers doctor", description=__doc__).parse_args(list(arguments))
    console = Console()
    missing = _print_versions(console)
    _print_device(console)
    broken = _print_kernels(console)
    _print_extras(console)
    return 1 if missing or broken else 0


def _print_versions(console: Console) -> list[str]:
    table = Table("library", "version", box=None, padding=(0, 2), title_justify="left")
    table.add_row("python", platform.python_version())
    missing = []
    for name in REQUIRED:
        try:
            table.add_row(name, metadata.version(name))
        except metadata.PackageNotFoundError:
            missing.append(name)
            table.add_row(name, "[red]missing[/]")
    console.print(table)
    return missing


def _print_device(console: Console) -> None:
    cuda = torch.cuda.get_device_name(0) if torch.cuda.is_available() else "none"
    console.print(f"\nCUDA device     {cuda}", highlight=False)
    threads = f"{torch.get_num_threads()} of {os.cpu_count()} CPUs"
    console.print(f"torch threads   {threads}", highlight=False)


def _print_kernels(console: Console) -> bool:
    report = kernel_report()
    size = f"{report.cache_bytes / 1e6:.1f} MB"
    console.print(f"kernel cache    {report.cache} ({size})", highlight=False, soft_wrap=True)
    state = "[green]work[/]" if report.error is None else f"[red]fail[/]: {report.error}"
    console.print(f"Warp kernels    {state}", highlight=False)
    return report.error is not None


def _print_extras(console: Console) -> None:
    table = Table("extra", "for", "", box=None, padding=(0, 2))
    for extra, (module, purpose) in EXTRAS.items():
        there = importlib.util.find_spec(module) is not None
        hint = "installed" if there else f'pip install "graphformers\\[{extra}]"'
        table.add_row(extra, purpose, hint)
    console.print()
    console.print(table)
