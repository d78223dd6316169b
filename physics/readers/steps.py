"""The steps of a solution over time: choosing one, and checking each as it is read."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from graphformers.errors import DataError
from graphformers.physics.readers.point_fields import checked_fields
from graphformers.physics.readers.reader import OpenedMesh, OpenedSeries, PointFields


@dataclass(frozen=True, eq=False, kw_only=True)
class CheckedSteps:
    """Reads one step and checks that it goes with the others.

    Raises ``IndexError`` for a step that does not exist, ``DataError`` for one with other fields,
    another number of points or values that are not finite.
    """

    read: Callable[[int], PointFields]
    names: tuple[str, ...]
    times: Float[np.ndarray, " steps"]
    num_points: int
    flat: bool
    where: str

    def __call__(self, step: int) -> dict[str, Float[np.ndarray, "points components"]]:
        """Fields of a step in the order of ``names``."""
        if not -len(self.times) <= step < len(self.times):
            raise IndexError(f"{self.where} has steps 0 to {len(self.times) - 1}; got {step}")
        step %= len(self.times)
        where = f"{self.where}, time {self.times[step]:g}"
        fields = self.read(step)
        missing = [name for name in self.names if name not in fields]
        if missing:
            raise DataError(
                f"{where}: expected the fields {', '.join(self.names)} at every step; "
                f"there is no {missing[0]!r}"
            )
        chosen = {name: np.asarray(fields[name], dtype=np.float64) for name in self.names}
        for name, values in chosen.items():
            if values.shape[:1] != (self.num_points,):
                raise DataError(
                    f"{where}: field {name!r} must have a value at each of {self.num_points} "
                    f"points; its shape is {values.shape}"
                )
        columns = {name: values.reshape(self.num_points, -1) for name, values in chosen.items()}
        return checked_fields(columns, where, flat=self.flat)


def chosen_step(times: Sequence[float], time: float | None, where: str) -> int:
    """Number of the step at ``time``, the last one for None; ``DataError`` lists the times."""
    if time is None:
        return len(times) - 1
    if time not in times:
        raise DataError(f"{where}: there is no time {time:g}; it has {list(times)}")
    return list(times).index(time)


def mesh_at(series: OpenedSeries, time: float | None, where: str) -> OpenedMesh:
    """The mesh of a series with its fields at ``time``, at the last one for None."""
    mesh = series.mesh.dataset
    for name, values in series.read_step(chosen_step(series.times.tolist(), time, where)).items():
        mesh.point_data[name] = values
    return OpenedMesh(dataset=mesh)


def ascending(times: Sequence[float], where: str) -> Float[np.ndarray, " steps"]:
    """Times as an array; ``DataError`` when two are equal or one goes back."""
    values = np.asarray(times, dtype=np.float64)
    back = np.flatnonzero(np.diff(values) <= 0)
    if back.size:
        raise DataError(
            f"{where}: times must ascend; {values[back[0]]:g} is followed by "
            f"{values[back[0] + 1]:g}"
        )
    return values
