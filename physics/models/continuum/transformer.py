"""Attention between all points of a case, their sum weighted as an integral."""

from typing import Literal, final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from graphformers.checkpoint import PretrainedModel
from graphformers.graph_batch import GraphBatch
from graphformers.layers.global_layer import GraphLayout
from graphformers.layers.graph_attention import GraphAttention
from graphformers.layers.padded_rows import PaddedRows
from graphformers.layers.quadrature import log_quadrature
from graphformers.models.official_weights import Checkpoint
from graphformers.physics.models.continuum.config import TransformerNeuralOperatorConfig
from graphformers.physics.models.continuum.official import from_official_layout, transformer_layout
from graphformers.physics.models.continuum.update import OperatorUpdate
from graphformers.physics.models.node_inputs import node_inputs
from graphformers.physics.models.required import required

_MOST_AS_MATRIX = 128  # points of a case up to which the sparse layout is fast on a CPU


@final
class TransformerNeuralOperator(PretrainedModel[TransformerNeuralOperatorConfig]):
    r"""A transformer between functions given at any points of a line, the plane or space.

    .. math::
        y(t) = W_o \int w(t, s)\, v(s)\, ds, \qquad
        w(t, s) = \frac{e^{q(t) \cdot k(s) / \sqrt{d}}}{\int e^{q(t) \cdot k(r) / \sqrt{d}}\, dr}

    with integrals as weighted sums over the points, :math:`\int f \approx \sum_j \omega_j f(s_j)`:
    softmax attention with :math:`\log \omega_j` added to the logits. What it learns at one set of
    points it may be asked at another; where points lie dense they do not count more.

    A batch needs ``x`` and ``positions``, and ``conditions`` where the task has some: constant
    functions, read at every point. The weights are those of ``log_quadrature``:
    ``batch.encodings["quadrature"]`` or an estimate. Nothing passes between cases. A static model
    returns the fields, a transient one the state after one step.

    Source: Calvello et al. 2024, arXiv:2406.06486. Their trapezoid sums, in one dimension, are this
    one with :math:`\omega_j = (\Delta_{j-1} + \Delta_j) / 2`; a batch of theirs shares its times.
    """

    config_class = TransformerNeuralOperatorConfig

    def __init__(self, config: TransformerNeuralOperatorConfig):
        super().__init__()
        self.config = config
        task, dim = config.task, config.dim
        constant = 0 if config.initial_value else task.conditions
        self.lift = nn.Linear(task.columns + constant + config.space, dim)
        self.initial_lift = (
            nn.Linear(task.columns + task.conditions + config.space, dim)
            if config.initial_value
            else None
        )
        self.attentions = nn.ModuleList(
            GraphAttention(dim, config.heads, dropout=config.attention_dropout)
            for _ in range(config.layers)
        )
        self.updates = nn.ModuleList(
            OperatorUpdate(dim, config.feed_forward, config.dropout) for _ in range(config.layers)
        )
        self.output = nn.Linear(dim, task.fields)

    @classmethod
    def from_official(
        cls, state_dict: Checkpoint, config: TransformerNeuralOperatorConfig
    ) -> "TransformerNeuralOperator":
        """The model with weights in the layout of the published programs, in evaluation mode.

        Raises ``ModelFileError`` with the names that are missing, unknown or of another shape.
        """
        model = cls(config)
        weights = from_official_layout(state_dict, transformer_layout(config), model)
        model.load_state_dict(weights)
        return model.eval()

    def forward(self, batch: GraphBatch) -> Float[Tensor, "nodes fields"]:
        """The fields (static) or the state after one step (transient) at every node."""
        x = self._lifted(batch)
        layout, bias = self._attention_inputs(batch)
        for attention, update in zip(self.attentions, self.updates, strict=True):
            x = update(x, attention(x, layout, bias))
        return self.config.task.prediction(batch.x, self.output(x))

    def _lifted(self, batch: GraphBatch) -> Float[Tensor, "nodes dim"]:
        task = self.config.task
        positions = required("positions", batch.positions, self.config.space)
        inputs = node_inputs(batch, task)
        places = positions.to(inputs.dtype)
        everything = torch.cat([inputs, places], dim=-1)
        if self.initial_lift is None:
            return self.lift(everything)
        of_function = torch.cat([batch.x, places], dim=-1)
        first = is_first(positions[:, 0], batch)
        return torch.where(first[:, None], self.initial_lift(everything), self.lift(of_function))

    def _attention_inputs(self, batch: GraphBatch) -> tuple[GraphLayout, Tensor | None]:
        """Who sees whom, in which layout, and what is added to the logits."""
        padded = self._layout(batch) == "padded"
        layout = PaddedRows(batch.ptr, batch.num_nodes) if padded else batch.pairs
        if not self.config.weighted:
            return layout, None
        weight = log_quadrature(batch).to(batch.x.dtype)
        if not isinstance(layout, PaddedRows):
            bias = weight.index_select(0, layout.source)  # pairs are numbered by their slots
            return layout, bias[:, None].expand(-1, self.config.heads)
        bias = layout.pad(weight)
        if layout.mask is not None:
            bias = bias.masked_fill(~layout.mask, -torch.inf)
        return layout, bias[:, None, None]

    def _layout(self, batch: GraphBatch) -> Literal["sparse", "padded"]:
        if self.config.layout != "auto":
            return self.config.layout
        if torch.compiler.is_compiling() or batch.ptr.is_cuda or not len(batch):
            return "padded"
        return "sparse" if int(batch.ptr.diff().max()) <= _MOST_AS_MATRIX else "padded"


def is_first(times: Float[Tensor, " nodes"], batch: GraphBatch) -> Tensor:
    """The point of every case that has the least time, the first of them where several have."""
    least = times.new_full((len(batch),), torch.inf)
    least = least.scatter_reduce(0, batch.batch, times, "amin")
    number = torch.arange(len(times), device=times.device)
    candidates = torch.where(times == least[batch.batch], number, len(times))
    first = number.new_full((len(batch),), len(times))
    first = first.scatter_reduce(0, batch.batch, candidates, "amin")
    return number == first[batch.batch]
