"""Write your own sparse attention: one function of a query, a key and an edge number.

The function below is compiled for your processor or GPU, differentiated by Warp, and runs along any
edges without a tensor over edges and channels. The script checks it, gradients included, against
the same attention in plain torch, and times both.

Run: python examples/custom_attention.py
"""

import time

import torch
import warp as wp
from torch import Tensor
from torch.nn.functional import softsign

from graphformers.kernels import PairScore, SparsePattern, sparse_attention

NODES, DEGREE, HEADS, DIM = 20_000, 16, 8, 16
TOLERANCE = 1e-4  # two orders of adding the same float32 numbers


@wp.func
def gated(q: float, k: float, e: float):
    return q * k * e / (1.0 + wp.abs(e))


def plain(query: Tensor, key: Tensor, value: Tensor, edge: Tensor, edge_index: Tensor) -> Tensor:
    """The same with one tensor over edges after the other."""
    source, target = edge_index
    logit = DIM**-0.5 * (query[target] * key[source] * softsign(edge)).sum(-1)
    weight = logit.exp()
    total = torch.zeros(NODES, HEADS).index_add(0, target, weight)
    weight = weight / total[target]
    out = torch.zeros(NODES, HEADS, DIM)
    return out.index_add(0, target, weight.unsqueeze(-1) * value[source])


def main() -> None:
    torch.manual_seed(0)
    target = torch.arange(NODES).repeat_interleave(DEGREE)
    source = (target + torch.randint(-100, 101, target.shape)) % NODES
    edge_index = torch.stack([source, target])
    pattern = SparsePattern.from_edge_index(edge_index, num_targets=NODES, num_sources=NODES)
    inputs = [torch.randn(NODES, HEADS, DIM).requires_grad_() for _ in range(3)]
    edge = torch.randn(edge_index.shape[1], HEADS, DIM).requires_grad_()
    score = PairScore(gated)

    def ours() -> Tensor:
        return sparse_attention(*inputs, pattern, score=score, edge=edge)

    def theirs() -> Tensor:
        return plain(*inputs, edge, edge_index)

    results = {}
    for name, attend in {"sparse_attention": ours, "plain torch": theirs}.items():
        attend().sum().backward()  # compiles
        start = time.perf_counter()
        out = attend()
        grads = torch.autograd.grad(out.square().sum(), [*inputs, edge])
        print(f"{name}: {1e3 * (time.perf_counter() - start):.0f} ms forward and backward")
        results[name] = (out, *grads)
    for one, other in zip(*results.values(), strict=True):
        torch.testing.assert_close(one, other, rtol=TOLERANCE, atol=TOLERANCE)
    print("Outputs and gradients agree.")


if __name__ == "__main__":
    main()
