"""Finding DGL, quietly, and what of it is used here."""

import importlib
import os
from collections.abc import Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Protocol, runtime_checkable

from torch import Tensor

from graphformers.errors import MissingExtraError


@runtime_checkable
class DGLGraph(Protocol):
    """The part of ``dgl.DGLGraph`` that is read here."""

    ndata: MutableMapping[str, Tensor]
    edata: MutableMapping[str, Tensor]
    ntypes: Sequence[str]
    canonical_etypes: Sequence[tuple[str, str, str]]

    def edges(self, form: str = "uv", order: str = "eid") -> tuple[Tensor, Tensor]:
        """Sources and targets, by edge number."""
        ...

    def num_src_nodes(self) -> int:
        """Nodes that edges may come from."""
        ...

    def num_dst_nodes(self) -> int:
        """Nodes that edges may go to."""
        ...

    def batch_num_nodes(self) -> Tensor:
        """Number of nodes of every graph of a batch."""
        ...


def import_dgl() -> ModuleType:
    """The module ``dgl``, on torch.

    Left alone, its import would ask for a backend on standard output and write its choice into the
    user's home folder. Raises ``MissingExtraError`` where DGL is not installed, or is but does not
    fit the torch beside it.
    """
    try:
        with _torch_as_backend():
            return importlib.import_module("dgl")
    except ModuleNotFoundError as error:
        if error.name == "dgl":
            raise MissingExtraError("dgl", "dgl") from error
        raise MissingExtraError("dgl", "dgl", reason=str(error)) from error
    except Exception as error:  # a library that does not load fails in ways of its own
        raise MissingExtraError("dgl", "dgl", reason=str(error)) from error


@contextmanager
def _torch_as_backend() -> Iterator[None]:
    """What DGL reads while it is imported; a choice of the user's own stays."""
    if "DGLBACKEND" in os.environ:
        yield
        return
    os.environ["DGLBACKEND"] = "pytorch"
    try:
        yield
    finally:
        del os.environ["DGLBACKEND"]
