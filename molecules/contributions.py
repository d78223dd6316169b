"""How much every atom adds to a prediction."""

import torch
from jaxtyping import Float
from torch import Tensor

from graphformers.graph_batch import GraphBatch
from graphformers.models import GPS


def atom_contributions(
    model: GPS, batch: GraphBatch, *, task: int = 0, steps: int = 16
) -> Float[Tensor, " nodes"]:
    r"""Integrated gradients of one output along the last node features.

    .. math:: c_i = h_i \cdot \int_0^1 \frac{\partial y(\alpha h)}{\partial h_i}\, d\alpha,
        \qquad \sum_i c_i \approx y(h) - y(0)

    with the midpoint rule of ``steps`` points. The contributions of a molecule add up to what its
    atoms change about the prediction of an empty one. What an atom's features hold has passed
    through attention: the contribution is that of the atom in its surroundings.

    Source: Sundararajan et al. 2017, arXiv:1703.01365, applied at the readout.
    """
    with torch.no_grad():
        features = model.node_states(batch)
    total = torch.zeros_like(features)
    for step in range(steps):
        scaled = (features * ((step + 0.5) / steps)).requires_grad_()
        with torch.enable_grad():
            output = model.head(scaled, batch.ptr)[:, task].sum()
        total += torch.autograd.grad(output, scaled)[0]
    return (features * total / steps).sum(dim=-1)
