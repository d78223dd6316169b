"""Neighbours within a radius and nearest neighbours in point clouds."""
