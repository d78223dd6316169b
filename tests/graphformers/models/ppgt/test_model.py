"""What PPGT does beside computing the published equations."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from graphformers.benchmarks import ppgt as benchmark
from graphformers.graph_batch import GraphBatch
from graphformers.models import PPGT, PPGTConfig

ROUNDING = 1e-5


@pytest.fixture
def batch() -> GraphBatch:
    return replace(benchmark.molecules(3), encodings={}, encoded_with=())


def test_the_model_it_is_measured_against_computes_the_same(batch):
    config = replace(benchmark.CONFIG, layers=2)
    dense = benchmark.DensePPGT(config).eval()
    torch.manual_seed(0)
    for parameter in dense.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    torch.testing.assert_close(dense(batch), dense.shared(batch), atol=ROUNDING, rtol=ROUNDING)


def test_every_map_starts_as_published():
    model = PPGT(replace(PPGTConfig.cifar10(), layers=2))
    columns = {id(one) for one in (*model.node_columns, *model.pair_columns.children())}
    linears = [one for one in model.modules() if isinstance(one, nn.Linear)]
    assert len(linears) > len(columns)
    for linear in linears:
        assert linear.bias.abs().max() == 0
        if id(linear) not in columns:
            assert linear.weight.std() < 0.03
    for linear in (*model.node_columns, model.pair_columns.output):
        assert linear.weight.abs().max() <= (3 / linear.in_features) ** 0.5
    widen = model.pair_columns.widen
    bound = (6 / widen.in_features) ** 0.5
    assert 0.9 * bound < widen.weight.abs().max() <= bound


def test_dropping_paths_and_weights_acts_in_training_only(batch):
    config = replace(benchmark.CONFIG, layers=2, attention_dropout=0.0)
    torch.manual_seed(0)
    dropping, whole = PPGT(replace(config, drop_path=0.5)), PPGT(replace(config, drop_path=0.0))
    whole.load_state_dict(dropping.state_dict())
    assert not torch.equal(dropping(batch), whole(batch))
    assert torch.equal(dropping.eval()(batch), whole.eval()(batch))


def test_parallel_edges_add_up(batch):
    model = PPGT(replace(benchmark.CONFIG, layers=1)).eval()
    pattern = model.attention_pattern(batch)
    twice = replace(
        batch,
        edge_index=torch.cat([batch.edge_index, batch.edge_index[:, -1:]], dim=1),
        edge_attr=torch.cat([batch.edge_attr, batch.edge_attr[-1:]]),
    )
    before, after = (model.embed(one, pattern)[1] for one in (batch, twice))
    source, target = batch.edge_index[:, -1]
    changed = (pattern.source == source) & (pattern.target == target)
    assert torch.equal(before[~changed], after[~changed])
    assert not torch.equal(before[changed], after[changed])
