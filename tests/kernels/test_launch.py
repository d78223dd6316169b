import itertools
import os
import subprocess
import sys
import weakref
from functools import partial

import pytest
import torch
import warp as wp

from graphformers.kernels import segment_reduce
from graphformers.kernels.attention.edge_kernel import Shape
from graphformers.kernels.attention.kernel import attention_kernels
from graphformers.kernels.attention.score import SCORES
from graphformers.kernels.eulerian.kernel import eulerian_kernel, merge_kernel
from graphformers.kernels.farthest_points.kernel import sample_kernel
from graphformers.kernels.grouping.kernel import group_kernel
from graphformers.kernels.launch import _balanced_bounds
from graphformers.kernels.messages.kernel import message_kernels
from graphformers.kernels.neighbors.kernel import search_kernel
from graphformers.kernels.point_tree.kernel import build_kernel
from graphformers.kernels.pooling.kernel import waves_kernel
from graphformers.kernels.random_walk.kernel import pairs_kernel, pattern_kernel, return_kernel
from graphformers.kernels.sampling.hop_tokens.kernel import hop_token_kernel
from graphformers.kernels.sampling.neighbors.kernel import (
    count_eligible_kernel,
    find_rows_kernel,
    pick_kernel,
)
from graphformers.kernels.sampling.numbering.kernel import number_kernel
from graphformers.kernels.sampling.walks.kernel import walk_kernel
from graphformers.kernels.segments.kernel import segment_kernels, segment_of_item_kernel
from graphformers.kernels.softmax.kernel import softmax_kernels
from graphformers.kernels.voxels.kernel import sort_by_digit_kernel


def attention(score, scalar):
    """One head a thread, as on CUDA."""
    shape = Shape(heads=3, group=1, dim=16, dim_v=5, scalar=scalar, vectorised=False)
    return attention_kernels(score, shape).forward


KERNELS = {
    **{
        f"attention {score} {scalar.__name__}": partial(attention, score, scalar)
        for score in SCORES
        for scalar in (wp.float32, wp.float64)
    },
    "segments float32": lambda: segment_kernels(4, wp.float32).total,
    "segments float64": lambda: segment_kernels(1, wp.float64).total,
    "messages float32": lambda: message_kernels(4, wp.float32).edge_sum,
    "messages float64": lambda: message_kernels(1, wp.float64).edge_sum,
    "segments of items": lambda: segment_of_item_kernel,
    "softmax float32": lambda: softmax_kernels(4, wp.float32).weights,
    "softmax float64": lambda: softmax_kernels(1, wp.float64).weights,
    "grouping": lambda: group_kernel,
    "eulerian paths": lambda: eulerian_kernel,
    "undirected edges": lambda: merge_kernel,
    "random walks over pairs": lambda: pairs_kernel(wp.float32),
    "random walks along a pattern": lambda: pattern_kernel(wp.float64),
    "random walks that return": lambda: return_kernel,
    "looking up rows": lambda: find_rows_kernel,
    "counting neighbors": lambda: count_eligible_kernel,
    "picking neighbors": lambda: pick_kernel,
    "numbering": lambda: number_kernel,
    "walks": lambda: walk_kernel,
    "two-hop tokens": lambda: hop_token_kernel,
    "farthest points float32": lambda: sample_kernel(wp.float32),
    "farthest points float64": lambda: sample_kernel(wp.float64),
    "neighbors float32": lambda: search_kernel(wp.float32, False, 1),
    "neighbors float64": lambda: search_kernel(wp.float64, False, 1),
    "periodic neighbors float32": lambda: search_kernel(wp.float32, True, 1),
    "periodic neighbors float64": lambda: search_kernel(wp.float64, True, 1),
    "point trees float32": lambda: build_kernel(wp.float32),
    "point trees float64": lambda: build_kernel(wp.float64),
    "voxels": lambda: sort_by_digit_kernel,
    "pooling float32": lambda: waves_kernel(wp.float32),
    "pooling float64": lambda: waves_kernel(wp.float64),
}


@pytest.mark.parametrize("label", KERNELS)
def test_kernels_compile_for_cuda_without_a_gpu(label, tmp_path):
    module = KERNELS[label]().module
    wp.compile_aot_module(module, arch=[80, 90], module_dir=tmp_path, use_ptx=True)
    programs = [path.read_text() for path in tmp_path.glob("**/*.ptx")]
    assert len(programs) == 2
    for program in programs:
        for name in module.kernels:
            assert name in program


@pytest.mark.parametrize("sizes", [[5], [0, 0, 0], [1] * 100, [1000, 1, 1, 1], [0, 3, 0, 50, 2]])
@pytest.mark.parametrize("chunks", [1, 2, 8])
def test_chunks_cover_every_row_once(sizes, chunks):
    bounds = _balanced_bounds(torch.tensor([0, *sizes]).cumsum(0), chunks)
    assert bounds[0] == 0
    assert bounds[-1] == len(sizes)
    assert bounds == sorted(bounds)
    assert len(bounds) == chunks + 1


def test_chunks_share_the_work_evenly():
    sizes = torch.arange(1000)
    bounds = _balanced_bounds(torch.cat([torch.zeros(1).long(), sizes.cumsum(0)]), 4)
    shares = [int(sizes[a:b].sum()) for a, b in itertools.pairwise(bounds)]
    assert max(shares) - min(shares) <= 2 * int(sizes.max())


QUIET = """
import torch
from graphformers.kernels import segment_reduce
segment_reduce(torch.zeros(3), torch.tensor([0, 3]))
"""


def test_starting_warp_says_nothing():
    done = subprocess.run([sys.executable, "-c", QUIET], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    assert done.stderr == ""


def test_no_tensor_outlives_its_launch():
    values = torch.ones(4, 3)
    for _ in range(2):  # the first launch is recorded, the second replayed
        segment_reduce(values, torch.tensor([0, 4]))
    gone = weakref.ref(values)
    del values
    assert gone() is None


# Only threads of our own: the child must not enter torch's OpenMP regions, which fork breaks too.
FORKING = """
import os, numpy, torch
from graphformers.kernels import segment_reduce
torch.set_num_threads(2)
values, ptr = torch.ones(1024, 1024), torch.arange(1025)
expected = segment_reduce(values, ptr).numpy()
child = os.fork()
if child == 0:
    os._exit(0 if numpy.array_equal(segment_reduce(values, ptr).numpy(), expected) else 1)
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_makes_its_own_threads():
    subprocess.run([sys.executable, "-c", FORKING], check=True, timeout=60)
