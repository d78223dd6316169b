"""What neighbour search says about input it cannot search."""

import math
import subprocess
import sys

import pytest
import torch

from graphformers.errors import DataError, ShapeError
from graphformers.kernels import MaxNeighbors, knn_neighbors, radius_neighbors
from graphformers.kernels.neighbors.cases import uniform


@pytest.mark.parametrize("given_points", [math.inf, math.nan, -math.inf])
def test_points_that_are_not_finite_are_refused(given_points):
    points = uniform(5)
    points[3, 1] = given_points
    with pytest.raises(DataError, match="points must be finite"):
        knn_neighbors(points, 2)
    with pytest.raises(DataError, match="queries must be finite"):
        radius_neighbors(uniform(5), 1.0, points)


REFUSED = {
    "radius must be positive": lambda p: radius_neighbors(p, 0.0),
    "radius must be positive and finite; got inf": lambda p: radius_neighbors(p, math.inf),
    "got nan": lambda p: radius_neighbors(p, math.nan),
    "k must be at least 1; got 0": lambda p: knn_neighbors(p, 0),
    "max_neighbors must be at least 1": lambda p: radius_neighbors(p, 1.0, max_neighbors=0),
    "choice must be one of": lambda p: MaxNeighbors(3, "last"),
    r"points must be \(points, 2\) or": lambda p: knn_neighbors(p[:, :1], 1),
    "points must be float32 or float64": lambda p: knn_neighbors(p.half(), 1),
    r"queries must be \(queries, 3\)": lambda p: knn_neighbors(p, 1, p[:, :2]),
    "queries must have the dtype": lambda p: knn_neighbors(p, 1, p.double()),
    "ptr must never fall": lambda p: knn_neighbors(p, 1, ptr=torch.tensor([0, 4, 2, 5])),
    "ptr must run from 0 to 5": lambda p: knn_neighbors(p, 1, ptr=torch.tensor([0, 4])),
    "ptr must be one axis of int64": lambda p: knn_neighbors(p, 1, ptr=torch.tensor([0.0, 5.0])),
    "ptr needs the end": lambda p: knn_neighbors(p, 1, ptr=torch.zeros(0, dtype=torch.int64)),
    "query_ptr goes with ptr": lambda p: knn_neighbors(p, 1, query_ptr=torch.tensor([0, 5])),
    "query_ptr must never fall": lambda p: knn_neighbors(
        p, 1, p, ptr=torch.tensor([0, 1, 2, 5]), query_ptr=torch.tensor([0, 9, -4, 5])
    ),
    "query_ptr must be as long as ptr": lambda p: knn_neighbors(
        p, 1, p, ptr=torch.tensor([0, 5]), query_ptr=torch.tensor([0, 2, 5])
    ),
    "box must be 3 positive periods": lambda p: knn_neighbors(p, 1, box=(1.0, 1.0)),
    "got \\(1.0, 0.0, 1.0\\)": lambda p: knn_neighbors(p, 1, box=(1.0, 0.0, 1.0)),
}


@pytest.mark.parametrize("message", REFUSED)
def test_a_bad_argument_is_refused(message):
    with pytest.raises(ShapeError, match=message):
        REFUSED[message](uniform(5))


HOSTILE = """
import itertools, torch
from graphformers.errors import GraphformersError
from graphformers.kernels import knn_neighbors, radius_neighbors
big = 2**62
refused = 0
for ptr in ([0, big], [0, -1, 5], [0, big, 5], [-big, 5], [5, 0], [0, 2**31, 5], [0, 9, 5]):
    for search in (lambda **graphs: knn_neighbors(torch.rand(5, 3), 2, **graphs),
                   lambda **graphs: radius_neighbors(torch.rand(5, 3), 0.5, **graphs)):
        try:
            search(ptr=torch.tensor(ptr))
        except GraphformersError:
            refused += 1
knn_neighbors(torch.rand(5, 3), big)
radius_neighbors(torch.rand(5, 3), 1e300, max_neighbors=big)
print(refused)
"""


def test_wrong_numbers_never_crash_the_process():
    done = subprocess.run([sys.executable, "-c", HOSTILE], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "14\n"), done.stderr
