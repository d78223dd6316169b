"""Sampling the neighbourhoods of seeds, hop by hop."""
