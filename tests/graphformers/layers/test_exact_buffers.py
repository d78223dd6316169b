"""Constants under casts."""

import pytest
import torch

from graphformers.layers.rotary_code import RotaryCode
from graphformers.layers.sine_position_code import SinePositionCode


@pytest.mark.parametrize("half", [torch.float16, torch.bfloat16])
def test_half_precision_leaves_frequencies_as_they_are(half):
    code = SinePositionCode(3, 64)
    before = code.frequencies.clone()
    assert torch.equal(code.to(half).frequencies, before)
    positions = 1000 * torch.rand(5, 3)
    assert torch.equal(code(positions), SinePositionCode(3, 64)(positions))


def test_they_still_follow_to_double_precision_and_to_other_devices():
    code = RotaryCode(torch.rand(4, 2))
    assert code.double().wave_vectors.dtype == torch.float64
    moved = torch.nn.Sequential(RotaryCode(torch.rand(4, 2))).to("meta", torch.bfloat16)[0]
    assert moved.wave_vectors.device.type == "meta"
    assert moved.wave_vectors.dtype == torch.float32
