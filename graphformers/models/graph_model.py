"""What every graph model has in common."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TypeVar

from jaxtyping import Float
from torch import Tensor, nn

from graphformers.checkpoint import Config, PretrainedModel
from graphformers.graph_batch import GraphBatch
from graphformers.layers.heads import Head
from graphformers.models.official_weights import Checkpoint, Renaming, converted_weights, unwrapped

Model = TypeVar("Model", bound="GraphModel")


class GraphModel(PretrainedModel[Config], ABC):
    """Node states from a batch of graphs, and a head that predicts from them.

    ``config.encodings`` names what must be computed for every node beforehand, and
    ``config.pair_encodings`` what is read for every pair: it is computed from the batch unless the
    batch carries it.
    """

    node_features: nn.Module  # called once per batch, on ``batch.x``
    head: Head

    @abstractmethod
    def node_states(self, batch: GraphBatch) -> Float[Tensor, "nodes dim"]:
        """Node features after the last block: what the head reads."""

    def forward(self, batch: GraphBatch) -> Float[Tensor, "rows out"]:
        """Predict one row per graph, or one per node with a ``NodeHead``.

        Raises ``DataError`` when the batch lacks an encoding that ``config.encodings`` asks for,
        ``ShapeError`` when an edge joins different graphs.
        """
        batch.check()
        return self.head(self.node_states(batch), batch.ptr)


class PublishedGraphModel(GraphModel[Config], ABC):
    """A graph model whose authors' weights can be read."""

    @classmethod
    @abstractmethod
    def official_names(cls, config: Config, theirs: Mapping[str, Tensor]) -> Renaming:
        """The authors' names for the modules and tensors of a model of this configuration."""

    @classmethod
    def official_tensors(
        cls, state_dict: Mapping[str, Tensor], config: Config
    ) -> Mapping[str, Tensor]:
        """Their tensors before they are renamed; a model whose layout differs reshapes here."""
        del config
        return state_dict

    @classmethod
    def from_official(
        cls: type["PublishedModel"], state_dict: Checkpoint, config: Config
    ) -> "PublishedModel":
        """A model with weights in the authors' layout, in evaluation mode.

        ``state_dict`` is the state of their model; names may start with their training framework's
        prefix. Raises ``ModelFileError`` with those that are missing, unknown or of another shape.
        """
        model = cls(config)
        theirs = cls.official_tensors(unwrapped(state_dict), config)
        renaming = cls.official_names(config, theirs)
        model.load_state_dict(converted_weights(theirs, renaming, model))
        return model.eval()


PublishedModel = TypeVar("PublishedModel", bound=PublishedGraphModel)
