"""Fixed numbers of nodes from within two hops."""
