"""A page where a person turns the parameters of a surrogate and sees its fields follow."""

from graphformers.physics.app.session import Session
from graphformers.physics.app.sliders import Slider

__all__ = ["Session", "Slider"]
