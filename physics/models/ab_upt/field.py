"""AB-UPT as a model of fields on a mesh: some nodes are anchors, the others ask."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from graphformers.checkpoint import PretrainedModel
from graphformers.graph_batch import GraphBatch
from graphformers.kernels import segment_broadcast, segment_reduce
from graphformers.physics.models.ab_upt.cache import AnchorCache
from graphformers.physics.models.ab_upt.draw import draw_points, hash_of_places
from graphformers.physics.models.ab_upt.field_config import SURFACE, ABUPTFieldConfig
from graphformers.physics.models.ab_upt.model import ABUPT
from graphformers.physics.models.ab_upt.points import Geometry, PointSet
from graphformers.physics.models.required import required

QUERIES_AT_ONCE = 65_536  # more are asked in pieces, where no gradient is wanted


class ABUPTField(PretrainedModel[ABUPTFieldConfig]):
    """Fields at the nodes of meshes by an AB-UPT that draws its anchors among them.

    A batch needs ``positions``, floating-point ``x`` and, where the task has conditions,
    ``conditions``; edges are not looked at. Cases may differ in size; nothing passes between them.
    While training, geometry, supernodes and anchors are drawn anew in every call; in evaluation by
    a hash of the positions: the same ones in any order of the nodes, spread like the nodes as they
    are in training. All other nodes are queries. Cost is linear in nodes.

    Source: Alkin et al. 2025, arXiv:2502.09692, which knows only positions; ours also reads
    ``batch.x``.
    """

    config_class = ABUPTFieldConfig

    def __init__(self, config: ABUPTFieldConfig):
        super().__init__()
        self.config = config
        self.network = ABUPT(config.network)

    def forward(self, batch: GraphBatch) -> Float[Tensor, "nodes fields"]:
        """The fields (static) or the state after one step (transient) at every node."""
        task = self.config.task
        x = required("x", batch.x, task.columns)
        positions = required("positions", batch.positions, self.config.space)
        positions = positions * self.config.position_scale
        draw = _Draw(positions, batch.ptr, self.training)
        on_wall = (x[:, list(self.config.walls)] > 0).any(dim=1)
        members = {name: on_wall if name == SURFACE else ~on_wall for name in self.config.anchors}
        anchors = {
            name: draw.points(members[name], count) for name, count in self.config.anchors.items()
        }
        queries = {name: _without(members[name], anchors[name]) for name in anchors}
        cache = self.network.encode(
            self._geometry(on_wall, draw),
            {name: _point_set(x, positions, batch.ptr, nodes) for name, nodes in anchors.items()},
            batch.conditions,
        )
        asked = [
            self._ask(cache, name, _point_set(x, positions, batch.ptr, nodes))
            for name, nodes in queries.items()
        ]
        nodes = torch.cat([*anchors.values(), *queries.values()])
        fields = torch.cat([*[cache.fields[name] for name in anchors], *asked])
        torch._check(fields.shape[0] == batch.num_nodes)  # every node is an anchor or a query
        return task.prediction(x, fields[nodes.argsort()])

    def _geometry(self, on_wall: Tensor, draw: "_Draw") -> Geometry:
        """Points on the wall; of a case without a wall, any points."""
        walls = segment_reduce(on_wall.to(draw.positions.dtype), draw.ptr)
        near = segment_broadcast(walls, draw.ptr, items=on_wall.shape[0])
        points = draw.points(on_wall | (near == 0), self.config.geometry_points)
        chosen = torch.zeros_like(on_wall).index_fill(0, points, True)
        supernodes = draw.points(chosen, self.config.supernodes)
        return Geometry(
            positions=draw.positions[points],
            supernodes=torch.searchsorted(points, supernodes),
            ptr=torch.searchsorted(points, draw.ptr),
        )

    def _ask(self, cache: AnchorCache, branch: str, points: PointSet) -> Tensor:
        if torch.is_grad_enabled() or points.num_points <= QUERIES_AT_ONCE:
            return self.network.query(cache, branch, points)
        return torch.cat([*self.network.decode(cache, branch, points, QUERIES_AT_ONCE)])


class _Draw:
    """Draws points, each time with other luck."""

    def __init__(self, positions: Tensor, ptr: Tensor, by_chance: bool):
        self.positions, self.ptr, self.by_chance = positions, ptr, by_chance
        self.times = 0

    def points(self, candidates: Bool[Tensor, " points"], count: int) -> Int[Tensor, " drawn"]:
        """At most ``count`` of the candidates of every case."""
        self.times += 1
        if self.by_chance:
            priority = torch.rand(self.positions.shape[0], device=self.positions.device)
        else:
            priority = hash_of_places(self.positions, self.times)
        return draw_points(candidates, self.ptr, count, priority)


def _without(members: Tensor, anchors: Tensor) -> Int[Tensor, " others"]:
    return members.index_fill(0, anchors, False).nonzero().squeeze(1)


def _point_set(x: Tensor, positions: Tensor, ptr: Tensor, nodes: Tensor) -> PointSet:
    return PointSet(
        positions=positions[nodes], ptr=torch.searchsorted(nodes, ptr), features=x[nodes]
    )
