"""Farthest-point sampling."""
