"""Batch normalisation of very many rows."""
