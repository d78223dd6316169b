"""Random walks: return probabilities and relative probabilities."""
