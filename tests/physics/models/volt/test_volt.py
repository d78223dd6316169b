"""What Volt holds on scenes of voxels."""

import pytest
import torch

from graphformers.errors import ConfigError, DataError, ShapeError
from graphformers.physics.models import Volt, VoltConfig, VoltFieldConfig, VoltSegmentorConfig

ROUNDING = 1e-10  # double precision
FLOAT_ROUNDING = 1e-5  # single precision
NOTICEABLE = 1e-6


@pytest.fixture
def model(config):
    torch.manual_seed(0)
    return awake(Volt(config()))


def awake(model):
    """A model in evaluation mode whose fresh weights are large enough to mix the tokens."""
    with torch.no_grad():
        for weight in model.parameters():
            weight += 0.2 * torch.randn_like(weight)
    return model.double().eval()


def double(scene):
    coordinates, features, ptr = scene
    return coordinates, features.double(), ptr


def test_scenes_together_give_what_each_gives_alone(model, scenes):
    coordinates, features, ptr = double(scenes())
    alone = [
        model(coordinates[start:stop], features[start:stop])
        for start, stop in zip(ptr[:-1].tolist(), ptr[1:].tolist(), strict=True)
    ]
    together = model(coordinates, features, ptr)
    torch.testing.assert_close(together, torch.cat(alone), atol=ROUNDING, rtol=0)


def test_relabelling_voxels_relabels_outputs(model):
    axis = torch.arange(-4, 4)
    coordinates = torch.cartesian_prod(axis, axis, axis)[::7]
    features = torch.randn(len(coordinates), 3, dtype=torch.float64)
    order = torch.randperm(len(coordinates), generator=torch.Generator().manual_seed(1))
    relabelled = model(coordinates[order], features[order])
    torch.testing.assert_close(
        relabelled, model(coordinates, features)[order], atol=ROUNDING, rtol=0
    )


def test_moving_a_scene_by_whole_patches_changes_nothing(model, scenes):
    coordinates, features, ptr = double(scenes())
    moved = coordinates + torch.tensor([3 * 10**6, -3 * 10**6, 300])
    assert torch.equal(model(moved, features, ptr), model(coordinates, features, ptr))


def test_moving_a_scene_by_part_of_a_patch_matters(model, scenes):
    coordinates, features, ptr = double(scenes())
    difference = model(coordinates + 1, features, ptr) - model(coordinates, features, ptr)
    assert difference.abs().max() > NOTICEABLE


def test_all_voxels_of_a_scene_see_each_other_and_none_of_another(model, scenes):
    coordinates, features, ptr = double(scenes(sizes=(20, 25)))
    features.requires_grad_()
    output = model(coordinates, features, ptr)
    (gradient,) = torch.autograd.grad(output[-1].sum(), features)
    lone = [tuple(row) for row in coordinates[20:].tolist()]
    last = torch.tensor([lone[number:].count(one) == 1 for number, one in enumerate(lone)])
    assert (gradient[20:][last].abs().sum(1) > 0).all()
    assert gradient[:20].abs().max() == 0


def test_two_runs_give_the_same_bits(model, scenes):
    scene = double(scenes())

    def gradients():
        return torch.autograd.grad(model(*scene).square().sum(), list(model.parameters()))

    for first, second in zip(gradients(), gradients(), strict=True):
        assert torch.equal(first, second)


def test_a_saved_model_gives_the_same_bits(config, scenes, tmp_path):
    model = Volt(config(layer_scale=0.1)).eval()
    model.save_pretrained(tmp_path)
    loaded = Volt.from_pretrained(tmp_path)
    assert loaded.config == model.config
    assert torch.equal(loaded(*scenes()), model(*scenes()))


def test_no_voxels_give_no_features(model):
    nothing = torch.zeros(0, 3, dtype=torch.int64)
    assert model(nothing, torch.zeros(0, 3, dtype=torch.float64)).shape == (0, 8)


def test_paths_are_dropped_for_whole_scenes_and_later_blocks_more_often(config):
    model = Volt(config(depth=3, drop_path=0.3))
    assert [block.drop_path.dropout for block in model.blocks] == pytest.approx([0, 0.15, 0.3])
    assert Volt(config(depth=1)).blocks[0].drop_path.dropout == 0
    ptr = torch.tensor([0, 2, 4])
    torch.manual_seed(1)
    dropped = model.blocks[2].drop_path.train()(torch.ones(4, 1), ptr)
    assert dropped[0] == dropped[1]
    assert dropped[2] == dropped[3]


def test_half_precision_keeps_far_tokens_apart(config):
    """Angles come from whole coordinates, which bfloat16 cannot count beyond 256."""
    seen = []
    model = Volt(config(depth=1)).eval()
    model.rotary_code.register_forward_hook(lambda _, given, __: seen.append(given[0]))
    row = torch.tensor([[0, 0, 0], [900, 0, 0], [903, 0, 0]])
    model.bfloat16()(row, torch.randn(3, 3, dtype=torch.bfloat16))
    assert seen[0][:, 0].tolist() == [0, 300, 301]


def test_layer_scale_starts_the_blocks_as_the_identity(config, scenes):
    scaled = Volt(config(layer_scale=1e-30)).eval()
    without = Volt(config(depth=1)).eval()
    without.load_state_dict(scaled.state_dict(), strict=False)
    without.blocks = torch.nn.ModuleList()
    assert torch.equal(scaled(*scenes()), without(*scenes()))


@torch._dynamo.config.patch(capture_scalar_outputs=True)  # the size of the largest scene
def test_training_on_scenes_compiles_into_one_graph(config, scenes):
    torch.compiler.reset()  # the limit of recompilations counts those of all models together
    model = Volt(config(depth=1, drop_path=0.0))
    compiled = torch.compile(model, fullgraph=True, dynamic=True, backend="aot_eager")
    for sizes in ((30, 45), (12, 50)):
        scene = scenes(sizes=sizes)
        torch.testing.assert_close(compiled(*scene), model(*scene), atol=FLOAT_ROUNDING, rtol=0)


def test_presets_are_found_by_name():
    assert VoltSegmentorConfig.scannet().backbone == VoltConfig.volt_s()
    assert VoltFieldConfig.volt_b().backbone.rotary_pairs == (16, 16)
    assert VoltConfig.volt_b().rotary_pairs == (12, 12, 8)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"space": 4}, "space must be 2 or 3"),
        ({"dim": 40}, "dim must be a multiple of 32"),
        ({"depth": 0}, "depth must be at least 1"),
        ({"channels": 0}, "channels must be at least 1"),
        ({"rotary_base": 1.0}, "rotary_base must be greater than 1"),
        ({"drop_path": 1.0}, "drop_path must lie in"),
    ],
)
def test_impossible_settings_are_refused(changes, message, config):
    with pytest.raises(ConfigError, match=message):
        config(**changes)


@pytest.mark.parametrize(
    ("coordinates", "features", "message"),
    [
        (torch.zeros(4, 3), torch.zeros(4, 3), r"must be integers \(4, 3\); got .* torch.float32"),
        (torch.zeros(4, 2).long(), torch.zeros(4, 3), r"\(4, 3\); got \(4, 2\)"),
        (torch.zeros(5, 3).long(), torch.zeros(4, 3), r"\(4, 3\); got \(5, 3\)"),
        (torch.zeros(4, 3).long(), torch.zeros(4, 6), "features must be floating point with 3"),
    ],
)
def test_bad_voxels_are_refused(coordinates, features, message, config):
    with pytest.raises(ShapeError, match=message):
        Volt(config())(coordinates, features)


def test_a_scene_wider_than_can_be_numbered_is_refused(config):
    far = torch.tensor([[0, 0, 0], [2**40, 2**40, 0]])
    with pytest.raises(DataError, match="cells must span at most 63 bits"):
        Volt(config())(far, torch.zeros(2, 3))
