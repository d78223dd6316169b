"""Rotary position codes."""

import pytest
import torch

from graphformers.errors import ConfigError
from graphformers.layers.rotary_code import RotaryCode, rotate

ROUNDING = 1e-12
FLOAT_ROUNDING = 1e-5
HALF_ROUNDING = 2e-2


@pytest.fixture
def code():
    """Five waves in three dimensions and one pair that stays."""
    frequencies = [torch.tensor([1.0, 0.25]), torch.tensor([1.0, 0.5]), torch.tensor([2.0])]
    return RotaryCode.along_axes(frequencies, pairs=6).double()


def draw(*shape, dtype=torch.float64):
    return torch.randn(*shape, dtype=dtype, generator=torch.Generator().manual_seed(0))


def test_waves_run_along_one_axis_each(code):
    expected = [[1, 0, 0], [0.25, 0, 0], [0, 1, 0], [0, 0.5, 0], [0, 0, 2], [0, 0, 0]]
    assert code.wave_vectors.tolist() == expected
    assert code.head_dim == 12


def test_a_pair_is_a_complex_number_turned_by_its_angle(code):
    positions, x = draw(7, 3), draw(7, 2, 12)
    turned = rotate(x, code(positions))
    angles = positions @ code.wave_vectors.T
    for token in range(7):
        for head in range(2):
            for pair in range(6):
                number = torch.complex(*x[token, head, 2 * pair : 2 * pair + 2])
                number = number * torch.exp(1j * angles[token, pair])
                ours = turned[token, head, 2 * pair : 2 * pair + 2]
                torch.testing.assert_close(ours[0], number.real, atol=ROUNDING, rtol=0)
                torch.testing.assert_close(ours[1], number.imag, atol=ROUNDING, rtol=0)


def test_products_depend_on_differences_of_positions_only(code):
    positions, query, key = draw(5, 3), draw(5, 2, 12), draw(5, 2, 12)

    def products(shift):
        rotation = code(positions + shift)
        return torch.einsum("qhd,khd->hqk", rotate(query, rotation), rotate(key, rotation))

    shift = torch.tensor([3.0, -1.0, 0.5], dtype=torch.float64)
    torch.testing.assert_close(products(shift), products(0), atol=ROUNDING, rtol=0)
    moved = rotate(query, code(positions + shift))
    assert (moved - rotate(query, code(positions))).abs().max() > 0.1


def test_any_number_of_axes_may_stand_before_the_heads(code):
    positions, x = draw(2, 4, 3), draw(2, 4, 3, 12)
    together = rotate(x, code(positions))
    for one in range(2):
        assert torch.equal(together[one], rotate(x[one], code(positions[one])))


def test_half_precision_is_turned_in_single_precision(code):
    positions, x = 100 * draw(9, 3, dtype=torch.float32), draw(9, 2, 12)
    code = code.float()
    turned = rotate(x.bfloat16(), code(positions))
    assert turned.dtype == torch.bfloat16
    exact = rotate(x, code.double()(positions.double()))
    torch.testing.assert_close(turned.double(), exact, atol=HALF_ROUNDING, rtol=HALF_ROUNDING)


def test_autocast_does_not_reach_the_angles(code):
    positions = 100 * draw(9, 3, dtype=torch.float32)
    code = code.float()
    exact = code(positions)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        ours = code(positions)
    assert torch.equal(ours.cos, exact.cos)
    assert torch.equal(ours.sin, exact.sin)


def test_it_is_twice_differentiable_in_numbers_and_positions(code):
    positions, x = draw(2, 3).requires_grad_(), draw(2, 1, 12).requires_grad_()

    def turned(positions, x):
        return rotate(x, code(positions))

    assert torch.autograd.gradcheck(turned, (positions, x))
    assert torch.autograd.gradgradcheck(turned, (positions, x))


def test_waves_are_not_saved_and_follow_the_default_precision(code):
    assert code.state_dict() == {}
    assert RotaryCode(torch.ones(2, 3, dtype=torch.float64)).wave_vectors.dtype == torch.float32


def test_it_compiles_into_one_graph(code):
    positions, x = draw(6, 3, dtype=torch.float32), draw(6, 2, 12, dtype=torch.float32)
    code = code.float()
    compiled = torch.compile(lambda p, x: rotate(x, code(p)), fullgraph=True, backend="aot_eager")
    expected = rotate(x, code(positions))
    torch.testing.assert_close(compiled(positions, x), expected, atol=FLOAT_ROUNDING, rtol=0)


def test_more_waves_than_pairs_are_refused():
    with pytest.raises(ConfigError, match="3 waves do not fit into 2 pairs"):
        RotaryCode.along_axes([torch.ones(3)], pairs=2)
