"""Scores, options and numbers at the edge of what floats hold."""

import threading
from typing import Any

import pytest
import torch
import warp as wp
from torch._dynamo.testing import CompileCounterWithBackend

from graphformers.errors import ConfigError
from graphformers.kernels import PairScore, SparsePattern, sparse_attention
from graphformers.kernels.attention.cases import (
    ATTENTION_CASES,
    WIDTH_CASES,
    AttentionCase,
    Widths,
    attention_settings,
    attention_tensors,
)
from graphformers.kernels.attention.reference import (
    AttentionSettings,
    AttentionTensors,
    attention_reference,
)
from graphformers.kernels.attention.score import find_score
from graphformers.kernels.pattern_cases import PATTERN_CASES, random_pattern

# Two orders of adding the same numbers; slopes of square roots are steep.
CLOSE = {torch.float32: 2e-4, torch.float64: 1e-10}
HALF_CLOSE = {torch.bfloat16: 2e-2, torch.float16: 2e-3}
ODD = WIDTH_CASES["odd"]
DIFFERENTIABLE = AttentionTensors._fields[:-1]


def options(tensors, case):
    """Keywords of the public function for a case."""
    return {
        "score": case.score,
        "edge": tensors.edge,
        "channel_weight": tensors.channel_weight,
        "clamp": case.clamp,
        "gate": tensors.gate,
        "dropout": case.dropout,
        "seed": tensors.seed,
        "pair_value": case.sums_pairs and torch.eye(*PAIR_TO_VALUE).repeat(ODD.heads, 1, 1),
        "return_pairs": case.gives_pairs,
    }


PAIR_TO_VALUE = (ODD.dim, ODD.dim_v)


def attend(tensors, case, pattern):
    """Everything the kernels give for a case."""
    keywords = options(tensors, case)
    if case.sums_pairs:
        keywords["pair_value"] = keywords["pair_value"].to(tensors.query.dtype)
    out = sparse_attention(*tensors[:3], pattern, tensors.bias, 0.5, **keywords)
    return out if case.gives_pairs else (out,)


def expected(tensors, case, pattern):
    """The same from the definition."""
    attended = attention_reference(tensors, attention_settings(case), pattern)
    out = attended.out
    if case.sums_pairs:
        out = out + attended.pair_sum @ torch.eye(*PAIR_TO_VALUE, dtype=out.dtype)
    return (out, attended.pairs) if case.gives_pairs else (out,)


def with_gradients(results, tensors):
    """Results and gradients by name, for fixed gradients of the results."""
    generator = torch.Generator().manual_seed(3)
    grads = [  # few bits, so that every type holds them
        torch.randn(one.shape, generator=generator).bfloat16().to(one.dtype) for one in results
    ]
    given = {name: getattr(tensors, name) for name in DIFFERENTIABLE}
    given = {name: tensor for name, tensor in given.items() if tensor is not None}
    pulled = torch.autograd.grad(results, list(given.values()), grads)
    named = {f"result {i}": one for i, one in enumerate(results)}
    return named | dict(zip(given, pulled, strict=True))


@pytest.mark.parametrize("case", ATTENTION_CASES.values(), ids=ATTENTION_CASES)
def test_every_score_and_option_equals_the_definition(case, pattern, dtype):
    tensors = attention_tensors(pattern, ODD, case, dtype)
    ours = with_gradients(attend(tensors, case, pattern), tensors)
    for name, tensor in with_gradients(expected(tensors, case, pattern), tensors).items():
        close = CLOSE[dtype]
        torch.testing.assert_close(
            ours[name], tensor, rtol=close, atol=close, msg=lambda text, name=name: name + text
        )


@pytest.mark.parametrize("case", ATTENTION_CASES.values(), ids=ATTENTION_CASES)
def test_first_derivatives_are_right(case):
    pattern = random_pattern(3, 4, 6)
    tensors = attention_tensors(pattern, ODD, case)
    given = [name for name in DIFFERENTIABLE if getattr(tensors, name) is not None]

    def run(*variables):
        return attend(tensors._replace(**dict(zip(given, variables, strict=True))), case, pattern)

    assert torch.autograd.gradcheck(run, [getattr(tensors, name) for name in given])


@pytest.mark.parametrize("label", ["graph transformer", "PPGT", "gated edges"])
def test_second_derivatives_are_right(label):
    case, pattern = ATTENTION_CASES[label], random_pattern(3, 4, 6)
    tensors = attention_tensors(pattern, ODD, case)
    given = [name for name in DIFFERENTIABLE if getattr(tensors, name) is not None]

    def run(*variables):
        return attend(tensors._replace(**dict(zip(given, variables, strict=True))), case, pattern)

    variables = [getattr(tensors, name) for name in given]
    assert torch.autograd.gradgradcheck(run, variables, fast_mode=True)


@wp.func
def _tempered(q: Any, k: Any, e: Any):
    return wp.tanh(q * k) * e


TEMPERED = PairScore(_tempered, lambda q, k, e: torch.tanh(q * k) * e)


def test_a_score_of_ones_own_equals_its_definition(dtype):
    pattern = random_pattern(7, 5, 23)
    tensors = attention_tensors(pattern, ODD, AttentionCase("dot_edge"), dtype)
    ours = sparse_attention(*tensors[:3], pattern, scale=0.5, score=TEMPERED, edge=tensors.edge)
    settings = AttentionSettings(TEMPERED.name, 0.5)
    definition = attention_reference(tensors, settings, pattern).out
    results = (with_gradients([one], tensors) for one in (ours, definition))
    for name, (tensor, reference) in zip(
        ("result 0", "query", "key", "value", "edge"),
        zip(*(one.values() for one in results), strict=True),
        strict=True,
    ):
        close = CLOSE[dtype]
        torch.testing.assert_close(tensor, reference, rtol=close, atol=close, msg=name)


@wp.func
def _without_plain_form(q: Any, k: Any, e: Any):
    return q * k + e


def test_a_score_without_a_plain_form_says_what_is_missing():
    pattern = random_pattern(7, 5, 23)
    tensors = attention_tensors(pattern, ODD, AttentionCase("dot_edge"))
    score = PairScore(_without_plain_form)
    out = sparse_attention(*tensors[:3], pattern, score=score, edge=tensors.edge)
    first = torch.autograd.grad(out.square().sum(), tensors.query, create_graph=True)
    with pytest.raises(ConfigError, match=r"give PairScore\(function, reference\)"):
        torch.autograd.grad(first[0].sum(), tensors.key)


@pytest.mark.parametrize("half", HALF_CLOSE)
def test_half_precision_is_a_way_to_store_numbers(half):
    case, pattern = ATTENTION_CASES["GRIT"], random_pattern(7, 5, 23)
    stored = attention_tensors(pattern, ODD, case, half)
    wide = AttentionTensors(
        *(one if one is None else one.detach().float().requires_grad_() for one in stored[:-1]),
        stored.seed,
    )
    ours = with_gradients(attend(stored, case, pattern), stored)
    for name, tensor in with_gradients(attend(wide, case, pattern), wide).items():
        assert ours[name].dtype == half
        size = float(tensor.detach().abs().max())
        close = HALF_CLOSE[half] * size
        torch.testing.assert_close(ours[name].float(), tensor, rtol=0, atol=close, msg=name)


def test_dropout_repeats_for_a_seed_and_keeps_the_mean():
    pattern = random_pattern(40, 30, 600)
    tensors = attention_tensors(pattern, ODD, AttentionCase())

    def dropped(seed):
        return sparse_attention(*tensors[:3], pattern, dropout=0.4, seed=seed).detach()

    assert torch.equal(dropped(1), dropped(1))
    assert not torch.equal(dropped(1), dropped(2))
    runs = torch.stack([dropped(seed) for seed in range(400)])
    deviation = runs.std(0) / len(runs) ** 0.5
    error = (runs.mean(0) - sparse_attention(*tensors[:3], pattern)).abs()
    assert (error <= 6 * deviation).all()  # six standard errors


def test_dropout_without_a_seed_follows_torch():
    pattern = random_pattern(7, 5, 23)
    tensors = attention_tensors(pattern, ODD, AttentionCase())
    runs = []
    for _ in range(2):
        torch.manual_seed(4)
        runs.append(sparse_attention(*tensors[:3], pattern, dropout=0.5))
    assert torch.equal(*runs)


def test_the_weights_of_dropout_are_a_share_of_the_edges():
    nodes = 20_000
    pattern = SparsePattern.from_edge_index(
        torch.arange(nodes).repeat(2, 1), num_targets=nodes, num_sources=nodes
    )
    ones = torch.ones(nodes, 1, 1)
    out = sparse_attention(ones, ones, ones, pattern, dropout=0.3, seed=5)
    assert out.unique().tolist() == pytest.approx([0.0, 1 / 0.7])
    assert float((out == 0).float().mean()) == pytest.approx(0.3, abs=0.02)


def test_a_masked_edge_stays_masked_under_a_clamp():
    pattern = random_pattern(6, 5, 20)
    tensors = attention_tensors(pattern, ODD, AttentionCase())
    kept = torch.arange(20) % 3 != 0
    mask = torch.where(kept, 0.0, -torch.inf).double().unsqueeze(1).repeat(1, ODD.heads)
    fewer = SparsePattern.from_edge_index(pattern.edge_index[:, kept], num_targets=6, num_sources=5)
    masked = sparse_attention(*tensors[:3], pattern, mask, clamp=0.5)
    assert torch.equal(masked, sparse_attention(*tensors[:3], fewer, clamp=0.5))


@pytest.mark.parametrize("size", [1e4, -1e4])
def test_extreme_logits_stay_finite(dtype, size):
    pattern = random_pattern(20, 20, 200)
    tensors = attention_tensors(pattern, ODD, AttentionCase(bias=True), dtype)
    bias = (size * tensors.bias.detach()).requires_grad_()
    out = sparse_attention(*tensors[:3], pattern, bias)
    grads = torch.autograd.grad(out.square().sum(), [*tensors[:3], bias])
    assert out.isfinite().all()
    assert all(grad.isfinite().all() for grad in grads)
    definition = AttentionTensors(*tensors[:3], bias=bias)
    reference = attention_reference(definition, AttentionSettings(scale=ODD.dim**-0.5), pattern)
    torch.testing.assert_close(out, reference.out, rtol=1e-3, atol=1e-3)


def test_not_a_number_in_one_row_stays_in_that_row():
    pattern = random_pattern(20, 20, 200)
    tensors = attention_tensors(pattern, ODD, ATTENTION_CASES["GRIT"])
    query = tensors.query.detach().clone()
    query[3] = torch.nan
    out, _ = attend(tensors._replace(query=query), ATTENTION_CASES["GRIT"], pattern)
    rows = out.isnan().flatten(1).any(1)
    assert rows[3]
    assert int(rows.sum()) == 1


@pytest.mark.parametrize("widths", [Widths(1, 1, 1), Widths(8, 16, 8)], ids=str)
def test_a_hub_of_a_hundred_thousand_neighbours_is_right(widths):
    count = 100_000
    edge_index = torch.stack([torch.arange(count), torch.zeros(count, dtype=torch.int64)])
    pattern = SparsePattern.from_edge_index(edge_index, num_targets=2, num_sources=count)
    tensors = attention_tensors(pattern, widths, AttentionCase(), torch.float32)
    out = sparse_attention(*tensors[:3], pattern, scale=0.5)
    wide = AttentionTensors(*(one.double() for one in tensors[:3]))
    reference = attention_reference(wide, AttentionSettings(scale=0.5), pattern).out
    torch.testing.assert_close(out.double(), reference, rtol=1e-4, atol=1e-5)
    assert not out[1].any()


def test_hundred_runs_give_the_same_bits_on_one_two_and_four_threads(monkeypatch):
    monkeypatch.setattr("graphformers.kernels.launch._SERIAL_WORK", 0)
    case, pattern = ATTENTION_CASES["GRIT"], PATTERN_CASES["several chunks"]()
    tensors = attention_tensors(pattern, ODD, case, torch.float32)
    first = with_gradients(attend(tensors, case, pattern), tensors)
    for run in range(100):
        monkeypatch.setattr("torch.get_num_threads", lambda run=run: (1, 2, 4)[run % 3])
        again = with_gradients(attend(tensors, case, pattern), tensors)
        for name, tensor in first.items():
            assert torch.equal(tensor, again[name]), name


def test_two_threads_may_call_at_once():
    """Also the first calls of a width, which make its kernels."""
    pattern = random_pattern(50, 50, 500)
    tensors = attention_tensors(pattern, Widths(2, 7, 3), AttentionCase(), torch.float32)
    results = []

    def call():
        results.extend(sparse_attention(*tensors[:3], pattern).detach() for _ in range(20))

    threads = [threading.Thread(target=call) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 40
    assert all(torch.equal(results[0], one) for one in results)


class AttendedRows(torch.utils.data.Dataset):
    """Runs attention wherever it is asked for an item."""

    def __init__(self, tensors, pattern):
        self.tensors, self.pattern = tensors, pattern

    def __len__(self):
        return 4

    def __getitem__(self, item):
        return sparse_attention(*self.tensors, self.pattern, scale=float(item))


def test_forked_loader_workers_get_the_same_bits():
    pattern = random_pattern(50, 50, 500)
    tensors = attention_tensors(pattern, ODD, AttentionCase(), torch.float32)
    rows = AttendedRows([one.detach() for one in tensors[:3]], pattern)
    here = [rows[item] for item in range(len(rows))]
    workers = torch.utils.data.DataLoader(
        rows, batch_size=None, num_workers=2, multiprocessing_context="fork"
    )
    assert all(torch.equal(*pair) for pair in zip(here, workers, strict=True))


def test_other_sizes_are_not_compiled_again():
    counter = CompileCounterWithBackend("aot_eager")
    attend = torch.compile(sparse_attention, fullgraph=True, dynamic=True, backend=counter)
    counts = []
    for nodes in (10, 23, 47):
        pattern = random_pattern(nodes, nodes + 3, 5 * nodes)
        tensors = attention_tensors(pattern, ODD, AttentionCase(bias=True), torch.float32)
        out = attend(*tensors[:3], pattern, tensors.bias)
        assert torch.equal(out, sparse_attention(*tensors[:3], pattern, tensors.bias))
        out.sum().backward()
        counts.append(counter.frame_count)
    assert counts == counts[:1] * 3


class Attends(torch.nn.Module):
    """Attention over a pattern that was made outside."""

    def __init__(self, pattern):
        super().__init__()
        self.pattern = pattern

    def forward(self, query, key, value):
        return sparse_attention(query, key, value, self.pattern)


def test_an_exported_program_needs_none_of_our_operators():
    pattern = random_pattern(7, 5, 23)
    inputs = attention_tensors(pattern, ODD, AttentionCase(), torch.float32)[:3]
    program = torch.export.export(Attends(pattern), inputs)
    assert "graphformers" not in program.graph_module.code
    torch.testing.assert_close(program.module()(*inputs), sparse_attention(*inputs, pattern))


def test_a_function_wrapped_twice_is_compiled_once():
    again = PairScore(_tempered)
    assert again.name == TEMPERED.name
    assert find_score(again.name).reference is TEMPERED.reference
    assert PairScore(_without_plain_form).name != again.name


def test_two_functions_of_one_name_are_refused():
    with pytest.raises(ConfigError, match="a score named 'dot'"):
        PairScore(_tempered, name="dot")
