"""The spectral layer against the transform of its equation, mode by mode."""

import pytest
import torch

from graphformers.errors import ConfigError, ShapeError
from graphformers.layers import SpectralLayer

ROUNDING = 1e-10  # double precision
HALF_ROUNDING = 2e-3  # bfloat16 has eight bits
TRANSFORMS = ("fft", "matrix")


def by_slices(x, first, second, modes):
    """Both weights into the corners of an empty spectrum, the second one last."""
    rows, columns = x.shape[-2:]
    m1, m2 = modes
    spectrum = torch.fft.rfft2(x)
    mapped = spectrum.new_zeros(*x.shape[:-3], first.shape[1], rows, columns // 2 + 1)
    low, high = spectrum[..., :m1, :m2], spectrum[..., rows - m1 :, :m2]
    mapped[..., :m1, :m2] = torch.einsum("...ixy,ioxy->...oxy", low, first)
    mapped[..., rows - m1 :, :m2] = torch.einsum("...ixy,ioxy->...oxy", high, second)
    return torch.fft.irfft2(mapped, s=(rows, columns))


def slices_of(layer):
    """The layer's modes as two complex weights (dim_in, dim_out, modes, modes)."""
    weight = torch.view_as_complex(layer.weight.detach()).permute(2, 3, 0, 1)
    return weight.chunk(2, dim=2)


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("grid", [(16, 16), (18, 18), (20, 17), (9, 24)])
def test_overwritten_overlap_equals_the_slices(grid, transform):
    layer = SpectralLayer(2, 3, (9, 9), transform=transform, overwrite_overlap=True).double()
    x = torch.randn(4, *grid, 2, dtype=torch.float64)
    expected = by_slices(x.movedim(-1, -3), *slices_of(layer), (9, 9)).movedim(-3, -1)
    torch.testing.assert_close(layer(x), expected, atol=ROUNDING, rtol=0)


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("grid", [(8, 6), (9, 7), (12, 16)])
def test_modes_without_overlap_equal_the_slices(grid, transform):
    layer = SpectralLayer(2, 3, (4, 3), transform=transform).double()
    x = torch.randn(5, 2, *grid, 2, dtype=torch.float64)
    expected = by_slices(x.movedim(-1, -3), *slices_of(layer), (4, 3)).movedim(-3, -1)
    torch.testing.assert_close(layer(x), expected, atol=ROUNDING, rtol=0)


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_a_wave_is_multiplied_by_the_matrix_of_its_frequency(transform):
    layer = SpectralLayer(1, 1, (3, 3), transform=transform).double()
    place = torch.arange(10, dtype=torch.float64) / 10
    angle = 2 * torch.pi * (2 * place[None, :] - place[:, None])  # -1 along rows, 2 along columns
    real, imaginary = layer.weight.detach()[-1, 2, 0, 0]
    expected = real * angle.cos() - imaginary * angle.sin()
    ours = layer(angle.cos()[None, :, :, None])[0, :, :, 0]
    torch.testing.assert_close(ours, expected, atol=ROUNDING, rtol=0)


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("space", [1, 2, 3])
def test_a_smooth_function_gives_the_same_values_at_another_resolution(space, transform):
    layer = SpectralLayer(1, 2, [2] * space, transform=transform).double()

    def sampled(points):
        axes = [torch.arange(points, dtype=torch.float64) / points] * space
        grids = torch.meshgrid(*axes, indexing="ij")
        wave = sum((k + 1) * torch.cos(2 * torch.pi * (g + 0.1 * k)) for k, g in enumerate(grids))
        return (1 + wave)[None, ..., None]

    coarse, fine = layer(sampled(6)), layer(sampled(12))
    every_second = (slice(None), *[slice(None, None, 2)] * space)
    torch.testing.assert_close(fine[every_second], coarse, atol=ROUNDING, rtol=0)


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("grid", [(5,), (6, 4), (5, 3), (4, 5, 6)])
def test_both_transforms_agree_with_their_gradients(grid, overwrite):
    modes = [3] * len(grid)
    layers = [
        SpectralLayer(2, 3, modes, transform=one, overwrite_overlap=overwrite).double()
        for one in TRANSFORMS
    ]
    layers[1].load_state_dict(layers[0].state_dict())
    x = torch.randn(2, *grid, 2, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(2, *grid, 3, dtype=torch.float64)
    found = []
    for layer in layers:
        out = layer(x)
        found.append([out, *torch.autograd.grad((out * weight).sum(), [x, layer.weight])])
    for fast, plain in zip(*found, strict=True):
        torch.testing.assert_close(fast, plain, atol=ROUNDING, rtol=0)


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_gradients_are_those_of_finite_differences(transform):
    layer = SpectralLayer(2, 2, (2, 2), transform=transform).double()
    x = torch.randn(1, 4, 5, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(layer, [x])


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_a_grid_too_coarse_for_the_modes_uses_those_it_has(transform):
    layer = SpectralLayer(2, 3, (4, 4), transform=transform).double()
    few = SpectralLayer(2, 3, (2, 3), transform=transform).double()
    few.weight.data = torch.cat([layer.weight[:2], layer.weight[-2:]])[:, :3].detach()
    x = torch.randn(1, 4, 4, 2, dtype=torch.float64)
    torch.testing.assert_close(layer(x), few(x), atol=ROUNDING, rtol=0)


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_half_precision_is_computed_in_single(transform):
    layer = SpectralLayer(3, 3, (3, 3), transform=transform)
    x = torch.randn(2, 8, 8, 3)
    half = layer.bfloat16()(x.bfloat16())
    assert half.dtype == torch.bfloat16
    torch.testing.assert_close(
        half.float(), layer.float()(x.bfloat16().float()), atol=HALF_ROUNDING, rtol=HALF_ROUNDING
    )


def test_initial_matrices_are_uniform_up_to_their_scale():
    torch.manual_seed(0)
    weight = SpectralLayer(8, 4, (6, 6)).weight.detach() * 32
    assert 0 <= weight.min() < 0.01
    assert 0.99 < weight.max() < 1
    assert SpectralLayer(8, 4, (6, 6), initial_scale=1e-3).weight.max() < 1e-3


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_it_compiles_into_one_graph(transform):
    torch.compiler.reset()
    layer = SpectralLayer(2, 3, (2, 2), transform=transform)
    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager")
    x = torch.randn(2, 6, 6, 2)
    torch.testing.assert_close(compiled(x), layer(x))


def test_the_sums_export_for_grids_of_any_size():
    layer = SpectralLayer(2, 3, (2, 2), transform="matrix")
    auto = torch.export.Dim.AUTO
    example = (torch.randn(2, 8, 9, 2),)
    exported = torch.export.export(layer, example, dynamic_shapes=({0: auto, 1: auto, 2: auto},))
    assert not any("fft" in str(node.target) for node in exported.graph.nodes)
    other = torch.randn(3, 12, 10, 2)
    torch.testing.assert_close(exported.module()(other), layer(other))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"modes": ()}, "modes must be at least 1"),
        ({"modes": (2, 0)}, "modes must be at least 1"),
        ({"transform": "dct"}, "transform must be matrix or fft"),
    ],
)
def test_impossible_settings_are_refused(arguments, message):
    with pytest.raises(ConfigError, match=message):
        SpectralLayer(2, 2, **({"modes": (2, 2)} | arguments))


def test_functions_of_another_shape_are_refused():
    with pytest.raises(ShapeError, match=r"2 grid axes, then 3 channels; got \(4, 4, 2\)"):
        SpectralLayer(3, 3, (2, 2))(torch.zeros(4, 4, 2))
