"""What GraphGym, which several authors build on, calls the parts around a model."""

from graphformers.models.features import CategoricalFeatures
from graphformers.models.official_weights import Renaming
from graphformers.models.outputs import HalvingHeadConfig, HeadConfig, SequenceHeadConfig


def feature_names(features: object, encoder: str, several: str) -> Renaming:
    """Names of what ``features.build`` made, inside the authors' ``encoder``.

    ``several`` is what they call the list of tables when there is more than one column.
    """
    if isinstance(features, CategoricalFeatures) and len(features.sizes) > 1:
        tables = (f"{encoder}.{several}.{column}.weight" for column in range(len(features.sizes)))
        return {"tables": tuple(tables)}
    return {"tables": (f"{encoder}.encoder.weight",), "linear": (f"{encoder}.encoder",)}


def head_names(head: HeadConfig) -> Renaming:
    """Names of the heads of GraphGym and of the head that halves its width."""
    if isinstance(head, HalvingHeadConfig):
        return {f"head.mlp.layers.{layer}": (f"post_mp.FC_layers.{layer}",) for layer in range(3)}
    if isinstance(head, SequenceHeadConfig):
        words = (f"post_mp.graph_pred_linear_list.{one}" for one in range(head.positions))
        return {"head.linear": tuple(words)}
    mlp = "post_mp.layer_post_mp.model"
    hidden = head.layers - 1
    renaming: Renaming = {
        f"head.mlp.hidden.{layer}": (f"{mlp}.0.Layer_{layer}.layer.model",)
        for layer in range(hidden)
    }
    return renaming | {"head.mlp.output": (f"{mlp}.{1 if hidden else 0}.model",)}
