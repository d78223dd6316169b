"""Constants that a cast to half precision leaves as they are."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

_HALF = (torch.float16, torch.bfloat16)


class ExactBuffers(nn.Module):
    """A module whose buffers keep their precision when its weights are cast to half precision.

    Frequencies of eight bits would put every point somewhere else.
    """

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "ExactBuffers":
        exact = dict(self._buffers)
        super()._apply(fn, recurse)
        for name, cast in self._buffers.items():
            before = exact[name]
            if cast is not None and before is not None and cast.dtype in _HALF:
                self._buffers[name] = before.to(cast.device)
        return self
