"""In which precision numbers are worked out that half precision would spoil."""

import torch
from torch import Tensor


def at_least_float32(like: Tensor) -> torch.dtype:
    """The precision of a tensor, or single precision where it has less."""
    return torch.promote_types(like.dtype, torch.float32)
