"""The initial weights of plain transformers."""

from torch import nn

DEVIATION = 0.02


def truncated_normal_(linear: nn.Linear) -> None:
    """Draw the weights of a linear map from N(0, 0.02^2) and set its bias to zero.

    Source: the initialisation of timm's vision transformers, used by Ma et al. 2025,
    arXiv:2504.12588.
    """
    nn.init.trunc_normal_(linear.weight, std=DEVIATION)
    if linear.bias is not None:
        nn.init.zeros_(linear.bias)
