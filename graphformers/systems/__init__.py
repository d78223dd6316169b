"""The graph models by the names of the command line, and their configurations for other data."""

from graphformers.systems.adapted import GraphConfig, Level, adapted, level_of
from graphformers.systems.system import SYSTEMS, System, find_system

__all__ = [
    "SYSTEMS",
    "GraphConfig",
    "Level",
    "System",
    "adapted",
    "find_system",
    "level_of",
]
