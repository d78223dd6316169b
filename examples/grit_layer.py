"""Use GRIT's layer alone: on graphs of your own, with your own width and pair features.

The layer updates a vector per node and a vector per pair of nodes. Here the pairs start from
random walks and bond features; any (pairs, dim) tensor in the order of ``graphs.pairs`` will do.

Run: python examples/grit_layer.py
"""

import torch

from graphformers.encodings import RelativeRandomWalk
from graphformers.graph_batch import GraphBatch
from graphformers.layers import GRITAttention, GRITBlock, PairFeatures, log_degrees

DIM, HEADS, STEPS = 32, 4, 8


def rings_with_a_chord(sizes: list[int]) -> GraphBatch:
    """Rings of several sizes laid end to end, edges in both directions, random features."""
    ends, start = [], 0
    for size in sizes:
        ring = [(start + i, start + (i + 1) % size) for i in range(size)]
        ends += [*ring, (start, start + size // 2)]
        start += size
    one_way = torch.tensor(ends).T
    edge_index = torch.cat([one_way, one_way.flip(0)], dim=1)
    edge_index = edge_index[:, edge_index[0].argsort(stable=True)]  # a graph's edges together
    return GraphBatch(
        x=torch.randn(start, DIM),
        edge_index=edge_index,
        ptr=torch.tensor([0, *sizes]).cumsum(0),
        edge_attr=torch.randn(edge_index.shape[1], DIM),
    )


def main() -> None:
    torch.manual_seed(0)
    graphs = rings_with_a_chord([6, 9, 12])
    walks = RelativeRandomWalk(steps=STEPS)

    pairs = PairFeatures(walks.channels, DIM)(
        walks.compute(graphs), graphs.edge_attr, graphs.edge_index, graphs.pairs
    )
    layer = GRITBlock(GRITAttention(DIM, HEADS, attention_dropout=0.1))
    x, pairs = layer(graphs.x, pairs, graphs.pairs, log_degrees(graphs))

    (x * torch.randn_like(x)).sum().backward()
    slopes = layer.attention.channel_weight.grad
    print(f"{len(graphs)} graphs: {graphs.num_nodes} nodes {tuple(x.shape)}")
    print(f"all pairs inside them: {tuple(pairs.shape)}")
    print(f"gradient of every head's channels: {[f'{one:.2f}' for one in slopes.norm(dim=1)]}")


if __name__ == "__main__":
    main()
