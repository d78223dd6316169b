"""Grouping points by the voxel they lie in."""
