"""Pictures of meshes, fields and errors, drawn off screen into PNG, GIF and MP4."""

from graphformers.physics.pictures.animation import roll_out_frames, write_animation
from graphformers.physics.pictures.distance import distance_picture
from graphformers.physics.pictures.field import comparison_picture, field_picture
from graphformers.physics.pictures.forces import force_picture, forces_over_cases
from graphformers.physics.pictures.isosurfaces import isosurface_picture
from graphformers.physics.pictures.rendering import RenderingError
from graphformers.physics.pictures.slices import slice_picture
from graphformers.physics.pictures.streamlines import streamline_picture
from graphformers.physics.pictures.surface import surface_comparison, surface_picture
from graphformers.physics.pictures.views import VIEWS, view, views, write_picture, write_views
from graphformers.physics.pictures.wall_curve import wall_picture

__all__ = [
    "VIEWS",
    "RenderingError",
    "comparison_picture",
    "distance_picture",
    "field_picture",
    "force_picture",
    "forces_over_cases",
    "isosurface_picture",
    "roll_out_frames",
    "slice_picture",
    "streamline_picture",
    "surface_comparison",
    "surface_picture",
    "view",
    "views",
    "wall_picture",
    "write_animation",
    "write_picture",
    "write_views",
]
