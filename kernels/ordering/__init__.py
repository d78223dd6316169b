"""Renumbering nodes so that neighbours lie near each other in memory."""
