"""The model against its equations, written out in the conftest, in double precision."""

import pytest
import torch

from graphformers.errors import ModelFileError
from graphformers.physics.models import Volt, VoltConfig, VoltSegmentor, VoltSegmentorConfig
from graphformers.physics.models.volt.official import backbone_weights
from graphformers.physics.models.volt.tokenizer import Tokenizer, find_patches

ROUNDING = 1e-10
PUBLISHED = {"volt-s": (212, 23_683_584), "volt-b": (212, 94_025_728)}

pytestmark = pytest.mark.usefixtures("double_precision")


def largest_difference(ours, expected):
    return (ours - expected).abs().max().item()


def scene_numbers(ptr):
    return torch.arange(len(ptr) - 1).repeat_interleave(ptr.diff())


@pytest.fixture(params=["space", "plane", "without qk_norm", "wide patches", "scaled"])
def published(request, config, oracle):
    """A small configuration and its equations with random weights."""
    torch.manual_seed(0)
    one = {
        "space": config(),
        "plane": config(space=2),
        "without qk_norm": config(qk_norm=False, depth=1),
        "wide patches": config(patch=5, dim=64, depth=1),
        "scaled": config(layer_scale=0.1),
    }[request.param]
    return one, oracle(one)


def test_scenes_equal_the_equations(published, scenes):
    config, equations = published
    coordinates, features, ptr = scenes(config.space)
    model = Volt.from_official(equations.state_dict(), config)
    expected = equations.eval()(coordinates, features, scene_numbers(ptr))
    assert largest_difference(model(coordinates, features, ptr), expected) < ROUNDING


def test_training_equals_the_equations(published, scenes):
    config, equations = published
    coordinates, features, ptr = scenes(config.space)
    model = Volt.from_official(equations.state_dict(), config).train()
    for block in model.blocks:
        block.drop_path.dropout = 0.0
    equations.train()(coordinates, features, scene_numbers(ptr)).square().sum().backward()
    model(coordinates, features, ptr).square().sum().backward()
    gradients = {name: weight.grad for name, weight in equations.named_parameters()}
    expected = backbone_weights(equations.state_dict() | gradients, config.depth, model)
    for name, weight in model.named_parameters():
        scale = max(expected[name].abs().max().item(), 1.0)
        assert largest_difference(weight.grad, expected[name]) < ROUNDING * scale, name
    running = backbone_weights(equations.state_dict(), config.depth, model)
    for name, value in model.state_dict().items():
        assert largest_difference(value, running[name]) < ROUNDING, name


@pytest.mark.parametrize("space", [2, 3])
def test_tokens_come_in_lexicographic_order(space, scenes, token_oracle):
    coordinates, _, ptr = scenes(space, span=40)
    patches = find_patches(coordinates, ptr, 5)
    numbers, token, offsets = token_oracle(coordinates, scene_numbers(ptr), 5)
    assert patches.token.tolist() == token
    assert patches.offset.tolist() == offsets
    scene = scene_numbers(patches.ptr).tolist()
    lowest = {
        number: [min(x) for x in zip(*[c[1:] for c in numbers if c[0] == number], strict=True)]
        for number in set(scene)
    }
    cells = [
        (number, *(x + low for x, low in zip(cell, lowest[number], strict=True)))
        for number, cell in zip(scene, patches.cell.tolist(), strict=True)
    ]
    assert cells == list(numbers)


def test_of_several_rows_in_a_voxel_the_last_counts():
    coordinates = torch.tensor([[0, 0, 0], [0, 0, 1], [0, 0, 0], [0, 0, 0]])
    features = torch.randn(4, 2)
    tokenizer = Tokenizer(channels=2, places=8, dim=3)
    ptr = torch.tensor([0, 4])
    all_rows = tokenizer(features, find_patches(coordinates, ptr, 2))
    last_rows = tokenizer(features[[3, 1]], find_patches(coordinates[[3, 1]], ptr // 2, 2))
    assert torch.equal(all_rows, last_rows)


@pytest.mark.parametrize("preset", PUBLISHED)
def test_presets_have_the_published_number_of_parameters(preset):
    keys, parameters = PUBLISHED[preset]
    with torch.device("meta"):
        model = Volt.preset(preset)
    assert sum(weight.numel() for weight in model.parameters()) == parameters
    assert len(model.state_dict()) == keys


def test_published_frequencies_include_both_ends():
    code = Volt(VoltConfig(depth=1)).rotary_code
    assert code.head_dim == 64
    waves = code.wave_vectors
    assert [(column != 0).sum().item() for column in waves.T] == [12, 12, 8]
    for column in waves.T:
        used = column[column != 0]
        assert used[0] == 1.0
        assert used[-1].item() == pytest.approx(0.01, rel=1e-12)


@pytest.fixture
def segmentor(config, segmentor_oracle):
    """A segmentor of two data sets, and weights for it as published."""
    torch.manual_seed(0)
    one = VoltSegmentorConfig(
        backbone=config(), classes={"ScanNet": 4, "ScanNet++": 3}, distillation=True
    )
    return one, segmentor_oracle(one)


def test_a_segmentor_reads_published_weights(segmentor, scenes):
    config, equations = segmentor
    coordinates, features, ptr = scenes()
    wrapped = {f"module.{key}": value for key, value in equations.state_dict().items()}
    model = VoltSegmentor.from_official(wrapped, config)
    voxels = equations.backbone.eval()(coordinates, features, scene_numbers(ptr))
    for name in config.classes:
        first, second = model.logits_for_training(coordinates, features, ptr, name)
        assert largest_difference(first, equations.seg_heads[name](voxels)) < ROUNDING
        assert largest_difference(second, equations.distill_heads[name](voxels)) < ROUNDING
        assert torch.equal(model(coordinates, features, ptr, name), first)


def test_a_backbone_is_taken_out_of_a_segmentor(segmentor, scenes):
    config, equations = segmentor
    backbone = Volt.from_official(equations.state_dict(), config.backbone)
    whole = VoltSegmentor.from_official(equations.state_dict(), config)
    for name, value in whole.backbone.state_dict().items():
        assert torch.equal(value, backbone.state_dict()[name]), name


def test_second_heads_are_left_out_where_there_is_no_distillation(segmentor):
    config, equations = segmentor
    plain = VoltSegmentorConfig(backbone=config.backbone, classes=config.classes)
    model = VoltSegmentor.from_official(equations.state_dict(), plain)
    assert not [name for name in model.state_dict() if "distillation" in name]


def test_weights_that_do_not_fit_are_named(segmentor, refusal_of):
    config, equations = segmentor
    weights = equations.state_dict()
    del weights["backbone.blocks.1.attn.qkv.weight"]
    weights["seg_heads.ScanNet.bias"] = torch.zeros(20)
    weights["seg_heads.ARKit.bias"] = torch.zeros(5)
    told = refusal_of(VoltSegmentor, weights, config)
    assert "missing: backbone.blocks.1.attn.qkv.weight" in told
    assert "unknown: seg_heads.ARKit.bias" in told
    assert "seg_heads.ScanNet.bias (20,), expected (4,)" in told


def test_weights_with_norms_the_configuration_lacks_are_refused(config, oracle):
    weights = oracle(config()).state_dict()
    with pytest.raises(ModelFileError, match=r"unknown: blocks.0.attn.q_norm.weight"):
        Volt.from_official(weights, config(qk_norm=False))


def test_scales_the_weights_lack_are_missing(config, oracle):
    weights = oracle(config()).state_dict()
    with pytest.raises(ModelFileError, match=r"missing: blocks.0.ls1.gamma"):
        Volt.from_official(weights, config(layer_scale=0.1))
