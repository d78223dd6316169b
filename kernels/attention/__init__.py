"""Softmax attention over a sparsity pattern."""
