"""What a surrogate is trained on in one step: part of the points, one of both mirror images."""

import dataclasses
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from graphformers.graph_batch import GraphBatch
from graphformers.physics.conditions import mirrored_columns
from graphformers.physics.normalization import Normalization
from graphformers.physics.wall import node_feature_names


class Mirror:
    """Changing the sign of y in a 2-D batch, and of every column that follows it.

    A flow whose parameters are known to change with the mirror image (the angle of attack does, the
    Reynolds number does not) has a mirror image that is as true as itself.
    """

    def __init__(self, normalization: Normalization):
        self._normalization = normalization
        names = node_feature_names(2)
        self._feature = torch.tensor([-1.0 if name.endswith("_y") else 1.0 for name in names])
        self._condition = torch.tensor(mirrored_columns(normalization.parameters))
        self._field = torch.tensor(_field_signs(list(normalization.field_components.values())))

    def inputs(self, batch: GraphBatch) -> GraphBatch:
        """The mirror image of what the model reads."""
        scale = self._normalization
        positions, conditions = batch.positions, batch.conditions
        return dataclasses.replace(
            batch,
            x=_turned(batch.x, self._feature, scale.feature_mean / scale.feature_std),
            positions=None
            if positions is None
            else _turned(positions, torch.tensor([1.0, -1.0]), scale.center / scale.length),
            conditions=None
            if conditions is None
            else _turned(conditions, self._condition, scale.condition_mean / scale.condition_std),
        )

    def fields(self, output: Tensor) -> Tensor:
        """The mirror image of normalised fields; its own inverse."""
        scale = self._normalization
        return _turned(output, self._field, scale.field_mean / scale.field_std)


class PartOfTheCase(nn.Module):
    """A model that, while training, sees a random part of the points of every batch.

    The other points get NaN, which the objectives leave out. Edges between chosen points stay.
    With a mirror, every other step on average sees the mirror image. Evaluation is untouched.
    """

    def __init__(self, model: nn.Module, *, share: float, mirror: Mirror | None):
        super().__init__()
        self.model = model
        self.share = share
        self.mirror = mirror

    def forward(self, batch: GraphBatch) -> Float[Tensor, "nodes components"]:
        """Normalised fields at every point, NaN where a point was left out."""
        if not self.training:
            return self.model(batch)
        part, chosen = random_part(batch, self.share)
        if self.mirror is None or torch.rand(()) < 0.5:
            output = self.model(part)
        else:
            output = self.mirror.fields(self.model(self.mirror.inputs(part)))
        if chosen is None:
            return output
        everywhere = output.new_full((batch.num_nodes, output.shape[1]), torch.nan)
        return everywhere.index_copy(0, chosen, output)


def random_part(batch: GraphBatch, share: float) -> tuple[GraphBatch, Tensor | None]:
    """A random share of the points with the edges between them, and the numbers of the points."""
    if share >= 1:
        return batch, None
    count = max(int(share * batch.num_nodes), 1)
    chosen = torch.randperm(batch.num_nodes, device=batch.x.device)[:count].sort().values
    new_number = torch.full((batch.num_nodes,), -1, device=chosen.device)
    new_number[chosen] = torch.arange(count, device=chosen.device)
    edge_index = new_number[batch.edge_index]
    positions = batch.positions
    part = GraphBatch(
        x=batch.x[chosen],
        edge_index=edge_index[:, (edge_index >= 0).all(dim=0)],
        ptr=torch.searchsorted(chosen, batch.ptr),
        positions=None if positions is None else positions[chosen],
        conditions=batch.conditions,
    )
    return part, chosen


def _field_signs(components: Sequence[int]) -> list[float]:
    signs: list[float] = []
    for count in components:
        signs += [1.0, -1.0] if count == 2 else [1.0] * count
    return signs


def _turned(values: Tensor, sign: Tensor, offset: Tensor) -> Tensor:
    """Change signs in physical units; ``offset`` is how far the mean lies from zero, normalised."""
    return (values + offset) * sign - offset
