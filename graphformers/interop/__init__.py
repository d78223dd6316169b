"""Graphs of other libraries, so that they go through every model and operator here."""

from graphformers.interop.dgl_graph import from_dgl, pattern_from_dgl, to_dgl
from graphformers.interop.dgl_library import DGLGraph, import_dgl

__all__ = ["DGLGraph", "from_dgl", "import_dgl", "pattern_from_dgl", "to_dgl"]
