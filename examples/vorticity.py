"""Fine-tune a model of velocities by their vorticity, which stays free of divergence.

An AB-UPT learns slow (Stokes) flow around spheres from the velocity alone, then goes on with the
curl of what it decodes compared with the true vorticity.

python examples/vorticity.py
"""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from graphformers.physics import ABUPT, ABUPTConfig, Branch, Geometry, PointSet, curl, divergence

STEPS, FINE_TUNING = 250, 60
SCALE = 60.0  # position codes want coordinates that fill hundreds
FAR = 2.0  # distance from the middle of the sphere to which flow is shown


def main() -> None:
    torch.manual_seed(0)
    model = ABUPT(
        ABUPTConfig(
            branches=(
                Branch(name="surface", fields={"p": 1}, blocks=1),
                Branch(name="volume", fields={"U": 3}, blocks=1),
            ),
            dim=48,
            heads=2,
            radius=0.3 * SCALE,
            blocks=("perceiver", "self", "cross"),
        )
    )
    learn(model, spheres(STEPS), vorticity=False, rate=2e-3)
    show("after the velocity alone", model)
    learn(model, spheres(FINE_TUNING), vorticity=True, rate=5e-4)
    show("after the vorticity too", model)


def spheres(count: int) -> Iterator[float]:
    """Radii to learn from, in metres."""
    for _ in range(count):
        yield 0.3 + 0.4 * torch.rand(()).item()


def learn(model: ABUPT, radii: Iterator[float], *, vorticity: bool, rate: float) -> None:
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate)
    for radius in radii:
        points = around(radius, 128)
        velocity = decoder(model, radius)
        wanted = stokes_flow(radius)
        loss = error(velocity(points), wanted(points))
        if vorticity:
            loss = loss + error(curl(velocity, points), curl(wanted, points))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def decoder(model: ABUPT, radius: float) -> Callable[[Tensor], Tensor]:
    """The velocity in m/s as a function of positions in metres; the sphere is encoded once."""
    shape, skin, air = on_sphere(radius, 256), on_sphere(radius, 32), around(radius, 96)
    geometry = Geometry.single(shape * SCALE, torch.arange(32))
    anchors = {
        "surface": PointSet.single(skin * SCALE),
        "volume": PointSet.single(air * SCALE),
    }
    cache = model.encode(geometry, anchors).of_graph(0, "volume")
    return lambda at: model.query(cache, "volume", PointSet.single(at * SCALE))


def stokes_flow(radius: float) -> Callable[[Tensor], Tensor]:
    """Slow flow of 1 m/s along x around a sphere that stands still (Stokes 1851)."""

    def velocity(at: Tensor) -> Tensor:
        inverse = radius / at.norm(dim=1, keepdim=True)
        along = torch.tensor([1.0, 0.0, 0.0]).expand_as(at)
        outward = at * (at[:, :1] * inverse.square() / radius**2)
        straight = 1 - 0.75 * inverse - 0.25 * inverse**3
        return straight * along - 0.75 * (inverse - inverse**3) * outward

    return velocity


def on_sphere(radius: float, count: int) -> Tensor:
    normals = torch.randn(count, 3)
    return radius * normals / normals.norm(dim=1, keepdim=True)


def around(radius: float, count: int) -> Tensor:
    """Points around a sphere, denser near it."""
    return on_sphere(1.0, count) * (radius + (FAR - radius) * torch.rand(count, 1).square())


def error(found: Tensor, true: Tensor) -> Tensor:
    """Relative L2."""
    return (found - true).norm() / true.norm()


def show(when: str, model: ABUPT) -> None:
    """How far off both fields are around a sphere between those of training, and what flows out."""
    radius = 0.47
    torch.manual_seed(1)
    points = around(radius, 400)
    with torch.no_grad():
        velocity, wanted = decoder(model, radius), stokes_flow(radius)
        of_velocity = error(velocity(points), wanted(points))
        of_vorticity = error(curl(velocity, points), curl(wanted, points))
    leak = divergence(lambda at: curl_with_gradient(velocity, at), points[:50])
    print(
        f"{when:26} velocity off by {of_velocity:.3f}, vorticity by {of_vorticity:.3f}; "
        f"its divergence is at most {leak.abs().max():.1e} 1/(m s)"
    )


def curl_with_gradient(field: Callable[[Tensor], Tensor], at: Tensor) -> Tensor:
    with torch.enable_grad():
        return curl(field, at)


if __name__ == "__main__":
    main()
