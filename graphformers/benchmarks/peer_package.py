"""Packages of others whose models are compared with ours where they are installed."""

import importlib.util
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class PeerPackage:
    """A package by the name it is imported under and by the one it is installed under.

    None of them is a dependency; their models import them when they are built.
    """

    module: str
    distribution: str

    @property
    def installed(self) -> bool:
        """Whether its models can be built."""
        return importlib.util.find_spec(self.module) is not None


NEURALOPERATOR = PeerPackage(module="neuralop", distribution="neuraloperator")
PHYSICSNEMO = PeerPackage(module="physicsnemo", distribution="nvidia-physicsnemo")
