"""Neighbour search, voxel grouping and farthest points beside what else finds them.

An even cloud, in the random order it was drawn in and along a k-d tree, and one whose spacing falls
a thousandfold towards a wall; building and searching together and apart. Every search is among the
points themselves. Neighbours come back sorted; those of scipy's balls as unsorted lists.
"""

import importlib
from collections.abc import Iterator

import numpy as np
import torch
from scipy.spatial import cKDTree  # pyright: ignore[reportAttributeAccessIssue]
from torch import Tensor

from graphformers.benchmarks.workload import OURS, Contender, Cost, Workload, optional_module
from graphformers.kernels import (
    farthest_points,
    group_voxels,
    knn_neighbors,
    radius_neighbors,
    voxel_cells,
)
from graphformers.kernels.neighbors.cases import near_walls, uniform
from graphformers.kernels.neighbors.kernel import NEAREST
from graphformers.kernels.neighbors.search import Reach, find, prepare

SIZES = (10_000, 100_000, 1_000_000)
K = 16
BALL = 24  # points in the mean ball of an even cloud
WORKERS = 2
PICKS_PER_POINT = 0.01
MOST_PLAIN_PICKS = 1_000  # the plain loop costs points times picks
TOLERANCE = 1e-3
BALLS_TOLERANCE = 0.1  # at the rim of a ball float32 and float64 differ by a point or two


def workloads(size: int) -> Iterator[Workload]:
    """Even, ordered and uneven clouds, in two and three dimensions."""
    even = uniform(size)
    clouds = {
        "even": even,
        "even, ordered": even[torch.from_numpy(cKDTree(even.numpy()).indices.copy())],
        "even, plane": uniform(size, 2),
        "near a wall": near_walls(size),
    }
    for order, points in clouds.items():
        yield nearest(order, points)
        yield nearest_built(order, points)
        yield ball(order, points)
    yield building("even", even)
    yield voxels("even", even)
    yield farthest("even", even)


def workload(
    operation: str, order: str, points: Tensor, contenders: dict[str, Contender], tolerance: float
) -> Workload:
    """Contenders on one cloud."""
    return Workload(
        operation=operation,
        order=order,
        size=points.shape[0],
        unit="points",
        contenders=contenders,
        cost=Cost(bytes=points.numel() * points.element_size()),
        tolerance=tolerance,
    )


def nearest(order: str, points: Tensor) -> Workload:
    """Build and search; distances to the nearest others."""
    array = points.numpy()
    contenders: dict[str, Contender] = {
        OURS: lambda: knn_neighbors(points, K).table(K)[1],
        "scipy cKDTree": lambda: others(cKDTree(array).query(array, K + 1, workers=WORKERS)[0]),
    }
    if optional_module("pynanoflann"):
        contenders["pynanoflann"] = lambda: others(with_nanoflann(array))
    if optional_module("torch_cluster"):
        cluster = importlib.import_module("torch_cluster")
        contenders["torch-cluster"] = lambda: pair_lengths(points, cluster.knn_graph(points, K))
    if optional_module("open3d"):
        contenders["open3d"] = lambda: others(with_open3d(array))
    return workload(f"{K} nearest", order, points, contenders, TOLERANCE)


def nearest_built(order: str, points: Tensor) -> Workload:
    """Search alone, in trees built before."""
    array = points.numpy()
    tree, cloud = cKDTree(array), prepare("points", points)
    reach = Reach(torch.inf, 1, K, NEAREST, 0)
    contenders: dict[str, Contender] = {
        OURS: lambda: find(cloud, cloud, reach)[0].view(-1, K),
        "scipy cKDTree": lambda: others(tree.query(array, K + 1, workers=WORKERS)[0]),
    }
    return workload(f"{K} nearest, built", order, points, contenders, TOLERANCE)


def ball(order: str, points: Tensor) -> Workload:
    """Build and search; how many points every ball holds, itself among them."""
    array, radius = points.numpy(), medium_radius(points)

    def with_scipy() -> Tensor:
        found = cKDTree(array).query_ball_point(array, radius, workers=WORKERS)
        return torch.from_numpy(np.fromiter(map(len, found), np.int64, len(found)))

    contenders: dict[str, Contender] = {
        OURS: lambda: radius_neighbors(points, radius, include_self=True).row_ptr.diff(),
        "scipy cKDTree": with_scipy,
    }
    return workload("radius", order, points, contenders, BALLS_TOLERANCE)


def building(order: str, points: Tensor) -> Workload:
    """Trees alone; the number of points they hold."""
    array = points.numpy()
    contenders: dict[str, Contender] = {
        OURS: lambda: torch.tensor(prepare("points", points).positions.shape[0]),
        "scipy cKDTree": lambda: torch.tensor(cKDTree(array).n),
    }
    return workload("building", order, points, contenders, TOLERANCE)


def voxels(order: str, points: Tensor) -> Workload:
    """Voxel of every point, about eight points to a voxel."""
    cells = voxel_cells(points, (8 / points.shape[0]) ** (1 / 3))
    contenders: dict[str, Contender] = {
        OURS: lambda: group_voxels(cells).inverse,
        "torch.unique": lambda: torch.unique(cells, dim=0, return_inverse=True)[1],
    }
    return workload("voxels", order, points, contenders, 0.0)


def farthest(order: str, points: Tensor) -> Workload:
    """A hundredth of the points, while the plain loop can follow."""
    count = int(PICKS_PER_POINT * points.shape[0])
    contenders: dict[str, Contender] = {OURS: lambda: farthest_points(points, count)}
    if count <= MOST_PLAIN_PICKS:
        contenders["plain loop"] = lambda: plain_farthest(points, count)
    if optional_module("torch_cluster"):
        cluster = importlib.import_module("torch_cluster")
        ratio = count / points.shape[0]
        contenders["torch-cluster"] = lambda: cluster.fps(points, None, ratio, random_start=False)
    return workload(f"{count:,} farthest", order, points, contenders, 0.0)


def medium_radius(points: Tensor) -> float:
    """Half the points have more than ``BALL`` others in their ball."""
    probes = points[:: max(1, points.shape[0] // 1000)]
    return float(knn_neighbors(points, BALL, probes).table(BALL)[1][:, -1].median())


def others(distance: np.ndarray) -> Tensor:
    """Without the first column, the point itself."""
    return torch.from_numpy(np.ascontiguousarray(distance[:, 1:]))


def with_nanoflann(array: np.ndarray) -> np.ndarray:
    """Distances of the nearest, itself among them."""
    search = importlib.import_module("pynanoflann").KDTree(n_neighbors=K + 1, metric="L2")
    search.fit(array)
    return search.kneighbors(array, n_jobs=WORKERS)[0]


def with_open3d(array: np.ndarray) -> np.ndarray:
    """Distances of the nearest, itself among them."""
    core = importlib.import_module("open3d").core
    points = core.Tensor(array)
    search = core.nns.NearestNeighborSearch(points)
    search.knn_index()
    return np.sqrt(search.knn_search(points, K + 1)[1].numpy())


def pair_lengths(points: Tensor, pairs: Tensor) -> Tensor:
    """Sorted distances of every point's neighbours."""
    lengths = (points[pairs[0]] - points[pairs[1]]).square().sum(1).sqrt()
    return lengths.view(-1, K).sort(1).values


def plain_farthest(points: Tensor, count: int) -> Tensor:
    """The greedy definition, one pass over all points for every pick."""
    nearest = torch.full((points.shape[0],), torch.inf)
    picks, chosen = [], 0
    for _ in range(count):
        picks.append(chosen)
        nearest = torch.minimum(nearest, (points - points[chosen]).square().sum(1))
        chosen = int(nearest.argmax())
    return torch.tensor(picks)
