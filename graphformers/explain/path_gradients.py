"""What every node adds to a prediction, from gradients along a line."""

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from graphformers.errors import ConfigError
from graphformers.explain.model_input import changed_input, embedded_input, evaluating
from graphformers.explain.model_output import explained_output
from graphformers.graph_batch import GraphBatch
from graphformers.models.graph_model import GraphModel


def integrated_gradients(
    model: GraphModel,
    batch: GraphBatch,
    *,
    task: int = 0,
    baseline: Float[Tensor, " width"] | None = None,
    rows: Bool[Tensor, " rows"] | None = None,
    steps: int = 32,
) -> Float[Tensor, " nodes"]:
    r"""Integrated gradients of one output along the embedded input.

    .. math:: c_i = (x_i - b) \cdot \int_0^1
        \frac{\partial y}{\partial x_i}\Big|_{b + \alpha (x - b)}\, d\alpha, \qquad
        \sum_i c_i \approx y(x) - y(b)

    :math:`x` is ``embedded_input(model, batch)``, :math:`b` the ``baseline``, the same for every
    node: zero when left out, ``mean_input`` of a data set for "instead of an average node". The
    edges, their features and all encodings stay. Gauss-Legendre quadrature with ``steps`` points;
    the sum is as exact as the quadrature. ``task`` and ``rows`` choose the output, see
    ``explained_output``.

    Source: Sundararajan et al. 2017, arXiv:1703.01365.
    """
    if steps < 1:
        raise ConfigError(f"steps must be at least 1; got {steps}")
    embedded = embedded_input(model, batch)
    start = torch.zeros_like(embedded) if baseline is None else baseline.expand_as(embedded)
    difference, total = embedded - start, torch.zeros_like(embedded)
    with evaluating(model):
        for place, weight in zip(*_quadrature(steps), strict=True):
            point = (start + place * difference).requires_grad_()
            with torch.enable_grad(), changed_input(model, lambda _, point=point: point):
                output = explained_output(model, batch, task, rows).sum()
            total += weight * torch.autograd.grad(output, point)[0]
    return (difference * total).sum(dim=-1)


def _quadrature(steps: int) -> tuple[list[float], list[float]]:
    """Places and weights on the line from 0 to 1."""
    places, weights = np.polynomial.legendre.leggauss(steps)
    return ((places + 1) / 2).tolist(), (weights / 2).tolist()
