"""What sampling says about input that cannot be sampled, and that no number crashes it."""

import subprocess
import sys

import pytest
import torch

from graphformers.errors import ShapeError
from graphformers.kernels import TimeLimit, sample_neighbors

NONE = torch.empty(0, dtype=torch.int64)
GOOD = {
    "indptr": torch.tensor([0, 2, 3, 3]),
    "indices": torch.tensor([1, 2, 0]),
    "seeds": torch.tensor([0, 1]),
    "fanouts": [2, 2],
}


def bad_calls():
    two, float_ones = torch.tensor([1, 1]), torch.ones(3)
    yield {"indptr": torch.tensor([0, 3, 2, 3])}, "indptr must rise from 0 to 3; row 1 is 3 ... 2"
    yield {"indptr": torch.tensor([0, 2, 5, 5])}, "indptr must rise from 0 to 3; row 1 is 2 ... 5"
    yield {"indptr": torch.tensor([-4, 2, 3, 3])}, "row 0 is -4 ... 2"
    yield {"indptr": NONE}, "indptr must have an entry for every row and one more"
    yield {"indptr": GOOD["indptr"].int()}, "indptr must be one axis of int64; got torch.int32"
    yield {"indices": float_ones}, "indices must be one axis of int32 or int64; got torch.float32"
    yield {"indices": torch.tensor([1, 3, 0])}, r"indices must lie in 0 \.\.\. 2; got 3"
    yield {"indices": torch.tensor([1, -7, 0])}, r"indices must lie in 0 \.\.\. 2; got -7"
    yield {"indices": torch.zeros(6, dtype=torch.int64)[::2]}, "indices must be contiguous"
    yield (
        {"indices": torch.empty(3, dtype=torch.int64, device="meta")},
        "indices must be on the CPU",
    )
    yield {"seeds": torch.tensor([0, 3])}, r"seeds must lie in 0 \.\.\. 2; got 3"
    yield {"seeds": torch.tensor([-1])}, r"seeds must lie in 0 \.\.\. 2; got -1"
    yield {"seeds": two}, "seeds must differ"
    yield {"seeds": two[None]}, "seeds must be one axis of int64"
    yield {"fanouts": [2, -2]}, r"fanouts must be -1 \(all\) or counts below 2\*\*31; got -2"
    yield {"fanouts": [1.5]}, "fanouts must be"
    yield {"fanouts": [2**31]}, r"fanouts must be -1 \(all\) or counts below 2\*\*31"
    yield {"fanouts": [2**31 - 1], "replace": True}, "must pick fewer than"
    yield {"weights": torch.tensor([1.0, -1.0, 1.0])}, "weights must be finite and not negative"
    yield {"weights": torch.tensor([1.0, torch.nan, 1.0])}, "not all of row 0 are"
    yield {"weights": torch.tensor([1.0, torch.inf, 1.0])}, "weights must be finite"
    yield {"weights": torch.ones(2)}, "weights must have 3 entries; got 2"
    yield {"weights": torch.ones(3).half()}, "weights must be one axis of float32 or float64"
    yield {"time": TimeLimit(seeds=two[:1])}, "the time of seeds must have 2 entries"
    yield {"time": TimeLimit(seeds=two, edges=two)}, "edge_time must have 3 entries"
    yield {"time": TimeLimit(seeds=two, nodes=two)}, "the time of nodes must have 3 entries"
    wrong = {"indices": torch.tensor([1, 9**9, 0])}
    yield wrong | {"time": TimeLimit(seeds=two, nodes=torch.ones(3).long())}, "not all of row 0 do"


@pytest.mark.parametrize(("changed", "message"), bad_calls())
def test_bad_input_is_refused(changed, message):
    with pytest.raises(ShapeError, match=message):
        sample_neighbors(**{**GOOD, **changed})


FUZZ = """
import torch
from graphformers.errors import ShapeError
from graphformers.kernels import TimeLimit, random_walks, sample_hop_tokens, sample_neighbors
generator = torch.Generator().manual_seed(0)
extremes = torch.tensor([-2**63, -2**33, -1, 0, 1, 2, 3, 4, 5, 7, 2**31, 2**33, 2**63 - 1])
def garbage(size):
    return extremes[torch.randint(len(extremes), (size,), generator=generator)]
for run in range(400):
    wild = run % 4
    indptr = garbage(6) if wild == 0 else torch.tensor([0, 2, 4, 4, 7, 9])
    indices = garbage(9) if wild == 1 else torch.arange(9) % 5
    seeds = garbage(2) if wild == 2 else torch.tensor([0, 3])
    time = TimeLimit(seeds=garbage(2), nodes=garbage(5), edges=garbage(9)) if run % 3 else None
    weights = garbage(9).double() if wild == 3 else None
    for sample in (
        lambda: sample_neighbors(indptr, indices, seeds, [3, -1], run % 2 > 0, weights, time, run),
        lambda: random_walks(indptr, indices, seeds, 9, p=0.5, q=2.0, seed=run),
        lambda: sample_hop_tokens(indptr, indices, 6, seeds, seed=run),
    ):
        try:
            sample()
        except ShapeError:
            pass
"""


def test_no_numbers_crash_the_process():
    subprocess.run([sys.executable, "-c", FUZZ], check=True, timeout=120)
