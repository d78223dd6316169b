"""The backward pass over blocks of nodes gives what the passes over rows and columns give."""

from dataclasses import replace

import pytest
import torch

from graphformers.errors import ShapeError
from graphformers.kernels import SparsePattern, sparse_attention

HEADS, DIM, DIM_V = 2, 8, 4
SIZES = (3, 1, 0, 7, 2, 5, 4, 1, 6, 3, 2, 8)  # enough blocks to be visited one by one
ROUNDING = 1e-12  # float64, sums in another order
EDGE_INPUTS = {"dot": 0, "l2": 0, "dot_edge": 1, "signed_sqrt": 2}


def complete() -> SparsePattern:
    return SparsePattern.complete(torch.tensor([0, *SIZES]).cumsum(0))


def tensors(score: str, pattern: SparsePattern) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64).requires_grad_()

    nodes, edges = pattern.num_targets, pattern.num_edges
    drawn = {
        "query": draw(nodes, HEADS, DIM),
        "key": draw(nodes, HEADS, DIM),
        "value": draw(nodes, HEADS, DIM_V),
        "bias": draw(edges, HEADS),
        "gate": draw(edges, HEADS),
        "channel_weight": draw(HEADS, DIM),
        "pair_value": draw(HEADS, DIM, DIM_V),
    }
    if EDGE_INPUTS[score]:
        drawn["edge"] = draw(edges, HEADS, EDGE_INPUTS[score] * DIM)
    return drawn


def gradients(score: str, pattern: SparsePattern, dropout: float = 0.0) -> dict[str, torch.Tensor]:
    given = tensors(score, pattern)
    out, pairs = sparse_attention(
        pattern=pattern,
        score=score,
        clamp=2.0,
        dropout=dropout,
        seed=5,
        return_pairs=True,
        **given,
    )
    loss = out.square().sum() + (pairs * pairs.detach().cos()).sum()
    return dict(zip(given, torch.autograd.grad(loss, list(given.values())), strict=True))


@pytest.mark.parametrize("dropout", [0.0, 0.4])
@pytest.mark.parametrize("score", EDGE_INPUTS)
def test_every_gradient_is_that_of_the_other_passes(score, dropout):
    pattern = complete()
    by_blocks = gradients(score, pattern, dropout)
    by_rows = gradients(score, replace(pattern, blocks=None), dropout)
    for name, expected in by_rows.items():
        error = (by_blocks[name] - expected).abs().max()
        assert error <= ROUNDING * expected.abs().max(), name


def test_the_number_of_threads_changes_no_bit():
    before = torch.get_num_threads()
    try:
        results = []
        for threads in (1, 2, 4):
            torch.set_num_threads(threads)
            results.append(gradients("signed_sqrt", complete()))
    finally:
        torch.set_num_threads(before)
    for other in results[1:]:
        assert all(torch.equal(other[name], one) for name, one in results[0].items())


def test_an_edge_that_leaves_its_block_is_refused():
    nodes = 12
    pattern = SparsePattern.from_edge_index(
        torch.stack([torch.arange(nodes).roll(1), torch.arange(nodes)]),
        num_targets=nodes,
        num_sources=nodes,
    )
    wrong = replace(pattern, blocks=torch.arange(nodes + 1))
    query, edge = torch.randn(2, nodes, HEADS, DIM, requires_grad=True)
    options = {"score": "dot_edge", "edge": edge}
    with pytest.raises(ShapeError, match="points outside"):
        sparse_attention(query, query, query, wrong, **options).sum().backward()
