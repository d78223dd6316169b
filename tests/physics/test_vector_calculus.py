"""Curl and divergence, of formulas and of what an AB-UPT decodes."""

import pytest
import torch

from graphformers.errors import ShapeError
from graphformers.physics.models import ABUPT, ABUPTConfig, Branch, Geometry, PointSet
from graphformers.physics.vector_calculus import curl, divergence, jacobian

ROUNDING = 1e-12
SOLENOIDAL = 1e-5  # divergence of a curl over the slopes it is made of, single precision
NEARLY = 5e-3  # central differences in single precision
USELESS = 0.1  # ... in bfloat16
STEP = 0.05


def draw(count, seed=0, dtype=torch.float32):
    return 10 * torch.rand(count, 3, generator=torch.Generator().manual_seed(seed), dtype=dtype)


@pytest.fixture
def model():
    torch.manual_seed(0)
    branches = (
        Branch(name="surface", fields={"pressure": 1}, blocks=1),
        Branch(name="volume", fields={"pressure": 1, "velocity": 3}, blocks=1),
    )
    sizes = {"dim": 24, "heads": 2, "radius": 3.0, "blocks": ("perceiver", "cross")}
    config = ABUPTConfig(branches=branches, **sizes)
    model = ABUPT(config).eval()
    for weight in model.parameters():  # freshly drawn ones are so small that nothing would vary
        weight.data *= 3
    return model


@pytest.fixture
def velocity(model):
    """The decoded velocity as a function of positions, anchors fixed."""
    geometry = Geometry.single(draw(40), torch.arange(25))
    anchors = {name: PointSet.single(draw(20, seed)) for seed, name in enumerate(model.branches)}
    cache = model.encode(geometry, anchors)
    columns = model.config.branch("volume").columns["velocity"]

    def at(positions):
        return model.query(cache, "volume", PointSet.single(positions))[:, columns]

    return at


def test_curl_and_divergence_of_a_formula():
    positions = draw(5, dtype=torch.float64)

    def field(p):
        x, y, z = p.unbind(1)
        return torch.stack([y * z**2, x**2 * z, x * y + z**3], dim=1)

    x, y, z = positions.unbind(1)
    expected = torch.stack([x - x**2, 2 * y * z - y, 2 * x * z - z**2], dim=1)
    torch.testing.assert_close(curl(field, positions), expected, atol=ROUNDING, rtol=ROUNDING)
    torch.testing.assert_close(divergence(field, positions)[:, 0], 3 * z**2)


def test_the_curl_in_the_plane_has_one_component():
    positions = draw(4, dtype=torch.float64)[:, :2]
    spin = curl(lambda p: torch.stack([-3 * p[:, 1], p[:, 0] ** 2], dim=1), positions)
    torch.testing.assert_close(spin, 2 * positions[:, :1] + 3, atol=ROUNDING, rtol=ROUNDING)


def test_units_follow_from_the_function():
    positions = draw(6, dtype=torch.float64)

    def field(p):
        return torch.stack([p[:, 1].sin(), p[:, 2].cos(), p[:, 0].exp().log1p()], dim=1)

    def in_other_units(metres):
        return 3 * field(2 * metres + 1) + 7

    scaled = 3 * 2 * curl(field, 2 * positions + 1)
    torch.testing.assert_close(curl(in_other_units, positions), scaled)


def test_a_decoded_vorticity_has_no_divergence(velocity):
    positions = draw(9, seed=7)
    slopes = jacobian(lambda p: curl(velocity, p), positions).detach()
    scale = slopes.abs().max()
    assert scale > 0
    trace = slopes.diagonal(dim1=1, dim2=2).sum(1)
    assert trace.abs().max() < SOLENOIDAL * scale


def central_differences(field, positions):
    """Derivative of component i by coordinate j."""
    slopes = []
    for axis in torch.eye(3, dtype=positions.dtype):
        ahead, behind = field(positions + STEP * axis), field(positions - STEP * axis)
        slopes.append((ahead - behind).to(positions.dtype) / (2 * STEP))
    return torch.stack(slopes, dim=2)


def test_differences_are_near_and_those_in_bfloat16_are_useless(velocity):
    positions = draw(20, seed=7)
    exact = jacobian(velocity, positions).detach()

    def error(slopes):
        return float((slopes - exact).norm() / exact.norm())

    with torch.no_grad():
        single = error(central_differences(velocity, positions))
        with torch.autocast("cpu", dtype=torch.bfloat16):
            half = error(central_differences(velocity, positions))
    assert 0 < single < NEARLY
    assert half > USELESS


def test_it_needs_no_gradients_switched_on_and_then_keeps_no_graph(velocity):
    positions = draw(3, seed=7)
    expected = curl(velocity, positions)
    with torch.no_grad():
        ours = curl(velocity, positions)
    assert expected.requires_grad
    assert not ours.requires_grad
    assert torch.equal(ours, expected)


def test_a_model_can_be_fine_tuned_to_a_vorticity(model):
    geometry = Geometry.single(draw(40), torch.arange(25))
    anchors = {name: PointSet.single(draw(20, seed)) for seed, name in enumerate(model.branches)}
    columns = model.config.branch("volume").columns["velocity"]
    positions = draw(30, seed=7)
    wanted = 0.05 * torch.stack([positions[:, 1], -positions[:, 0], 0 * positions[:, 2]], dim=1)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    losses = []
    for _ in range(25):
        cache = model.encode(geometry, anchors)

        def velocity(places, cache=cache):
            return model.query(cache, "volume", PointSet.single(places))[:, columns]

        loss = (curl(velocity, positions) - wanted).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]


def test_a_field_of_another_size_is_refused():
    with pytest.raises(ShapeError, match=r"got \(4, 2\) at positions \(4, 3\)"):
        curl(lambda p: p[:, :2], draw(4))
