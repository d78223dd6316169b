"""SignNet against its equation, frequency by frequency and node by node."""

import pytest
import torch

from graphformers.errors import ConfigError
from graphformers.kernels import SparsePattern
from graphformers.layers.sign_net import NormalizedMLP, SignNet

FLOAT64 = 1e-12
FREQUENCIES, DIM, NODES = 3, 5, 6
EDGE_INDEX = torch.tensor([[0, 1, 1, 0, 3, 4, 5, 2], [1, 0, 0, 0, 4, 3, 2, 5]])
PATTERN = SparsePattern.from_edge_index(EDGE_INDEX, num_targets=NODES, num_sources=NODES)


@pytest.fixture
def eigenvectors() -> torch.Tensor:
    torch.manual_seed(0)
    vectors = torch.randn(NODES, FREQUENCIES, dtype=torch.float64)
    vectors[:2, 2] = torch.nan  # the first graph has two nodes
    return vectors


def drawn(**options: object) -> SignNet:
    """A network whose normalisations are not the identity."""
    torch.manual_seed(1)
    network = SignNet(FREQUENCIES, DIM, hidden=7, phi_dim=2, **options).double()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm1d):
            torch.nn.init.uniform_(module.running_mean)
            torch.nn.init.uniform_(module.running_var, 0.5, 2.0)
            torch.nn.init.normal_(module.weight)
            torch.nn.init.normal_(module.bias)
    return network


def norm(x: torch.Tensor, module: torch.nn.BatchNorm1d) -> torch.Tensor:
    scaled = (x - module.running_mean) / (module.running_var + 1e-5).sqrt()
    return scaled * module.weight + module.bias


def perceptron(x: torch.Tensor, mlp: NormalizedMLP) -> torch.Tensor:
    for layer, normalisation in zip(mlp.layers[:-1], mlp.norms, strict=True):
        x = norm((x @ layer.weight.T + layer.bias).relu(), normalisation)
    return x @ mlp.layers[-1].weight.T + mlp.layers[-1].bias


def phi(network: SignNet, column: torch.Tensor) -> torch.Tensor:
    x = column.unsqueeze(1)
    for number, update in enumerate(network.phi.updates):
        if number > 0:
            x = norm(x, network.phi.norms[number - 1])
        received = list((1 + network.phi.epsilons[number]) * x)
        for source, target in EDGE_INDEX.T.tolist():
            received[target] = received[target] + x[source]
        x = perceptron(torch.stack(received), update)
    return x


@pytest.mark.parametrize("summed", [False, True])
@pytest.mark.parametrize(("layers", "post_layers"), [(2, 1), (4, 3)])
def test_it_follows_its_equation(eigenvectors, layers, post_layers, summed):
    network = drawn(layers=layers, post_layers=post_layers, summed=summed).eval()
    network.phi.epsilons.uniform_()
    columns = eigenvectors.nan_to_num().T
    encoded = [phi(network, column) + phi(network, -column) for column in columns]
    if summed:
        encoded[2][:2] = 0.0
        expected = perceptron(encoded[0] + encoded[1] + encoded[2], network.rho)
    else:
        expected = perceptron(torch.cat(encoded, dim=1), network.rho)
    actual = network(eigenvectors, PATTERN)
    torch.testing.assert_close(actual, expected, atol=FLOAT64, rtol=FLOAT64)


@pytest.mark.parametrize("summed", [False, True])
def test_signs_of_eigenvectors_do_not_matter(eigenvectors, summed):
    network = drawn(summed=summed).eval()
    flipped = eigenvectors * torch.tensor([1.0, -1.0, -1.0])
    expected = network(eigenvectors, PATTERN)
    torch.testing.assert_close(network(flipped, PATTERN), expected, atol=FLOAT64, rtol=FLOAT64)


def test_one_layer_is_built_as_two():
    one, two = (drawn(layers=layers).state_dict() for layers in (1, 2))
    assert all(torch.equal(one[name], two[name]) for name in two)
    assert len(one) == len(two)


def test_statistics_run_over_nodes_and_frequencies_for_each_sign_in_turn(eigenvectors):
    network = SignNet(FREQUENCIES, DIM, hidden=4, phi_dim=2, layers=2).double()
    first = network.phi.updates[0]
    columns = eigenvectors.nan_to_num()
    network(eigenvectors, PATTERN)
    mean = torch.zeros(4, dtype=torch.float64)
    for sign in (1, -1):
        received = sign * columns.clone()
        for source, target in EDGE_INDEX.T.tolist():
            received[target] += sign * columns[source]
        rows = first.layers[0](received.reshape(-1, 1)).relu()
        mean = 0.9 * mean + 0.1 * rows.mean(dim=0)
    torch.testing.assert_close(first.norms[0].running_mean, mean, atol=FLOAT64, rtol=0)


def test_a_network_without_layers_is_refused():
    with pytest.raises(ConfigError, match="layers 3, post_layers 0"):
        SignNet(3, 4, post_layers=0)
