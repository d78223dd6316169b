"""From sets of graphs to predictions for graphs or for nodes."""

from graphformers.graphs.dataset import load_dataset
from graphformers.graphs.folder import read_graph_folder
from graphformers.graphs.from_data import from_data
from graphformers.graphs.graph_set import GraphSet
from graphformers.graphs.predictor import GraphPredictor

__all__ = ["GraphPredictor", "GraphSet", "from_data", "load_dataset", "read_graph_folder"]
