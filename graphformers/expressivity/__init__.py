"""What graph models can tell apart: CSL, SR25, EXP, CEXP and BREC."""

from graphformers.expressivity.bundled import CATEGORIES, brec_pairs, strongly_regular_25
from graphformers.expressivity.circular_skip_links import csl_classes, csl_copies
from graphformers.expressivity.classification import Training, cross_validated_accuracy
from graphformers.expressivity.colour_refinement import one_wl_colours
from graphformers.expressivity.contenders import MODELS, REFERENCES, Sizes, check_names
from graphformers.expressivity.graph6 import edges_from_graph6, edges_from_lines
from graphformers.expressivity.graph_set import GraphSet, all_pairs, batch_of
from graphformers.expressivity.hotelling import t_squared, t_squared_threshold
from graphformers.expressivity.outcome import (
    Outcome,
    accuracy_of,
    comparison_outcome,
    separation_outcome,
)
from graphformers.expressivity.pair_refinement import two_fwl_colours
from graphformers.expressivity.paired_comparison import Comparison, Protocol, compare_pairs
from graphformers.expressivity.relabelling import relabelled
from graphformers.expressivity.satisfiability import find_file, read_satisfiability
from graphformers.expressivity.separation import (
    Separation,
    classes_told_apart,
    separated_by_colours,
    separated_by_embeddings,
)
from graphformers.expressivity.walk_encodings import encode_in_double
from graphformers.expressivity.walk_refinement import relative_walk_colours, return_walk_colours

__all__ = [
    "CATEGORIES",
    "MODELS",
    "REFERENCES",
    "Comparison",
    "GraphSet",
    "Outcome",
    "Protocol",
    "Separation",
    "Sizes",
    "Training",
    "accuracy_of",
    "all_pairs",
    "batch_of",
    "brec_pairs",
    "check_names",
    "classes_told_apart",
    "compare_pairs",
    "comparison_outcome",
    "cross_validated_accuracy",
    "csl_classes",
    "csl_copies",
    "edges_from_graph6",
    "edges_from_lines",
    "encode_in_double",
    "find_file",
    "one_wl_colours",
    "read_satisfiability",
    "relabelled",
    "relative_walk_colours",
    "return_walk_colours",
    "separated_by_colours",
    "separated_by_embeddings",
    "separation_outcome",
    "strongly_regular_25",
    "t_squared",
    "t_squared_threshold",
    "two_fwl_colours",
]
