"""Learn where boundary layer and wake of an airfoil lie, from its shape and angle of attack alone.

python examples/flow_regions.py
"""

import dataclasses

import torch

from graphformers.graph_batch import GraphBatch
from graphformers.physics import MeshCase, VoltField, VoltFieldConfig, bundled_airfoils, read_cases
from graphformers.physics.models import StaticTask
from graphformers.physics.regions import FlowRegion, flow_regions
from graphformers.physics.segmentation import intersection_over_union, segmentation_loss

EPOCHS = 6
CASES = 40  # to learn from, of 80


def main() -> None:
    torch.manual_seed(0)
    cases = read_cases(bundled_airfoils())
    train = [labelled(case) for case in cases if case.split == "train"][:CASES]
    test = [labelled(case) for case in cases if case.split == "test"]

    task = StaticTask(node_features=train[0].x.shape[1], conditions=1, fields=len(FlowRegion))
    model = VoltField(
        VoltFieldConfig(
            task=task, voxel=0.02, dim=64, heads=4, depth=3, decoder_dim=32, drop_path=0.0
        )
    )
    learn(model, train)

    regions = torch.cat([case.target for case in test])
    with torch.inference_mode():
        predicted = torch.cat([model(case).argmax(dim=1) for case in test])
    most = torch.cat([case.target for case in train]).mode().values
    print(f"{len(test)} airfoils not seen in training; intersection over union, mean of 3 regions")
    show("most frequent region", most.expand(len(regions)), regions)
    show("near the wall is layer", nearest(train, test), regions)
    show("Volt", predicted, regions)


def labelled(case: MeshCase) -> GraphBatch:
    """What is known before the flow is solved, and the regions the solver found as target."""
    graph = case.graph(parameters=["angle_of_attack_deg"])
    regions = torch.from_numpy(flow_regions(case))
    angle = graph.conditions / 10  # degrees to about one
    return dataclasses.replace(graph, conditions=angle, target=regions, target_per_node=True)


def learn(model: VoltField, train: list[GraphBatch]) -> None:
    steps = EPOCHS * len(train)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=3e-3, total_steps=steps)
    model.train()
    for epoch in range(EPOCHS):
        total = 0.0
        for number in torch.randperm(len(train)).tolist():
            optimizer.zero_grad()
            loss = segmentation_loss(model(train[number]), train[number].target)
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item()
        print(f"epoch {epoch + 1} of {EPOCHS}: loss {total / len(train):.3f}")
    model.eval()


def nearest(train: list[GraphBatch], test: list[GraphBatch]) -> torch.Tensor:
    """Boundary layer up to the distance that suits the training cases best, free stream beyond."""
    distance = torch.cat([case.x[:, 1] for case in train])
    regions = torch.cat([case.target for case in train])
    heights = torch.linspace(0.002, 0.1, 50).tolist()
    scores = [score((distance < height).long(), regions) for height in heights]
    best = heights[scores.index(max(scores))]
    return (torch.cat([case.x[:, 1] for case in test]) < best).long()


def score(predicted: torch.Tensor, regions: torch.Tensor) -> float:
    return intersection_over_union(predicted, regions, len(FlowRegion)).nanmean().item()


def show(name: str, predicted: torch.Tensor, regions: torch.Tensor) -> None:
    shares = intersection_over_union(predicted, regions, len(FlowRegion))
    each = ", ".join(
        f"{region.name.lower().replace('_', ' ')} {share:.2f}"
        for region, share in zip(FlowRegion, shares, strict=True)
    )
    print(f"{name:24} {shares.nanmean():.2f}  ({each})")


if __name__ == "__main__":
    main()
