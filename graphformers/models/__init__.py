"""Graph models."""

from graphformers.models.gps import GPS, GPSConfig

__all__ = ["GPS", "GPSConfig"]
