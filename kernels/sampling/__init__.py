"""Drawing from large graphs: neighbours, walks, tokens; the graph may lie in a file."""
