r"""Curl and divergence of a field that is a function of positions, by automatic differentiation.

.. math:: \omega_i = \epsilon_{ijk}\, \partial_j u_k, \qquad \nabla \cdot \omega = 0

A vorticity worked out like this from a decoded velocity is free of divergence whatever the weights
are; see Alkin et al. 2025, arXiv:2502.09692. The value at a position must depend on that position
alone, as the queries of an AB-UPT do. Chains of units come by themselves: differentiate the
velocity in m/s as a function of positions in m. Derivatives want float32 at least; attention runs
as plain matrix products in here, the only form that can be differentiated twice.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from graphformers.errors import ShapeError

FieldOfPositions = Callable[[Float[Tensor, "points space"]], Float[Tensor, "points components"]]


def curl(
    field: FieldOfPositions, positions: Float[Tensor, "points space"]
) -> Float[Tensor, "points components"]:
    """Curl of a vector field at every position: three components, or one in the plane.

    Where gradients are switched on the result can be differentiated again, by weights too: compare
    it with a known vorticity to fine-tune a model. Raises ``ShapeError`` when the field does not
    have as many components as the space.
    """
    slope = jacobian(field, positions)
    if positions.shape[1] == 2:
        return (slope[:, 1, 0] - slope[:, 0, 1])[:, None]
    following, last = [1, 2, 0], [2, 0, 1]
    return slope[:, last, following] - slope[:, following, last]


def divergence(
    field: FieldOfPositions, positions: Float[Tensor, "points space"]
) -> Float[Tensor, "points 1"]:
    """Divergence of a vector field at every position; otherwise like ``curl``."""
    return jacobian(field, positions).diagonal(dim1=1, dim2=2).sum(1, keepdim=True)


def jacobian(
    field: FieldOfPositions, positions: Float[Tensor, "points space"]
) -> Float[Tensor, "points space space"]:
    """Derivative of component i (rows) by coordinate j at every position, for square ones."""
    differentiable = torch.is_grad_enabled()
    with torch.enable_grad(), sdpa_kernel(SDPBackend.MATH):
        places = positions if positions.requires_grad else positions.detach().requires_grad_()
        values = field(places)
        if values.shape != positions.shape:
            raise ShapeError(
                "a field must have a component for every axis of the space; got "
                f"{tuple(values.shape)} at positions {tuple(positions.shape)}"
            )
        rows = [
            torch.autograd.grad(
                component.sum(), places, create_graph=differentiable, retain_graph=True
            )[0]
            for component in values.unbind(1)
        ]
    return torch.stack(rows, dim=1)
