"""Models of other packages: offered where the package is there, and trained like ours."""

import io

import pytest
import torch
from rich.console import Console

from graphformers.benchmarks.neuraloperator_fno import NeuralOperatorFNO
from graphformers.benchmarks.peer_package import PeerPackage
from graphformers.cli.peers import installed
from graphformers.physics.grids import GridData
from graphformers.physics.losses import RelativeL2

HERE = PeerPackage(module="torch", distribution="torch")
MISSING = PeerPackage(module="graphformers_peer", distribution="peer-of-graphformers")
OVERFITTED = 0.1


def test_models_are_offered_where_their_package_is_there():
    console = Console(file=io.StringIO())
    assert installed({"ours": None, "here": HERE, "away": MISSING}, console) == ["ours", "here"]
    assert console.file.getvalue() == "away is left out: pip install peer-of-graphformers\n"


@pytest.mark.parametrize("space", [1, 2])
def test_the_fno_of_neuraloperator_sees_every_sample_alone_and_overfits(space):
    pytest.importorskip("neuralop", reason="neuraloperator is not installed")
    torch.manual_seed(0)
    data = noise(space)
    model, batch = NeuralOperatorFNO(space=space, width=16, modes=3), data.batch()
    alone = [model(data.select(slice(k, k + 1)).batch()) for k in range(len(data))]
    torch.testing.assert_close(model(batch), torch.cat(alone))
    optimizer = torch.optim.AdamW(model.parameters(), lr=4e-3)
    for _ in range(100):
        loss = RelativeL2().loss(model(batch), batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < OVERFITTED


def noise(space: int) -> GridData:
    """Four samples on 8 points a side, and each moved by a point along the last axis."""
    inputs = torch.randn(4, *[8] * space, 1)
    return GridData(
        inputs=inputs,
        outputs=inputs.roll(1, dims=-2),
        spacing=(1 / 8,) * space,
        axes=(torch.arange(8) / 8,) * space,
    )
