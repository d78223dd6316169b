"""Return probabilities of random walks."""
