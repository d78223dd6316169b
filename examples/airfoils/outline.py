"""Outlines of airfoils: the NACA four-digit family and files of coordinates."""

import re
from pathlib import Path

import numpy as np

THICKNESS = (0.2969, -0.1260, -0.3516, 0.2843, -0.1036)  # last one closes the trailing edge
SAME_POINT = 1e-6  # chords


def load_outline(name: str, points_per_side: int = 110) -> np.ndarray:
    """Points (points, 2) from the trailing edge over the top to the nose and back below, chord 1.

    ``name`` is four digits, such as 4412, or the path of a ``.dat`` file whose first line is a name
    and whose other lines are x and y in the same order. The trailing edge stands once.
    """
    if re.fullmatch(r"\d{4}", name):
        return naca_outline(name, points_per_side)
    return resampled(read_coordinates(Path(name)), points_per_side)


def naca_outline(digits: str, points_per_side: int) -> np.ndarray:
    """Camber line plus and minus half the thickness, across it (Jacobs, Ward, Pinkerton 1933)."""
    camber, position, thickness = int(digits[0]) / 100, int(digits[1]) / 10, int(digits[2:]) / 100
    x = cosine_spaced(points_per_side)
    powers = np.stack([np.sqrt(x), x, x**2, x**3, x**4])
    half = 5 * thickness * (np.asarray(THICKNESS) @ powers)
    line, slope = camber_line(x, camber, position)
    angle = np.arctan(slope)
    upper = np.stack([x - half * np.sin(angle), line + half * np.cos(angle)], axis=1)
    lower = np.stack([x + half * np.sin(angle), line - half * np.cos(angle)], axis=1)
    return np.concatenate([upper[:0:-1], lower[:-1]])


def camber_line(x: np.ndarray, camber: float, position: float) -> tuple[np.ndarray, np.ndarray]:
    """Height and slope of two parabolas which meet at the highest point."""
    if camber == 0:
        return np.zeros_like(x), np.zeros_like(x)
    front = x < position
    scale = camber / np.where(front, position, 1 - position) ** 2
    offset = np.where(front, 0.0, 1 - 2 * position)
    return scale * (offset + 2 * position * x - x**2), scale * 2 * (position - x)


def read_coordinates(path: Path) -> np.ndarray:
    """The x y pairs of a file, without its name line."""
    rows = [line.split() for line in path.read_text(errors="replace").splitlines()[1:]]
    pairs = [(float(row[0]), float(row[1])) for row in rows if len(row) == 2]
    points = np.asarray(pairs)
    if len(points) < 20 or points.min() < -1 or points.max() > 1.2:
        raise ValueError(f"{path}: expected a name line and x y pairs with chord 1")
    return points


def resampled(points: np.ndarray, points_per_side: int) -> np.ndarray:
    """The same outline with its points close together at both edges, chord exactly 1."""
    nose = int(points[:, 0].argmin())
    length = points[:, 0].max() - points[nose, 0]
    scaled = (points - [points[nose, 0], 0.0]) / length
    sides = [along(scaled[nose::-1], points_per_side), along(scaled[nose:], points_per_side)]
    upper, lower = sides
    trailing_edge = 0.5 * (upper[-1] + lower[-1])
    return np.concatenate([[trailing_edge], upper[-2:0:-1], lower[:-1]])


def along(side: np.ndarray, num_points: int) -> np.ndarray:
    """Points at cosine-spaced shares of the length of one side, from the nose on."""
    steps = np.linalg.norm(np.diff(side, axis=0), axis=1)
    keep = np.concatenate([[True], steps > SAME_POINT])
    side = side[keep]
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(side, axis=0), axis=1))])
    share = cosine_spaced(num_points) * length[-1]
    return np.stack([np.interp(share, length, values) for values in side.T], axis=1)


def cosine_spaced(num_points: int) -> np.ndarray:
    """Numbers from 0 to 1, close together at both ends."""
    return 0.5 * (1 - np.cos(np.linspace(0, np.pi, num_points)))
