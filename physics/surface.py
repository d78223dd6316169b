"""The outer surface of a mesh, with the points it was made of."""

import numpy as np
import pyvista as pv
from vtkmodules.vtkFiltersGeometry import vtkGeometryFilter

POINT_ID = "point_id"


def outer_surface(dataset: pv.DataSet) -> pv.PolyData:
    """Faces that belong to one cell only; point array ``point_id`` numbers them in ``dataset``."""
    marked = dataset.copy(deep=False)
    marked.point_data[POINT_ID] = np.arange(dataset.n_points)
    extract = vtkGeometryFilter()
    extract.SetInputDataObject(marked)
    extract.Update()
    return pv.wrap(extract.GetOutput())
