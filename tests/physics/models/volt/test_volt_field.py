"""Fields from voxels: the way from points to voxels and back."""

import dataclasses

import pytest
import torch

from graphformers.errors import ConfigError, DataError
from graphformers.graph_batch import GraphBatch
from graphformers.physics.models import StaticTask, VoltField, VoltFieldConfig

ROUNDING = 1e-10  # double precision
TASK = StaticTask(node_features=2, fields=3, conditions=1)
SIZES = {"dim": 32, "heads": 2, "depth": 1, "decoder_dim": 8, "voxel": 0.4}

pytestmark = pytest.mark.usefixtures("double_precision")


@pytest.fixture(params=[2, 3], ids=["plane", "space"])
def model(request):
    torch.manual_seed(0)
    config = VoltFieldConfig(task=TASK, space=request.param, **SIZES)
    return VoltField(config).eval()


def equations(model, case):
    """One case, voxel by voxel."""
    config = model.config
    cells = [tuple(row) for row in (case.positions / config.voxel).floor().long().tolist()]
    rows = []
    for position, x, cell in zip(case.positions, case.x, cells, strict=True):
        middle = (torch.tensor(cell) + 0.5) * config.voxel
        inside = (position - middle) / config.voxel
        rows.append(torch.cat([position, x, case.conditions[0], inside]))
    voxels = sorted(set(cells))
    means = [
        torch.stack([row for row, cell in zip(rows, cells, strict=True) if cell == voxel]).mean(0)
        for voxel in voxels
    ]
    features = model.backbone(torch.tensor(voxels), torch.stack(means))
    first, second = model.head.layers
    outputs = []
    for row, cell in zip(rows, cells, strict=True):
        hidden = first(torch.cat([features[voxels.index(cell)], row]))
        outputs.append(second(torch.nn.functional.gelu(hidden)))
    return torch.stack(outputs)


def test_a_batch_equals_the_equations_case_by_case(model, field_cases):
    cases = field_cases(model.config, torch.float64, sizes=((40, 30), (1, 1), (60, 50)))
    expected = torch.cat([equations(model, case) for case in cases])
    ours = model(GraphBatch.concatenate(cases))
    torch.testing.assert_close(ours, expected, atol=ROUNDING, rtol=0)


def test_points_of_one_voxel_are_told_apart(model, field_case):
    case = field_case(model.config, 2, 0, dtype=torch.float64)
    inside = torch.tensor([[0.1], [0.3]]).expand(2, model.config.space)
    case = dataclasses.replace(case, positions=inside, x=torch.zeros_like(case.x))
    first, second = model(case)
    assert (first - second).abs().min() > 0


def test_edges_do_not_matter(model, field_case):
    case = field_case(model.config, dtype=torch.float64)
    without = dataclasses.replace(case, edge_index=case.edge_index[:, :0])
    assert torch.equal(model(without), model(case))


def test_points_beyond_every_voxel_are_refused(model, field_case):
    case = field_case(model.config, dtype=torch.float64)
    lost = dataclasses.replace(case, positions=case.positions * torch.inf)
    with pytest.raises(DataError, match="points must be finite"):
        model(lost)


@pytest.mark.parametrize("voxel", [0.0, -1.0, float("inf"), float("nan")])
def test_voxels_without_size_are_refused(voxel):
    with pytest.raises(ConfigError, match="voxel must be positive"):
        VoltFieldConfig(voxel=voxel)
