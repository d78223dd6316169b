import threading

import pytest
import torch
import warp as wp

from graphformers.errors import ConfigError
from graphformers.kernels import PairScore, SparsePattern, recorded_attention, sparse_attention
from graphformers.kernels.attention.cases import (
    ATTENTION_CASES,
    WIDTH_CASES,
    attention_settings,
    attention_tensors,
)
from graphformers.kernels.attention.reference import AttentionTensors, softmax_reference
from graphformers.kernels.pattern_cases import random_pattern

ROUNDING = 1e-12


@pytest.fixture
def pattern() -> SparsePattern:
    return random_pattern(7, 6, 20)


def attend(pattern: SparsePattern, name: str, dtype: torch.dtype = torch.float64):
    """Output and record of a case without dropout."""
    case = ATTENTION_CASES[name]._replace(dropout=0.0)
    tensors = attention_tensors(pattern, WIDTH_CASES["odd"], case, dtype)
    settings = attention_settings(case)
    with recorded_attention() as records:
        out = sparse_attention(
            tensors.query,
            tensors.key,
            tensors.value,
            pattern,
            tensors.bias,
            settings.scale,
            score=settings.score,  # pyright: ignore[reportArgumentType]
            edge=tensors.edge,
            channel_weight=tensors.channel_weight,
            clamp=case.clamp,
            gate=tensors.gate,
        )
    (record,) = records
    return tensors, out, record


@pytest.mark.parametrize("name", ATTENTION_CASES)
def test_recorded_weights_mix_the_values_to_the_output(pattern, name):
    tensors, out, record = attend(pattern, name)
    source, target = pattern.edge_index
    messages = record.applied.unsqueeze(-1) * tensors.value[source]
    expected = torch.zeros_like(out).index_add(0, target, messages)
    torch.testing.assert_close(out, expected, atol=ROUNDING, rtol=ROUNDING)


@pytest.mark.parametrize("name", ATTENTION_CASES)
def test_weights_of_a_target_add_up_to_one_before_the_gate(pattern, name):
    tensors, _, record = attend(pattern, name)
    sums = torch.zeros(pattern.num_targets, 3, dtype=torch.float64)
    sums = sums.index_add(0, pattern.edge_index[1], record.weight)
    expected = (pattern.row_ptr.diff() > 0).double().unsqueeze(1).expand_as(sums)
    torch.testing.assert_close(sums, expected, atol=ROUNDING, rtol=ROUNDING)
    assert (record.gate is None) == (tensors.gate is None)
    assert not record.weight.requires_grad


def test_half_precision_is_recorded_as_it_is_computed_in_single(pattern):
    half, _, record = attend(pattern, "PPGT", torch.bfloat16)
    whole = [None if one is None or not one.is_floating_point() else one.float() for one in half]
    case = ATTENTION_CASES["PPGT"]
    weight, _ = softmax_reference(AttentionTensors(*whole), attention_settings(case), pattern)
    assert record.weight.dtype == record.applied.dtype == torch.float32
    assert torch.equal(record.weight[pattern.edge], weight)


def test_dropout_is_not_in_the_record(pattern):
    query, key, value = (torch.randn(6, 2, 3) for _ in range(3))
    square = random_pattern(6, 6, 20)
    with recorded_attention() as records:
        sparse_attention(query, key, value, square)
        sparse_attention(query, key, value, square, dropout=0.5)
    assert torch.equal(records[0].weight, records[1].weight)


def test_nothing_is_recorded_outside_a_block_and_blocks_nest(pattern):
    query, key, value = (torch.randn(6, 2, 3) for _ in range(3))
    square = random_pattern(6, 6, 20)
    with recorded_attention() as outer:
        with recorded_attention() as inner:
            sparse_attention(query, key, value, square)
        sparse_attention(query, key, value, square)
        sparse_attention(query, key, value, square)
    sparse_attention(query, key, value, square)
    assert (len(outer), len(inner)) == (2, 1)


def test_another_thread_does_not_write_into_the_record():
    query, key, value = (torch.randn(6, 2, 3) for _ in range(3))
    square = random_pattern(6, 6, 20)
    with recorded_attention() as records:
        thread = threading.Thread(target=sparse_attention, args=(query, key, value, square))
        thread.start()
        thread.join()
    assert records == []


def test_a_score_without_a_definition_says_what_it_lacks():
    @wp.func
    def product(q: float, k: float):
        return q * k

    score = PairScore(product)
    query, key, value = (torch.randn(6, 2, 3) for _ in range(3))
    with recorded_attention(), pytest.raises(ConfigError, match="no plain torch form"):
        sparse_attention(query, key, value, random_pattern(6, 6, 20), score=score)


def test_compiled_attention_stays_one_graph():
    square = random_pattern(6, 6, 20)
    query, key, value = (torch.randn(6, 2, 3) for _ in range(3))
    compiled = torch.compile(sparse_attention, fullgraph=True, backend="eager")
    with recorded_attention() as records:
        compiled(query, key, value, square)
    assert records == []
