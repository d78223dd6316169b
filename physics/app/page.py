"""The page of a session, made with trame: sliders beside a picture the server draws."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter
from typing import cast

from trame.app import get_server
from trame.app.file_upload import ClientFile
from trame_server import Server
from trame_server.utils.asynchronous import create_task

from graphformers.errors import GraphformersError
from graphformers.physics.app.figures import curve_address, error_rows, force_rows, shown_number
from graphformers.physics.app.layout import build_layout
from graphformers.physics.app.scene import Scene
from graphformers.physics.app.session import Quantity, Session
from graphformers.physics.pictures.slices import Axis

CHOICES = ("field", "quantity", "cut_shown", "cut_normal", "cut_position")


class Page:
    """What one person sees of a session.

    Whatever is changed while a prediction is under way waits until that is done, and of several
    changes the last one counts: a slider may be dragged as fast as one likes. Choices live in the
    state that trame keeps the same here and in the browser.

    Args:
        session: what is asked; it need not have opened a mesh
        meshes: those a person can choose from, by name, the first one to begin with
        name: of the server, one for each page of a process

    """

    def __init__(self, session: Session, meshes: Mapping[str, Path], *, name: str = "graphformers"):
        self.session = session
        self.scene = Scene()
        self.meshes = dict(meshes)
        self.server = cast(Server, get_server(name, client_type="vue3"))
        self.state = self.server.state
        self._thread = ThreadPoolExecutor(max_workers=1)  # predictions, one after the other
        self._running: asyncio.Task[None] | None = None
        self._stale = False
        self._opening: Callable[[], None] | None = None
        self._positions: dict[str, float] = {}
        self.state.update(self._first_state())
        self.show_image = build_layout(self.server, self.scene.window, self.session)
        self._listen()

    async def update(self) -> None:
        """Bring the picture up to what the state asks for."""
        started = perf_counter()
        try:
            await self._compute()
            self.state.problem = ""
        except GraphformersError as error:
            self.state.problem = str(error)
        if self.state.is_open:
            self._draw()
            self.state.duration = f"{perf_counter() - started:.2f} s"
        self.state.flush()

    async def settled(self) -> None:
        """Wait until the picture is what the state asks for."""
        while self._running is not None and not self._running.done():
            await self._running

    def close(self) -> None:
        """Give the window and the thread back."""
        self._thread.shutdown()
        self.scene.close()

    def _first_state(self) -> dict[str, object]:
        sliders = self.session.sliders.values()
        return {
            "trame__title": "graphformers",
            "meshes": [*self.meshes],
            "mesh": None,
            "upload": None,
            "fields": [*self.session.surrogate.fields_],
            "field": self.session.surrogate.fields_[0],
            "quantities": ["prediction"],
            "quantity": "prediction",
            "axes": ["x", "y"],
            "cut_shown": False,
            "cut_normal": "x",
            "cut_position": 0.5,
            "curve": "",
            "is_open": False,
            "is_turned": False,
            "errors": [],
            "forces": [],
            "duration": "",
            "problem": "",
            **{f"position_{one.name}": one.position(one.middle) for one in sliders},
            **{f"value_{one.name}": shown_number(one.middle) for one in sliders},
        }

    def _listen(self) -> None:
        positions = [f"position_{name}" for name in self.session.sliders]
        self.state.change(*CHOICES, *positions)(self._follow)
        self.state.change("mesh")(self._choose)
        self.state.change("upload")(self._upload)
        self.server.trigger("vtu")(self.session.vtu)
        self.server.controller.on_server_ready.add(self._begin)

    def _begin(self, **_: object) -> None:
        self.state.mesh = next(iter(self.meshes), None)
        self.state.flush()

    def _choose(self, mesh: str | None, **_: object) -> None:
        if mesh is not None:
            path = self.meshes[mesh]
            self._open_with(lambda: self.session.open(path))

    def _upload(self, upload: Mapping[str, object] | None, **_: object) -> None:
        if upload:
            file = ClientFile(upload)
            content = bytes(file.content or b"")
            self._open_with(lambda: self.session.open_bytes(str(file.name), content))

    def _open_with(self, opening: Callable[[], None]) -> None:
        self._opening = opening
        self._follow()

    def _follow(self, **_: object) -> None:
        self._stale = True
        if self._running is None or self._running.done():
            self._running = create_task(self._update_until_fresh())

    async def _update_until_fresh(self) -> None:
        while self._stale:
            self._stale = False
            await self.update()

    async def _compute(self) -> None:
        if self._opening is not None:
            opening, self._opening = self._opening, None
            await self._in_thread(opening)
            self._show_mesh()
        if not self.state.is_open:
            return
        for name, slider in self.session.sliders.items():
            position = self._number(f"position_{name}")
            if position != self._positions[name]:
                self.session.set(name, slider.value(position))
                self._positions[name] = position
        await self._in_thread(self.session.predict)

    def _number(self, name: str) -> float:
        return float(cast(float, self.state[name]))  # a browser sends whole numbers as integers

    async def _in_thread(self, work: Callable[[], object]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _show_mesh(self) -> None:
        """Take over the mesh that has just been opened."""
        case = self.session.case
        self.scene.open(case)
        for name, slider in self.session.sliders.items():
            # a value beyond the slider's end stays as the mesh states it until somebody turns it
            self._positions[name] = slider.position(self.session.parameters[name])
            self.state[f"position_{name}"] = self._positions[name]
        self.state.axes = [*"xyz"[: case.space]]
        self.state.is_open = True

    def _draw(self) -> None:
        state, session = self.state, self.session
        field = cast(str, state.field)
        has_truth = session.has_truth(field)
        state.quantities = ["prediction", "truth", "error"] if has_truth else ["prediction"]
        quantity = cast(Quantity, state.quantity) if has_truth else "prediction"
        scale, label = session.scale(field, quantity), session.label(field, quantity)
        self.scene.color(session.values(field, quantity), scale, label)
        cut, state.curve = None, ""
        if state.cut_shown:
            axes = cast(list[Axis], state.axes)
            normal = axes[0] if state.cut_normal not in axes else cast(Axis, state.cut_normal)
            place = self._number("cut_position")
            cut = session.slice(field, quantity, normal=normal, position=place)
            if session.case.space == 2 and cut.n_points:
                state.curve = curve_address(cut, "y" if normal == "x" else "x", label)
        self.scene.cut(cut, scale)
        for name, value in session.parameters.items():
            state[f"value_{name}"] = shown_number(value)
        state.is_turned = session.is_turned
        state.errors = error_rows(session.compare(field), session.unit(field)) if has_truth else []
        state.forces = force_rows(session.forces())
        if self.server.running:
            self.show_image()
