"""What a person does with a surrogate, without any page: open, turn, look, compare, take away."""

import dataclasses
import math
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
import pyvista as pv
from jaxtyping import Float

from graphformers.errors import ConfigError, DataError, check_known
from graphformers.physics.app.sliders import Slider, sliders_of
from graphformers.physics.baselines import Fields
from graphformers.physics.external_flow import coefficients, has_forces
from graphformers.physics.forces import ForceCoefficients
from graphformers.physics.mesh_case import MeshCase
from graphformers.physics.metrics import FieldErrors, field_errors
from graphformers.physics.pictures.captions import field_label
from graphformers.physics.pictures.color_scale import ColorScale, drawn, error_scale, field_scale
from graphformers.physics.pictures.slices import Axis
from graphformers.physics.prediction import case_to_predict, dataset_with_fields, write_dataset
from graphformers.physics.surrogate import Surrogate

Quantity: TypeAlias = Literal["prediction", "truth", "error"]
SHOWN = "shown values"
SLICE_MARGIN = 0.25  # of the wall's extent: how far beyond the body slices can stand


class Session:
    """A surrogate and the mesh it is asked about.

    ``open`` a mesh first. ``set`` turns a parameter; the prediction follows when something needs
    it, or at once with ``predict``.
    """

    def __init__(self, surrogate: Surrogate):
        self.surrogate = surrogate
        if surrogate.range_ is None:
            raise DataError(
                "an earlier version saved this surrogate without the range of its cases"
            )
        self.sliders: dict[str, Slider] = {
            slider.name: slider for slider in sliders_of(surrogate.range_)
        }
        self._case: MeshCase | None = None
        self._parameters: dict[str, float] = {}
        self._own_parameters: dict[str, float] = {}
        self._predicted: Fields | None = None

    def open(self, mesh: str | Path | pv.DataSet | MeshCase) -> None:
        """Ask about another mesh: a file, an OpenFOAM case, or one in memory.

        It keeps the parameters it states; others stand at the middle of what was trained. Raises
        ``DataError`` when it cannot be read or predicted, and the mesh before stays.
        """
        names = self.surrogate.normalization_.parameters
        case = case_to_predict(mesh, self.surrogate.read_options, {})
        stated = {name: case.parameters[name] for name in names if name in case.parameters}
        parameters = {name: slider.middle for name, slider in self.sliders.items()} | stated
        # the case keeps this very dictionary: what it has worked out of its mesh stays
        case = dataclasses.replace(case, parameters=parameters)
        predicted = self.surrogate.predict_fields(case)
        self._case, self._parameters, self._predicted = case, parameters, predicted
        self._own_parameters = dict(parameters)

    def open_bytes(self, name: str, content: bytes) -> None:
        """Ask about the mesh of an uploaded file; its name says the format."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / Path(name).name
            path.write_bytes(content)
            try:
                self.open(path)
            except DataError as error:
                raise DataError(str(error).replace(f"{folder}/", "")) from error

    @property
    def case(self) -> MeshCase:
        """The mesh that is open, with its present parameters."""
        if self._case is None:
            raise DataError("no mesh is open")
        return self._case

    @property
    def parameters(self) -> Mapping[str, float]:
        """Present values by name."""
        return dict(self._parameters)

    def set(self, name: str, value: float) -> None:
        """Turn a parameter to a finite value, which may lie beyond what was trained."""
        check_known(name, self.sliders, "no parameter")
        if not math.isfinite(value):
            raise ConfigError(f"{name} must be a finite number; got {value}")
        if self.sliders[name].logarithmic and value <= 0:
            raise ConfigError(f"{name} must be positive; got {value}")
        if self._parameters.get(name) != value:
            self._parameters[name] = value
            self._predicted = None

    def predict(self) -> Fields:
        """The fields at the present parameters, computed when these have changed."""
        if self._predicted is None:
            self._predicted = self.surrogate.predict_fields(self.case)
        return self._predicted

    @property
    def is_turned(self) -> bool:
        """Whether the parameters are others than those the mesh came with, and so its truth."""
        return self._parameters != self._own_parameters

    def has_truth(self, field: str) -> bool:
        """Whether the mesh carries the solver's field."""
        return field in self.case.fields

    def values(self, field: str, quantity: Quantity = "prediction") -> Float[np.ndarray, " points"]:
        """What is drawn at every point: a scalar, the length of a vector, or the error's."""
        self._check_field(field, quantity)
        if quantity == "truth":
            return drawn(self.case.fields[field])
        predicted = self.predict()[field]
        return drawn(predicted if quantity == "prediction" else predicted - self.case.fields[field])

    def scale(self, field: str, quantity: Quantity = "prediction") -> ColorScale:
        """Colours: truth and prediction share those of the truth where there is one."""
        if quantity == "error":
            signed = self.predict()[field].shape[1] == 1
            return error_scale(self.values(field, "error"), signed=signed)
        return field_scale(self.values(field, "truth" if self.has_truth(field) else "prediction"))

    def label(self, field: str, quantity: Quantity = "prediction") -> str:
        """What is drawn, with its unit."""
        units = {name: self.unit(name) for name in self.surrogate.fields_}
        case = dataclasses.replace(self.case, fields=self.predict(), units=units)
        label = field_label(case, field)
        return f"error of {label}" if quantity == "error" else label

    def unit(self, field: str) -> str:
        """Unit of a field, as the mesh or else the training cases state it; empty if neither."""
        return self.case.units.get(field) or self.surrogate.units_.get(field, "")

    def compare(self, field: str) -> FieldErrors:
        """Errors against the solver's field, which holds at the parameters the mesh came with."""
        self._check_field(field, "truth")
        on_wall = np.zeros(self.case.num_points, dtype=bool)
        on_wall[self.case.wall.point_ids] = True
        return field_errors(self.predict()[field], self.case.fields[field], on_wall)

    def forces(self) -> ForceCoefficients | None:
        """Coefficients of the predicted fields; ``None`` where the case has none."""
        predicted = self.predict()
        return coefficients(self.case, predicted) if has_forces(self.case, predicted) else None

    def slice(
        self,
        field: str,
        quantity: Quantity = "prediction",
        *,
        normal: Axis = "x",
        position: float = 0.5,
    ) -> pv.PolyData:
        """A cut with the array ``SHOWN``: a plane through a volume, a line through a plane mesh.

        ``position`` runs from 0 to 1 past the body.
        """
        if not 0 <= position <= 1:
            raise ConfigError(f"position runs from 0 to 1; got {position}")
        mesh = self.case.dataset.copy(deep=False)
        mesh.clear_data()
        mesh.point_data[SHOWN] = self.values(field, quantity)
        axis = "xyz".index(normal)
        if axis >= self.case.space:
            raise ConfigError("a plane mesh is cut across x or y")
        wall = self.case.points[self.case.wall.point_ids, axis]
        margin = SLICE_MARGIN * self.case.wall.extent
        origin = np.zeros(3)
        origin[axis] = wall.min() - margin + position * (np.ptp(wall) + 2 * margin)
        return mesh.slice(normal=normal, origin=origin)

    def dataset(self) -> pv.DataSet:
        """The mesh with its predicted fields, truths and errors, and the parameters."""
        dataset = dataset_with_fields(self.case, self.predict())
        for name, value in self._parameters.items():
            dataset.field_data[name] = [value]
        return dataset

    def vtu(self) -> bytes:
        """``dataset`` as a VTU file."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "predicted.vtu"
            write_dataset(self.dataset(), path)
            return path.read_bytes()

    def _check_field(self, field: str, quantity: Quantity) -> None:
        check_known(field, self.surrogate.fields_, "no field")
        if quantity != "prediction" and not self.has_truth(field):
            raise DataError(f"the mesh {self.case.name!r} carries no {field!r} to compare with")
