"""What a graph model's prediction hangs on: its nodes, its heads, where they look."""

from graphformers.explain.ablation import ablated_heads, head_deviation
from graphformers.explain.attention import (
    AttentionWeights,
    attention_layers,
    attention_weights,
    received_attention,
)
from graphformers.explain.head_analysis import (
    HeadAnalysis,
    HeadAverages,
    analyse_heads,
    focus,
    specialization,
)
from graphformers.explain.model_input import embedded_input, mean_input
from graphformers.explain.model_output import explained_output
from graphformers.explain.occluded_nodes import occlusion
from graphformers.explain.path_gradients import integrated_gradients

__all__ = [
    "AttentionWeights",
    "HeadAnalysis",
    "HeadAverages",
    "ablated_heads",
    "analyse_heads",
    "attention_layers",
    "attention_weights",
    "embedded_input",
    "explained_output",
    "focus",
    "head_deviation",
    "integrated_gradients",
    "mean_input",
    "occlusion",
    "received_attention",
    "specialization",
]
