"""Numbering nodes in the order of their first appearance."""
