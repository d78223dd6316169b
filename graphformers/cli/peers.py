"""Which models of other packages a comparison can offer."""

from collections.abc import Mapping

from rich.console import Console

from graphformers.benchmarks.peer_package import PeerPackage


def installed(packages: Mapping[str, PeerPackage | None], console: Console) -> list[str]:
    """The models whose package is there, if they need one; a line for every other."""
    there = []
    for model, package in packages.items():
        if package is None or package.installed:
            there.append(model)
        else:
            what = f"{model} is left out: pip install {package.distribution}"
            console.print(what, highlight=False, soft_wrap=True)
    return there
