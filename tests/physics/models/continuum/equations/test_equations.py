"""The models against their equations, written out in the conftest, in double precision."""

import dataclasses

import pytest
import torch
from torch import nn

from graphformers.errors import ModelFileError
from graphformers.graph_batch import GraphBatch
from graphformers.physics.models import StaticTask
from graphformers.physics.models.continuum import (
    FourierAttentionNeuralOperator,
    FourierAttentionNeuralOperatorConfig,
    TransformerNeuralOperator,
    TransformerNeuralOperatorConfig,
    ViTNeuralOperator,
    ViTNeuralOperatorConfig,
)
from graphformers.physics.models.continuum.official import (
    fourier_layout,
    from_official_layout,
    transformer_layout,
    vision_layout,
)
from graphformers.physics.models.continuum.patch_attention import PatchAttention

ROUNDING = 1e-10
SCALES = 6  # one constant beside the weights of every layer, counted by the published programs
FIRST_MAP = 2 * 128  # counted too, and used by nothing


def largest_difference(ours, expected):
    return (ours - expected).abs().max().item()


def published(model, config, oracle):
    """Our model with the weights of the equations."""
    return model.from_official(oracle.state_dict(), config).double()


def patch_model(config):
    fourier = isinstance(config, FourierAttentionNeuralOperatorConfig)
    return FourierAttentionNeuralOperator if fourier else ViTNeuralOperator


def times_of(*sizes):
    """Irregular ascending times of several cases."""
    generator = torch.Generator().manual_seed(3)
    steps = [torch.rand(n, 1, generator=generator, dtype=torch.float64) + 0.01 for n in sizes]
    return [one.cumsum(0) for one in steps]


def line_batch(config, times):
    generator = torch.Generator().manual_seed(1)
    ptr = torch.tensor([0, *[len(one) for one in times]]).cumsum(0)
    x = torch.randn(
        int(ptr[-1]), config.task.node_features, generator=generator, dtype=torch.float64
    )
    conditions = torch.randn(
        len(times), config.task.conditions, generator=generator, dtype=torch.float64
    )
    return GraphBatch(
        x=x,
        edge_index=torch.zeros(2, 0, dtype=torch.int64),
        ptr=ptr,
        positions=torch.cat(times),
        conditions=conditions if config.task.conditions else None,
    )


@pytest.mark.parametrize("layout", ["sparse", "padded", "auto"])
def test_irregular_times_give_the_trapezoid_sums(layout, transformer_config, transformer_oracle):
    config = transformer_config(layout=layout)
    oracle = transformer_oracle(config)
    model = published(TransformerNeuralOperator, config, oracle)
    times = times_of(7, 2, 11)
    batch = line_batch(config, times)
    expected = [oracle(u, t) for u, t in zip(batch.x.split([7, 2, 11]), times, strict=True)]
    assert largest_difference(model(batch), torch.cat(expected)) < ROUNDING


def test_gradients_of_all_weights_equal_those_of_the_equations(
    transformer_config, transformer_oracle
):
    config = transformer_config()
    oracle = transformer_oracle(config)
    model = published(TransformerNeuralOperator, config, oracle)
    (times,) = times_of(9)
    batch = line_batch(config, [times])
    oracle(batch.x, times).square().mean().backward()
    model(batch).square().mean().backward()
    theirs = {name: one.grad for name, one in oracle.named_parameters()}
    expected = from_official_layout(theirs, transformer_layout(config), model)
    for name, ours in model.named_parameters():
        assert largest_difference(ours.grad, expected[name]) < ROUNDING, name


@pytest.mark.parametrize("repeated", [False, True])
def test_the_initial_value_is_read_by_the_first_point_alone(
    repeated, transformer_config, transformer_oracle
):
    task = StaticTask(node_features=1, fields=2, conditions=2)
    config = transformer_config(task=task, initial_value=True)
    oracle = transformer_oracle(config)
    model = published(TransformerNeuralOperator, config, oracle)
    times = times_of(6, 9)
    if repeated:
        for one in times:
            one[1] = one[0]
    batch = line_batch(config, times)
    expected = [
        oracle(u, t, y0)
        for u, t, y0 in zip(batch.x.split([6, 9]), times, batch.conditions, strict=True)
    ]
    assert largest_difference(model(batch), torch.cat(expected)) < ROUNDING


@pytest.mark.parametrize("space", [2, 3])
def test_published_models_of_the_plane_have_no_quadrature(
    space, transformer_config, transformer_oracle
):
    config = transformer_config(space=space)
    oracle = transformer_oracle(config)
    model = published(TransformerNeuralOperator, config, oracle)
    places = torch.randn(8, space, dtype=torch.float64)
    batch = line_batch(config, [places])
    assert largest_difference(model(batch), oracle(batch.x, places)) < ROUNDING


@pytest.mark.parametrize("side", [12, 15, 18, 24])  # patches of 4 and 5 points: modes overlap
def test_a_patch_operator_equals_the_equations_at_every_resolution(
    side, patch_config, patch_oracle
):
    oracle = patch_oracle(patch_config)
    model = published(patch_model(patch_config), patch_config, oracle)
    u = torch.randn(2, side, side, dtype=torch.float64)
    expected = torch.stack([oracle(one) for one in u])
    assert largest_difference(model.on_grid(u[..., None])[..., 0], expected) < ROUNDING


def test_without_the_quirk_overlapping_modes_go_to_the_nearest_frequency(patch_oracle):
    quirk = ViTNeuralOperatorConfig(
        dim=8, heads=2, layers=1, patches=(2, 2), modes=(3, 3), smoothing_modes=(2, 2),
        overwrite_overlapping_modes=True,
    )  # fmt: skip
    plain = ViTNeuralOperatorConfig(
        dim=8, heads=2, layers=1, patches=(2, 2), modes=(3, 3), smoothing_modes=(2, 2)
    )
    weights = patch_oracle(quirk).state_dict()
    overwriting = ViTNeuralOperator.from_official(weights, quirk).double()
    ours = ViTNeuralOperator.from_official(weights, plain).double()
    for side, overlaps in ((12, False), (8, True)):
        u = torch.randn(1, side, side, 1, dtype=torch.float64)
        differs = largest_difference(overwriting.on_grid(u), ours.on_grid(u)) > ROUNDING
        assert differs == overlaps


def test_gradients_of_patch_operators_equal_those_of_the_equations(patch_config, patch_oracle):
    oracle = patch_oracle(patch_config)
    model = published(patch_model(patch_config), patch_config, oracle)
    u = torch.randn(12, 12, dtype=torch.float64)
    oracle(u).square().mean().backward()
    model.on_grid(u[None, ..., None]).square().mean().backward()
    theirs = {name: one.grad for name, one in oracle.named_parameters()}
    layout = (
        fourier_layout(patch_config)
        if isinstance(patch_config, FourierAttentionNeuralOperatorConfig)
        else vision_layout(patch_config)
    )
    expected = from_official_layout(theirs, layout, model)
    for name, ours in model.named_parameters():
        assert largest_difference(ours.grad, expected[name]) < ROUNDING, name


def test_patches_alone_attend_as_the_equations_say(patch_scores):
    attention = PatchAttention(nn.Linear(6, 18), dim=6, heads=3, dropout=0.0).double()
    x = torch.randn(1, 5, 2, 3, 6, dtype=torch.float64)
    projected = attention.query_key_value(x)[0].movedim(-1, 1).chunk(3, dim=1)
    query, key, value = (one.unflatten(1, (2, 3)) for one in projected)
    mixed = patch_scores(query, key, value, scale=5 * 2 * 3).movedim(1, -1)
    assert largest_difference(attention(x)[0], attention.output(mixed)) < ROUNDING


@pytest.mark.parametrize("width", [32, 64, 96])
def test_patch_presets_have_the_published_number_of_parameters(width):
    expected = {
        ViTNeuralOperator: {32: 123_751, 64: 279_495, 96: 484_391},
        FourierAttentionNeuralOperator: {32: 6_029_351, 64: 24_014_151, 96: 53_955_175},
    }
    for kind, counts in expected.items():
        with torch.device("meta"):
            model = kind.preset(f"width-{width}")
        assert sum(one.numel() for one in model.parameters()) + SCALES == counts[width]


def test_the_time_preset_has_the_published_number_of_parameters():
    model = TransformerNeuralOperator.preset("controlled-differential-equation")
    count = sum(one.numel() for one in model.parameters())
    assert count + SCALES + FIRST_MAP == 598_279


@pytest.mark.parametrize(
    ("kind", "config", "keys"),
    [
        (ViTNeuralOperator, ViTNeuralOperatorConfig.width_32(), 108),
        (FourierAttentionNeuralOperator, FourierAttentionNeuralOperatorConfig.width_32(), 106),
    ],
)
def test_weights_of_the_published_sizes_are_read(kind, config, keys, patch_oracle):
    weights = patch_oracle(config, side=416).state_dict()
    assert len(weights) == keys
    kind.from_official(weights, config)


def test_weights_of_the_published_time_model_are_read(transformer_oracle):
    config = TransformerNeuralOperatorConfig.controlled_differential_equation()
    weights = transformer_oracle(config).state_dict()
    assert len(weights) == 111
    TransformerNeuralOperator.from_official(weights, config)


def test_keys_of_a_parallel_wrapper_are_understood(patch_config, patch_oracle):
    weights = patch_oracle(patch_config).state_dict()
    wrapped = {f"module.{key}": value for key, value in weights.items()}
    kind = patch_model(patch_config)
    plain = kind.from_official(weights, patch_config).state_dict()
    for name, value in kind.from_official(wrapped, patch_config).state_dict().items():
        assert torch.equal(value, plain[name]), name


def test_time_weights_that_do_not_fit_are_named(transformer_config, transformer_oracle, refusal_of):
    config = transformer_config()
    weights = transformer_oracle(config).state_dict()
    del weights["encoder.layers.1.self_attn.W_k.bias"]
    weights["linear_out.bias"] = torch.zeros(7)
    weights["linear_in_time.bias"] = torch.zeros(1)
    told = refusal_of(TransformerNeuralOperator, weights, config)
    assert "missing: encoder.layers.1.self_attn.W_k.bias" in told
    assert "unknown: linear_in_time.bias" in told
    assert "linear_out.bias (7,), expected (3,)" in told


def test_patch_weights_that_do_not_fit_are_named(patch_config, patch_oracle, refusal_of):
    weights = patch_oracle(patch_config).state_dict()
    weights["linear_out.weight"] = torch.zeros(1, 9)
    weights["encoder.layers.2.norm1.bias"] = torch.zeros(8)
    told = refusal_of(patch_model(patch_config), weights, patch_config)
    assert "unknown: encoder.layers.2.norm1.bias" in told
    assert "linear_out.weight (1, 9), expected (1, 8)" in told


def test_modes_of_another_number_of_heads_are_refused(patch_oracle):
    config = FourierAttentionNeuralOperatorConfig(
        dim=8, heads=2, layers=1, patches=(2, 2), modes=(2, 2)
    )
    weights = patch_oracle(config).state_dict()
    other = dataclasses.replace(config, heads=4)
    expected = r"query_operator.weights1 \(8, 4, 2, 2, 2\) \+ .*expected \(4, 2, 8, 24, 2\)"
    with pytest.raises(ModelFileError, match=expected):
        FourierAttentionNeuralOperator.from_official(weights, other)
