"""What only some presets of GPS have, written down literally: loops over nodes and edges."""

from collections.abc import Callable
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from graphformers.graph_batch import GraphBatch
from graphformers.models.gps import GINEConfig, PerformerConfig
from graphformers.models.outputs import PairHeadConfig, SequenceHeadConfig

NODES, EDGES = "encoder.node_encoder", "encoder.edge_encoder"
HEAD_DIM = 64


def graphs_of(batch: GraphBatch) -> list[tuple[int, int]]:
    return list(pairwise(batch.ptr.tolist()))


def performer(model, x: Tensor, batch: GraphBatch, name: str) -> Tensor:
    """Random features of every query and key; their products are the weights."""
    query, key, value = (x @ model.weights[f"{name}.to_{letter}.weight"].T for letter in "qkv")
    projection = model.weights[f"{name}.fast_attention.projection_matrix"]
    longest = max(end - start for start, end in graphs_of(batch))
    out = torch.zeros_like(query)
    for start, end in graphs_of(batch):
        empty = longest - (end - start) if model.config.attention.count_padding else 0
        padding = x.new_zeros(empty, HEAD_DIM)
        for head in range(model.config.heads):
            part = slice(start, end), slice(head * HEAD_DIM, (head + 1) * HEAD_DIM)
            keys = torch.cat([key[part], padding]) / HEAD_DIM**0.25
            queries = query[part] / HEAD_DIM**0.25
            of_key, of_query = keys @ projection.T, queries @ projection.T
            of_key = of_key - of_key.max() - keys.square().sum(1, keepdim=True) / 2
            largest = of_query.max(dim=1, keepdim=True).values
            of_query = of_query - largest - queries.square().sum(1, keepdim=True) / 2
            weight = (of_query.exp() + 1e-4) @ (of_key.exp() + 1e-4).T
            weight = weight / weight.sum(dim=1, keepdim=True)
            out[part] = weight @ torch.cat([value[part], padding])
    return model.linear(out, f"{name}.to_out")


def sign_net(model, batch: GraphBatch, name: str) -> Tensor:
    network = model.config.sign_net
    encoded = []
    for column in batch.encodings["eigenvectors"].T:
        present = ~column.isnan().unsqueeze(1)
        start = column.nan_to_num().unsqueeze(1)
        both = phi(model, start, batch, name) + phi(model, -start, batch, name)
        encoded.append(both * present if network.summed else both)
    x = sum(encoded) if network.summed else torch.cat(encoded, dim=1)
    for layer in range(network.post_layers - 1):
        x = model.norm(
            model.linear(x, f"{name}.rho.lins.{layer}").relu(), f"{name}.rho.bns.{layer}"
        )
    return model.linear(x, f"{name}.rho.lins.{network.post_layers - 1}")


def phi(model, x: Tensor, batch: GraphBatch, name: str) -> Tensor:
    for layer in range(model.config.sign_net.layers):
        if layer > 0:
            x = model.norm(x, f"{name}.enc.bns.{layer - 1}")
        mlp = f"{name}.enc.layers.{layer}"
        received = [(1 + model.weights[f"{mlp}.eps"][0]) * row for row in x]
        for j, i in batch.edge_index.T.tolist():
            received[i] = received[i] + x[j]
        hidden = model.linear(torch.stack(received), f"{mlp}.nn.lins.0").relu()
        x = model.linear(model.norm(hidden, f"{mlp}.nn.bns.0"), f"{mlp}.nn.lins.1")
    return x


def share(model, batch: GraphBatch, number: int, name: str, act: Callable) -> Tensor:
    """What part of a message the distance of its ends lets pass."""
    vectors = batch.encodings["eigenvectors"].nan_to_num()
    places = model.linear(vectors, f"{NODES}.encoder2.linear_encoder_eigenvec")
    j, i = batch.edge_index[:, number].tolist()
    distance = (places[i] - places[j]).square().sum().view(1)
    hidden = act(model.linear(distance, f"{name}.mlp_r_ij.0"))
    return model.linear(hidden, f"{name}.mlp_r_ij.2").sigmoid()


def stable_gine(model, x: Tensor, edge: Tensor, batch: GraphBatch, name: str):
    received = [(1 + model.weights[f"{name}.eps"][0]) * row for row in x]
    for number, (j, i) in enumerate(batch.edge_index.T.tolist()):
        part = share(model, batch, number, name, torch.relu)
        received[i] = received[i] + part * (x[j] + edge[number]).relu()
    hidden = model.act(model.linear(torch.stack(received), f"{name}.nn.0"))
    return x + model.linear(hidden, f"{name}.nn.2"), edge


def stable_gated_gcn(model, x: Tensor, edge: Tensor, batch: GraphBatch, name: str):
    a, b, d, e = (model.linear(x, f"{name}.{letter}") for letter in "ABDE")
    c = model.linear(edge, f"{name}.C")
    total, weight, gate = torch.zeros_like(x), torch.zeros_like(x), torch.zeros_like(c)
    for number, (j, i) in enumerate(batch.edge_index.T.tolist()):
        gate[number] = d[i] + e[j] + c[number]
        part = gate[number].sigmoid() * share(model, batch, number, name, model.act)
        total[i] += part * b[j]
        weight[i] += part
    x_hat = a + total / (weight + 1e-6)
    return (
        x + model.act(model.norm(x_hat, f"{name}.bn_node_x")),
        edge + model.act(model.norm(gate, f"{name}.bn_edge_e")),
    )


def path_between(batch: GraphBatch, start: int, end: int) -> list[int] | None:
    """Edges of a shortest path; every node takes its first edge that comes nearer."""
    ends = batch.edge_index.T.tolist()
    distance = {end: 0}
    for step in range(batch.num_nodes):
        for j, i in ends:
            if distance.get(i) == step:
                distance.setdefault(j, step + 1)
    if start not in distance:
        return None
    path = []
    while start != end:
        nearer = (n for n, (j, i) in enumerate(ends) if j == start and i in distance)
        path.append(next(n for n in nearer if distance[ends[n][1]] == distance[start] - 1))
        start = ends[path[-1]][1]
    return path


def pair_bias(model, batch: GraphBatch, query: int, key: int, name: str) -> Tensor:
    """One bias per head for a node that attends to another."""
    config, heads = model.config.graphormer, model.config.heads
    path = path_between(batch, query, key)
    kind = config.distances if path is None else min(len(path), config.distances - 1)
    bias = model.weights[f"{name}.0.spatial_encoder.weight"][kind]
    maps = model.weights[f"{name}.0.edge_dis_encoder.weight"].view(-1, heads, heads)
    types = [int(batch.edge_attr[number, 0]) for number in (path or [])[: config.distances - 1]]
    if config.count_unused_places:
        types += [0] * (config.distances - len(types))
    table = model.weights[f"{name}.0.edge_encoder.weight"]
    along = [table[one] @ maps[place] for place, one in enumerate(types)]
    return bias + sum(along, torch.zeros_like(bias)) / max(kind, 1)


def biased_attention(model, x: Tensor, batch: GraphBatch, name: str) -> Tensor:
    projected = x @ model.weights[f"{name}.in_proj_weight"].T
    query, key, value = (projected + model.weights[f"{name}.in_proj_bias"]).chunk(3, dim=1)
    width, out = model.config.dim // model.config.heads, torch.zeros_like(x)
    for start, end in graphs_of(batch):
        for i in range(start, end):
            biases = [pair_bias(model, batch, i, j, f"{NODES}.encoder2") for j in range(start, end)]
            bias = torch.stack(biases)
            for head in range(model.config.heads):
                part = slice(head * width, (head + 1) * width)
                score = key[start:end, part] @ query[i, part] / width**0.5 + bias[:, head]
                out[i, part] = score.softmax(dim=0) @ value[start:end, part]
    return model.linear(out, f"{name}.out_proj")


def degree_vectors(model, batch: GraphBatch, name: str) -> Tensor:
    leaving, entering = batch.edge_index.tolist()
    rows = []
    for node in range(batch.num_nodes):
        into = model.weights[f"{name}.1.in_degree_encoder.weight"][entering.count(node)]
        out_of = model.weights[f"{name}.1.out_degree_encoder.weight"][leaving.count(node)]
        rows.append(into + out_of)
    return torch.stack(rows)


def node_columns(model, batch: GraphBatch) -> Tensor:
    config, columns = model.config, []
    sizes = getattr(config.nodes, "sizes", ())
    if f"{NODES}.type_encoder.weight" in model.weights:
        names = (f"{NODES}.{one}_encoder.weight" for one in ("type", "attribute", "depth"))
        return sum(model.weights[n][one] for n, one in zip(names, batch.x.T, strict=True))
    if not sizes:
        columns.append(model.linear(batch.x, f"{NODES}.encoder1.encoder"))
    else:
        encoder = f"{NODES}.encoder1" if config.encodings else NODES
        columns.append(
            model.embed(batch.x, config.nodes, f"{encoder}.atom_embedding_list", encoder)
        )
    if config.graphormer is not None:
        columns[0] = columns[0] + degree_vectors(model, batch, f"{NODES}.encoder2")
        walks = model.norm(batch.encodings["rwse"], f"{NODES}.encoder3.raw_norm")
        columns.append(model.linear(walks, f"{NODES}.encoder3.pe_encoder"))
    if config.sign_net is not None:
        columns.append(sign_net(model, batch, f"{NODES}.encoder2.sign_inv_net"))
    if config.eigenvectors is not None:
        columns.append(model.deep_set(batch, f"{NODES}.encoder2"))
    return torch.cat(columns, dim=1)


def syntax_edges(model, batch: GraphBatch) -> Tensor:
    names = [f"{EDGES}.embedding_{one}.weight" for one in ("type", "direction")]
    columns = zip(names, batch.edge_attr.T, strict=True)
    return sum(model.weights[name][column] for name, column in columns)


def predictions(model, x: Tensor, batch: GraphBatch) -> Tensor:
    if isinstance(model.config.head, SequenceHeadConfig):
        pooled = torch.stack([x[start:end].mean(dim=0) for start, end in graphs_of(batch)])
        lists = (f"post_mp.graph_pred_linear_list.{one}" for one in range(5))
        return torch.cat([model.linear(pooled, name) for name in lists], dim=1)
    mapped = model.linear(x, "post_mp.layer_post_mp.model.0.model")
    pairs = [(i, j) for a, b in graphs_of(batch) for i in range(a, b) for j in range(a, b)]
    return torch.stack([mapped[i] @ mapped[j] for i, j in pairs]).unsqueeze(1)


@pytest.fixture
def variant_authors(authors) -> type:
    """The published equations with what only some presets have."""

    class Variant(authors):
        def nodes(self, batch: GraphBatch) -> Tensor:
            bare = f"{NODES}.linear_x.weight" in self.weights
            return super().nodes(batch) if bare else node_columns(self, batch)

        def edges(self, batch: GraphBatch) -> Tensor:
            tree = f"{EDGES}.embedding_type.weight" in self.weights
            return syntax_edges(self, batch) if tree else super().edges(batch)

        def layer(self, x: Tensor, edge: Tensor, batch: GraphBatch, name: str):
            local, attention = self.local(batch), f"{name}.self_attn"
            x_local, edge = local(x, edge, f"{name}.local_model")
            attended = x + self.attend(x, batch, attention)
            h = self.norm(x_local, f"{name}.norm1_local")
            h = h + self.norm(attended, f"{name}.norm1_attn")
            wide = self.act(self.linear(h, f"{name}.ff_linear1"))
            return self.norm(h + self.linear(wide, f"{name}.ff_linear2"), f"{name}.norm2"), edge

        def local(self, batch: GraphBatch) -> Callable:
            gine = isinstance(self.config.local, GINEConfig)
            if self.config.stable is None:
                plain = self.gine if gine else self.gated_gcn
                return lambda x, edge, name: plain(x, edge, batch.edge_index, name)
            stable = stable_gine if gine else stable_gated_gcn
            return lambda x, edge, name: stable(self, x, edge, batch, name)

        def attend(self, x: Tensor, batch: GraphBatch, name: str) -> Tensor:
            if isinstance(self.config.attention, PerformerConfig):
                return performer(self, x, batch, name)
            if self.config.graphormer is not None:
                return biased_attention(self, x, batch, name)
            return self.attention(x, batch.ptr, name)

        def head(self, x: Tensor, batch: GraphBatch) -> Tensor:
            special = isinstance(self.config.head, SequenceHeadConfig | PairHeadConfig)
            return predictions(self, x, batch) if special else super().head(x, batch)

    return Variant
