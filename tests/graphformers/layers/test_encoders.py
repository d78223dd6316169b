"""Networks that read positional encodings."""

import pytest
import torch

from graphformers.errors import ConfigError
from graphformers.layers import (
    EigenvectorEncoder,
    FrequencyMLP,
    FrequencyTransformer,
    RandomWalkEncoder,
)

ROUNDING = 1e-6
PTR = torch.tensor([0, 2, 6])
FREQUENCIES, DIM = 3, 4


@pytest.fixture
def spectrum() -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    vectors, values = torch.randn(6, FREQUENCIES), torch.rand(6, FREQUENCIES)
    vectors[:2, 2] = values[:2, 2] = torch.nan  # the first graph has two nodes
    return vectors, values


NETWORKS = {
    "mlp-1": lambda: FrequencyMLP(DIM, layers=1),
    "mlp-3": lambda: FrequencyMLP(DIM, layers=3),
    "transformer": lambda: FrequencyTransformer(DIM, heads=2),
}


@pytest.mark.parametrize("network", NETWORKS)
def test_absent_frequencies_add_nothing(spectrum, network):
    vectors, values = spectrum
    torch.manual_seed(0)
    encoder = EigenvectorEncoder(NETWORKS[network](), FREQUENCIES, DIM).eval()
    expected = encoder(vectors[:2, :2], values[:2, :2], PTR[:2])
    torch.testing.assert_close(
        encoder(vectors, values, PTR)[:2], expected, atol=ROUNDING, rtol=ROUNDING
    )


@pytest.mark.parametrize("network", NETWORKS)
def test_the_order_of_the_frequencies_does_not_matter(spectrum, network):
    vectors, values = spectrum
    encoder = EigenvectorEncoder(NETWORKS[network](), FREQUENCIES, DIM, post_layers=2).eval()
    order = torch.tensor([2, 0, 1])
    torch.testing.assert_close(
        encoder(vectors[:, order], values[:, order], PTR),
        encoder(vectors, values, PTR),
        atol=ROUNDING,
        rtol=ROUNDING,
    )


def test_the_raw_norm_shares_statistics_between_entry_and_eigenvalue(spectrum):
    vectors, values = spectrum
    encoder = EigenvectorEncoder(FrequencyMLP(DIM), FREQUENCIES, DIM, raw_norm=True)
    encoder(vectors * 0, values, PTR)  # zeros, so that the random signs do nothing
    mean_with_padding = values.nan_to_num().sum(dim=0) / (2 * len(values))
    torch.testing.assert_close(
        encoder.raw_norm.running_mean, 0.1 * mean_with_padding, atol=ROUNDING, rtol=0
    )


@pytest.mark.parametrize("per_graph", [True, False])
def test_training_flips_each_eigenvector_as_a_whole(per_graph):
    seen = []

    class Recorder(FrequencyMLP):
        def forward(self, pairs, absent):
            seen.append(pairs[..., 0])
            return super().forward(pairs, absent)

    vectors, values = torch.ones(6, 2), torch.ones(6, 2)
    encoder = EigenvectorEncoder(Recorder(DIM), 2, DIM, flip_per_graph=per_graph)
    torch.manual_seed(0)
    for _ in range(30):
        encoder(vectors, values, PTR)
    signs = torch.stack(seen)  # (calls, nodes, frequencies)
    assert set(signs.unique().tolist()) == {-1.0, 1.0}
    assert (signs[:, :2] == signs[:, :1]).all()
    assert (signs[:, 2:] == signs[:, 2:3]).all()
    assert (signs[:, 0] == signs[:, 2]).all() == (not per_graph)
    assert (signs[..., 0] != signs[..., 1]).any()


def test_evaluation_does_not_flip(spectrum):
    encoder = EigenvectorEncoder(FrequencyMLP(DIM), FREQUENCIES, DIM).eval()
    assert torch.equal(encoder(*spectrum, PTR), encoder(*spectrum, PTR))


def test_random_walks_are_normalised_then_mapped():
    encoder = RandomWalkEncoder(5, DIM).eval()
    probabilities = torch.rand(6, 5)
    expected = encoder.network(encoder.raw_norm(probabilities))
    assert torch.equal(encoder(probabilities), expected)
    assert RandomWalkEncoder(5, DIM, raw_norm=False).raw_norm(probabilities) is probabilities


def test_an_encoder_mlp_is_never_negative():
    encoder = RandomWalkEncoder(5, DIM, mlp_layers=3)
    assert [layer.out_features for layer in encoder.network.layers] == [2 * DIM, 2 * DIM, DIM]
    assert encoder(torch.rand(50, 5)).min() == 0


def test_a_frequency_mlp_needs_a_layer():
    with pytest.raises(ConfigError, match="at least one layer"):
        FrequencyMLP(DIM, layers=0)
