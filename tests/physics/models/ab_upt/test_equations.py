"""AB-UPT against its equations, written out in the conftest, in double precision."""

import re

import pytest
import torch

from graphformers.errors import ModelFileError
from graphformers.kernels import MaxNeighbors
from graphformers.layers.anchor_attention import TokenPlaces
from graphformers.layers.anchor_block import AnchorBlock
from graphformers.layers.rotary_code import RotaryCode
from graphformers.layers.sine_position_code import SinePositionCode, wave_frequencies
from graphformers.layers.supernode_pooling import SupernodePooling
from graphformers.physics.models.ab_upt import ABUPT, ABUPTConfig
from graphformers.physics.models.ab_upt.official import from_official_layout

ROUNDING = 1e-10
SIZES = {
    "few anchors, many queries": (30, 9, (4, 20), (7, 11)),
    "equal counts": (12, 12, (6, 3), (6, 3)),
    "no queries": (25, 5, (8, 0), (3, 0)),
    "single tokens": (3, 1, (1, 1), (1, 1)),
}


def largest_difference(ours, expected):
    return (ours - expected).abs().max().item() if expected.numel() else 0.0


@pytest.mark.parametrize("space", [2, 3])
@pytest.mark.parametrize("dim", [36, 38, 41])
def test_the_position_code_equals_the_equations(space, dim, oracles):
    positions = 100 * torch.rand(7, space, dtype=torch.float64)
    expected = oracles["sincos"](dim, space).double()(positions)
    ours = SinePositionCode(space, dim).double()(positions)
    assert largest_difference(ours, expected) < ROUNDING


def test_pooling_equals_the_equations(config, case, oracles):
    sizes = config()
    torch.manual_seed(0)
    equations = oracles["encoder"](38, 3, 4.0, 5).double()
    most = MaxNeighbors(5, "first")
    pooling = SupernodePooling(3, 38, radius=4.0, max_neighbors=most).double()
    pooling.message_input.load_state_dict(equations.message[0].state_dict())
    pooling.message_output.load_state_dict(equations.message[2].state_dict())
    pooling.token.load_state_dict(equations.proj.state_dict())
    points, supernodes, *_ = case(sizes, (60, 14, (1, 0), (1, 0)))
    expected = equations(points, supernodes)
    assert largest_difference(pooling(points, supernodes), expected) < ROUNDING


@pytest.mark.parametrize("kind", ["self", "perceiver"])
def test_a_block_alone_equals_the_equations(kind, oracles):
    torch.manual_seed(0)
    equations = oracles[kind](24, 2).double()
    block = AnchorBlock(24, heads=2, foreign=kind == "perceiver").double()
    theirs = equations.state_dict()
    names = {"self": ("norm1", "attn.qkv"), "perceiver": ("norm1q", "attn.kv")}[kind]
    for part in ("weight", "bias"):
        packed = theirs[f"{names[1]}.{part}"]
        block.get_parameter(f"norm.norm.{part}").data = theirs[f"{names[0]}.{part}"]
        block.get_parameter(f"key_value.{part}").data = packed[-48:]
        query = packed[:24] if kind == "self" else theirs[f"attn.q.{part}"]
        block.get_parameter(f"query.{part}").data = query
        block.get_parameter(f"output.{part}").data = theirs[f"attn.proj.{part}"]
        block.get_parameter(f"feed_forward_norm.norm.{part}").data = theirs[f"norm2.{part}"]
        block.get_parameter(f"feed_forward.layers.0.{part}").data = theirs[f"mlp.fc1.{part}"]
        block.get_parameter(f"feed_forward.layers.1.{part}").data = theirs[f"mlp.fc2.{part}"]
        if kind == "perceiver":
            block.get_parameter(f"anchor_norm.{part}").data = theirs[f"norm1kv.{part}"]
    x, anchors = (torch.randn(n, 24, dtype=torch.float64) for n in (7, 5))
    at, anchors_at = (10 * torch.rand(n, 3, dtype=torch.float64) for n in (7, 5))
    rope = oracles["rope"](12, 3).double()
    expected = equations(x, rope(at), anchors, rope(anchors_at))
    code = RotaryCode.along_axes([wave_frequencies(12, 3)] * 3, 6).double()
    places, anchor_places = (
        TokenPlaces.of(code, one, torch.tensor([0, len(one)])) for one in (at, anchors_at)
    )
    ours = block(x, places, block.keys_and_values(anchors, anchor_places))
    assert largest_difference(ours, expected) < ROUNDING


@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES)
def test_the_model_equals_the_equations(sizes, config, case, oracle, batch_of):
    equations = oracle(config())
    model = ABUPT.from_official(equations.state_dict(), config()).double()
    one = case(config(), sizes)
    for ours, expected in zip(model(*batch_of([one])), equations(*one), strict=True):
        for name in expected:
            assert ours[name].shape == expected[name].shape
            assert largest_difference(ours[name], expected[name]) < ROUNDING


def test_the_plane_has_the_same_equations(config, case, oracle, batch_of):
    flat = config(space=2)
    equations = oracle(flat)
    model = ABUPT.from_official(equations.state_dict(), flat).double()
    one = case(flat, (20, 6, (5, 4), (8, 9)))
    for ours, expected in zip(model(*batch_of([one])), equations(*one), strict=True):
        for name in expected:
            assert largest_difference(ours[name], expected[name]) < ROUNDING


def test_a_batch_equals_the_equations_case_by_case(config, case, oracle, batch_of):
    equations = oracle(config())
    model = ABUPT.from_official(equations.state_dict(), config()).double()
    cases = [case(config(), sizes, seed) for seed, sizes in enumerate(SIZES.values())]
    expected = [equations(*one) for one in cases]
    for part, ours in enumerate(model(*batch_of(cases))):
        for name, fields in ours.items():
            alone = torch.cat([one[part][name] for one in expected])
            assert largest_difference(fields, alone) < ROUNDING


def test_gradients_of_all_weights_equal_those_of_the_equations(config, case, oracle, batch_of):
    equations = oracle(config())
    model = ABUPT.from_official(equations.state_dict(), config()).double()
    cases = [case(config(), sizes, seed) for seed, sizes in enumerate(SIZES.values())]

    def loss(parts):
        return sum(fields.square().sum() for part in parts for fields in part.values())

    sum(loss(equations(*one)) for one in cases).backward()
    loss(model(*batch_of(cases))).backward()
    theirs = {name: weight.grad for name, weight in equations.named_parameters()}
    expected = from_official_layout(theirs, config(), model)
    for name, weight in model.named_parameters():
        scale = expected[name].abs().max().clamp(min=1)
        assert largest_difference(weight.grad / scale, expected[name] / scale) < ROUNDING, name


def later_names(state):
    """Every key as version 1.1.0 of the training framework has it."""
    ending = "norm1q.weight"
    perceivers = tuple(key.removesuffix(ending) for key in state if key.endswith(ending))
    for key, value in state.items():
        key = re.sub(r"^(encoder\.message\.\d|encoder\.proj|\w+_decoder)\.", r"\1.project.", key)
        key = re.sub(r"^(\w+)_bias\.", r"\1_bias.mlp.", key)
        if key.startswith("geometry_blocks."):
            key = key.replace(".attn.", ".attention_block.")
        elif not key.startswith(perceivers):
            key = key.replace(".attn.", ".attention_block.mixed_attention.")
        key = re.sub(r"^(surface|volume)_blocks\.", r"\1_decoder_blocks.", key)
        yield re.sub(r"^blocks\.", "physics_blocks.", key), value
    yield "encoder.pos_embed.padding_tensor", torch.empty(0)


def latest_names(state):
    """Every key as version 2026.4.0 has it: domains by name, projections apart."""
    for key, value in later_names(state):
        key = re.sub(r"^(surface|volume)_decoder_blocks", r"domain_decoder_blocks.\1", key)
        key = re.sub(r"^(surface|volume)_bias", r"domain_biases.\1", key)
        key = re.sub(r"^(surface|volume)_decoder\.", r"domain_decoder_projections.\1.", key)
        for packed in ("qkv", "kv"):
            if f".{packed}." in key:
                for part, rows in zip(packed, value.chunk(len(packed)), strict=True):
                    yield key.replace(f".{packed}.", f".{part}."), rows
                break
        else:
            yield key, value


@pytest.mark.parametrize("spelled", [later_names, latest_names], ids=["1.1.0", "2026.4.0"])
def test_later_layouts_hold_the_same_model(spelled, config, oracle):
    state = oracle(config()).state_dict()
    later = dict(spelled(state))
    assert "physics_blocks.0.norm1q.weight" in later
    assert not any("attn.qkv" in key for key in later)
    expected = ABUPT.from_official(state, config()).state_dict()
    ours = ABUPT.from_official(later, config()).state_dict()
    assert ours.keys() == expected.keys()
    assert all(torch.equal(ours[name], expected[name]) for name in expected)


def test_the_prefix_of_parallel_wrappers_is_left_out(config, oracle):
    state = oracle(config()).state_dict()
    wrapped = ABUPT.from_official({f"module.{key}": one for key, one in state.items()}, config())
    plain = ABUPT.from_official(state, config())
    assert all(map(torch.equal, wrapped.state_dict().values(), plain.state_dict().values()))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda state: state.pop("encoder.proj.bias"), "missing: encoder.proj.bias"),
        (lambda state: state.update(extra=torch.zeros(1)), "unknown: extra"),
        (
            lambda state: state.update({"surface_decoder.weight": torch.zeros(5, 36)}),
            r"surface_decoder.weight \(5, 36\), expected \(4, 36\)",
        ),
        (
            lambda state: state["rope.omega"].mul_(2),
            "rope.omega holds 3 frequencies from 2 to",
        ),
    ],
)
def test_weights_that_do_not_fit_are_refused_by_name(change, message, config, oracle):
    state = dict(oracle(config()).state_dict())
    change(state)
    with pytest.raises(ModelFileError, match=message):
        ABUPT.from_official(state, config())


def test_the_presets_have_the_published_number_of_parameters():
    sizes = {"drivaerml": 8_751_179, "ahmedml": 6_971_723}
    for name, expected in sizes.items():
        with torch.device("meta"):
            model = ABUPT.preset(name)
        assert sum(weight.numel() for weight in model.parameters()) == expected
    with torch.device("meta"):
        car = ABUPT.preset("shapenet-car")
    smaller_heads = 193 * (3 + 4)
    count = sum(weight.numel() for weight in car.parameters())
    assert count == sizes["ahmedml"] - smaller_heads


def test_the_oracle_has_the_keys_and_shapes_of_the_published_weights(oracle):
    with torch.device("meta"):
        state = oracle(ABUPTConfig.drivaerml()).state_dict()
    assert len(state) == 254
    assert sum(value.numel() for value in state.values()) == 8_751_277
    expected = {
        "rope.omega": (10,),
        "encoder.rel_pos_embed.omega": (24,),
        "encoder.proj.weight": (192, 384),
        "blocks.0.attn.kv.weight": (384, 192),
        "blocks.5.attn.qkv.weight": (576, 192),
        "volume_blocks.5.mlp.fc1.weight": (768, 192),
        "volume_decoder.weight": (7, 192),
    }
    assert {key: tuple(state[key].shape) for key in expected} == expected


@pytest.mark.parametrize("half", [torch.bfloat16, torch.float16])
def test_a_checkpoint_in_half_precision_is_read(half, config, oracle):
    state = {key: one.to(half) for key, one in oracle(config()).state_dict().items()}
    model = ABUPT.from_official(state, config())
    expected = state["encoder.proj.weight"].to(model.geometry.pooling.token.weight.dtype)
    assert torch.equal(model.geometry.pooling.token.weight, expected)
