"""Fields over time as a moving picture."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TypeAlias

import numpy as np
from jaxtyping import Float, UInt8
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from graphformers.errors import ConfigError, MissingExtraError
from graphformers.files import replacing
from graphformers.physics.mesh_case import MeshCase
from graphformers.physics.pictures.captions import case_title, with_unit
from graphformers.physics.pictures.color_scale import drawn, field_scale
from graphformers.physics.pictures.framing import Box, Camera, body_box
from graphformers.physics.pictures.panels import Panel, panel_figure
from graphformers.physics.pictures.rendering import Layer, render_plane, render_space, wall_mesh

Frame: TypeAlias = UInt8[np.ndarray, "height width 3"]
Steps: TypeAlias = Sequence[Float[np.ndarray, "points components"]]
SAMPLED = 16  # steps the colours are chosen from
GIF, MP4 = ".gif", ".mp4"
BLOCK = 2  # pixels: H.264 wants even sides


def roll_out_frames(
    case: MeshCase,
    steps: Mapping[str, Steps],
    field: str,
    *,
    times: Float[np.ndarray, " steps"] | None = None,
) -> Iterator[Frame]:
    """A picture for every step, with a panel for each entry, ``truth`` and ``prediction`` say.

    All panels of all steps share the colours of the first entry. In space the wall is drawn.
    """
    lengths = {name: len(one) for name, one in steps.items()}
    if not lengths or len(set(lengths.values())) != 1 or 0 in lengths.values():
        raise ConfigError(f"an animation needs equally many steps of each entry; got {lengths}")
    panels = _panels_of_steps(case, steps, field)
    view = body_box(case) if case.space == 2 else Camera.named("above")

    def draw(panel: Panel, view: Box | Camera) -> np.ndarray:
        if isinstance(view, Box):
            return render_plane(case.dataset, panel.values, panel.scale, view)
        body = Layer(mesh=wall_mesh(case.wall), values=panel.values)
        return render_space([body], panel.scale, view)

    figure = panel_figure(panels[0], [view], draw)
    title = figure.suptitle(case_title(case), fontsize=12)
    pictures = [picture for axes in figure.axes for picture in axes.get_images()]
    for step, row in enumerate(panels):
        for picture, panel in zip(pictures, row, strict=True):
            picture.set_data(draw(panel, view))
        moment = f"step {step}" if times is None else f"t = {times[step]:.4g} s"
        title.set_text(f"{case_title(case)}, {moment}")
        yield _pixels(figure)
        figure.set_layout_engine("none")  # panels stay where the first step has put them


def write_animation(
    frames: Iterable[Frame],
    path: str | Path,
    *,
    frames_per_second: int = 10,
) -> None:
    """Write a GIF or, with the extra ``video``, an MP4 file, atomically, a frame at a time."""
    path = Path(path)
    writers = {GIF: _write_gif, MP4: _write_mp4}
    if path.suffix.lower() not in writers:
        raise ConfigError(f"an animation is written as {GIF} or {MP4}; got {path.name!r}")
    rest = iter(frames)
    first = next(rest, None)
    if first is None:
        raise ConfigError("an animation needs at least one frame")
    with replacing(path) as temporary:
        writers[path.suffix.lower()](first, rest, temporary, frames_per_second)


def _panels_of_steps(
    case: MeshCase, steps: Mapping[str, Steps], field: str
) -> Sequence[Sequence[Panel]]:
    first = next(iter(steps.values()))
    sampled = np.unique(np.linspace(0, len(first) - 1, SAMPLED).astype(int))
    scale = field_scale(np.concatenate([drawn(first[step]) for step in sampled]))
    is_vector = first[0].shape[1] > 1
    label = with_unit(f"|{field}|" if is_vector else field, case, field)
    return [
        [
            Panel(title=name, label=label, values=drawn(one[step]), scale=scale)
            for name, one in steps.items()
        ]
        for step in range(len(first))
    ]


def _pixels(figure: Figure) -> Frame:
    canvas = figure.canvas
    if not isinstance(canvas, FigureCanvasAgg):
        raise TypeError(f"expected a canvas that draws into memory; got {type(canvas).__name__}")
    canvas.draw()
    return np.array(canvas.buffer_rgba())[..., :3]


def _write_gif(first: Frame, rest: Iterator[Frame], path: Path, frames_per_second: int) -> None:
    Image.fromarray(first).save(
        path,
        format="GIF",
        save_all=True,
        append_images=(Image.fromarray(frame) for frame in rest),
        duration=1000 / frames_per_second,
        loop=0,
    )


def _write_mp4(first: Frame, rest: Iterator[Frame], path: Path, frames_per_second: int) -> None:
    try:
        from imageio_ffmpeg import write_frames
    except ImportError as error:
        raise MissingExtraError("imageio-ffmpeg", "video") from error
    height, width = (side - side % BLOCK for side in first.shape[:2])
    writer = write_frames(str(path), (width, height), fps=frames_per_second, macro_block_size=BLOCK)
    writer.send(None)
    try:
        for frame in chain([first], rest):
            writer.send(np.ascontiguousarray(frame[:height, :width]))
    finally:
        writer.close()
