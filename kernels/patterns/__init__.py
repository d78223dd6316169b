"""Where the edges of a pattern come from: pairs, windows, hops, chance."""
