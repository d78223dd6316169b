"""What attention says about input it cannot attend to."""

import pytest
import torch
import warp as wp

from graphformers.errors import ConfigError, ShapeError
from graphformers.kernels import PairScore, SparsePattern, sparse_attention
from graphformers.kernels.pattern_cases import random_pattern


def hand_made(**parts):
    fitting = {
        "row_ptr": torch.tensor([0, 2, 3]),
        "source": torch.tensor([0, 1, 1]),
        "edge": torch.tensor([0, 1, 2]),
    }
    return {"num_targets": 2, "num_sources": 2, **fitting, **parts}


@pytest.mark.parametrize(
    "parts",
    [
        {"source": torch.tensor([0, 1, 1 << 40])},
        {"source": torch.tensor([0, -5, 1])},
        {"edge": torch.tensor([0, 1, 1 << 40])},
        {"row_ptr": torch.tensor([0, 2, 1 << 20])},
        {"row_ptr": torch.tensor([-7, 2, 3])},
    ],
    ids=str,
)
def test_indices_that_point_nowhere_are_refused(parts):
    tensors = [torch.randn(2, 3, 5) for _ in range(3)]
    with pytest.raises(ShapeError):
        sparse_attention(*tensors, SparsePattern(**hand_made(**parts)), torch.zeros(3, 3))


def bad_options():
    zeros = torch.zeros
    yield {"score": "cosine"}, ConfigError, "score must be one of"
    yield {"score": "dot_edge"}, ShapeError, "dot_edge.* needs edge"
    yield {"edge": zeros(20, 2, 3)}, ShapeError, "takes no edge"
    yield {"score": "signed_sqrt", "edge": zeros(20, 2, 3)}, ShapeError, "edge must be"
    yield {"gate": zeros(20, 3)}, ShapeError, r"gate must be \(edges, heads\)"
    yield {"channel_weight": zeros(2, 4)}, ShapeError, "channel_weight must be"
    yield {"channel_weight": zeros(2, 3).double()}, ShapeError, "channel_weight must have the dtype"
    yield {"dropout": 1.0}, ConfigError, "dropout must be"
    yield {"clamp": -1.0}, ConfigError, "clamp must be"
    yield {"pair_value": True}, ShapeError, "pair_value"
    yield {"pair_value": zeros(2, 3, 3)}, ShapeError, "pair_value must be"


@pytest.mark.parametrize(("keywords", "error", "message"), bad_options())
def test_options_that_do_not_fit_are_refused(keywords, error, message):
    tensors = torch.zeros(6, 2, 3), torch.zeros(5, 2, 3), torch.zeros(5, 2, 4)
    with pytest.raises(error, match=message):
        sparse_attention(*tensors, random_pattern(6, 5, 20), **keywords)


def test_a_score_of_five_numbers_is_refused():
    @wp.func
    def wide(q: float, k: float, e: float, f: float, g: float):
        return q * k * e * f * g

    with pytest.raises(ConfigError, match="up to two edge numbers"):
        PairScore(wide)
