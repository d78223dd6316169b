"""Softmax over segments."""
