"""Pooling points around supernodes."""
