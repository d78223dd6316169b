"""One hop of neighbour sampling, one thread per row: look it up, count what it offers, pick.

========  ==================  ================================================================
graph     (9,)                addresses and sizes, see ``addresses.py``
rows      (rows,)             nodes whose neighbours are sampled
trees     (rows,) or null     seed of every row, where every seed has a subgraph of its own
latest    (rows,) or null     latest time a row may see
start     (rows,)             position of a row's first entry
degree    (rows,)             entries of a row
eligible  (rows,)             those of them that can be picked
out_ptr   (rows + 1,)         first pick of every row
========  ==================  ================================================================
"""

from typing import no_type_check

import warp as wp

from graphformers.kernels.sampling.neighbors.native import COUNT_ELIGIBLE, FIND_ROW, PICK


@no_type_check
@wp.func_native(FIND_ROW)
def _find_row(
    row: int,
    graph: wp.array[wp.int64],
    rows: wp.array[wp.int64],
    start: wp.array[wp.int64],
    degree: wp.array[wp.int64],
): ...


@no_type_check
@wp.kernel(enable_backward=False)
def find_rows_kernel(
    first: int,
    graph: wp.array[wp.int64],
    rows: wp.array[wp.int64],
    start: wp.array[wp.int64],  # written
    degree: wp.array[wp.int64],  # written; BAD_ROW where the row does not lie in the graph
):
    """Look up where every row lies."""
    offset, _ = wp.tid()
    _find_row(first + offset, graph, rows, start, degree)


@no_type_check
@wp.func_native(COUNT_ELIGIBLE)
def _count_eligible(
    row: int,
    graph: wp.array[wp.int64],
    latest: wp.array[wp.int64],
    start: wp.array[wp.int64],
    degree: wp.array[wp.int64],
    eligible: wp.array[wp.int64],
): ...


@no_type_check
@wp.kernel(enable_backward=False)
def count_eligible_kernel(
    first: int,
    graph: wp.array[wp.int64],
    latest: wp.array[wp.int64],
    start: wp.array[wp.int64],
    degree: wp.array[wp.int64],
    eligible: wp.array[wp.int64],  # (rows,), written; BAD_NEIGHBOR, BAD_WEIGHT
):
    """Count the entries of every row that weigh something."""
    offset, _ = wp.tid()
    _count_eligible(first + offset, graph, latest, start, degree, eligible)


@no_type_check
@wp.func_native(PICK)
def _pick(
    row: int,
    graph: wp.array[wp.int64],
    seed: wp.uint64,
    weighs: int,
    replace: int,
    rows: wp.array[wp.int64],
    trees: wp.array[wp.int64],
    latest: wp.array[wp.int64],
    start: wp.array[wp.int64],
    degree: wp.array[wp.int64],
    eligible: wp.array[wp.int64],
    out_ptr: wp.array[wp.int64],
    first_target: wp.int64,
    edges: wp.array[wp.int64],
    sources: wp.array[wp.int64],
    targets: wp.array[wp.int64],
): ...


@no_type_check
@wp.kernel(enable_backward=False)
def pick_kernel(
    first: int,
    graph: wp.array[wp.int64],
    seed: wp.uint64,
    weighs: int,  # chances differ, by weight or by time
    replace: int,
    rows: wp.array[wp.int64],
    trees: wp.array[wp.int64],
    latest: wp.array[wp.int64],
    start: wp.array[wp.int64],
    degree: wp.array[wp.int64],
    eligible: wp.array[wp.int64],
    out_ptr: wp.array[wp.int64],
    first_target: wp.int64,  # number of the first row among the nodes of the sample
    edges: wp.array[wp.int64],  # (picks,) positions of the picked entries, written
    sources: wp.array[wp.int64],  # (picks,) the neighbours there, written
    targets: wp.array[wp.int64],  # (picks,) number of the row that picked, written
):
    """Pick in every row as many entries as it has room for."""
    offset, _ = wp.tid()
    row = first + offset
    _pick(
        row,
        graph,
        seed,
        weighs,
        replace,
        rows,
        trees,
        latest,
        start,
        degree,
        eligible,
        out_ptr,
        first_target,
        edges,
        sources,
        targets,
    )
