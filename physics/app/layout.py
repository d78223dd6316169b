"""Where things stand on the page."""

from collections.abc import Callable

from trame.ui.vuetify3 import SinglePageWithDrawerLayout
from trame.widgets import html, vtk, vuetify3
from trame_server import Server
from vtkmodules.vtkRenderingCore import vtkRenderWindow

from graphformers.physics.app.session import Session
from graphformers.physics.mesh_file import MESH_SUFFIXES

STEP = 0.002  # of the way between the ends of a slider
DRAWER = 340  # pixels
DOWNLOAD = "utils.download('predicted.vtu', trigger('vtu'), 'application/octet-stream')"
DENSE = {"density": "compact", "hide_details": True, "classes": "mb-3"}


def build_layout(server: Server, window: vtkRenderWindow, session: Session) -> Callable[[], None]:
    """Build the page; calling what it returns sends the picture anew."""
    with SinglePageWithDrawerLayout(server, full_height=True) as layout:
        layout.title.set_text("Surrogate: {{ fields.join(', ') }}")
        layout.footer.hide()
        with layout.toolbar:
            vuetify3.VSpacer()
            html.Span("{{ duration }}", classes="mr-4 text-caption", id="duration")
            vuetify3.VBtn(
                "VTU",
                prepend_icon="mdi-download",
                click=DOWNLOAD,
                disabled=("!is_open",),
                id="download",
            )
        with layout.drawer as drawer:
            drawer.width = DRAWER
            with vuetify3.VContainer():
                _mesh()
                _parameters(session)
                _choices()
                _cut()
                _figures()
        with (
            layout.content,
            vuetify3.VContainer(fluid=True, classes="pa-0 fill-height", id="picture"),
        ):
            view = vtk.VtkRemoteView(window, interactive_ratio=1)
    return view.update


def _mesh() -> None:
    vuetify3.VSelect(label="mesh", v_model=("mesh",), items=("meshes",), id="mesh", **DENSE)
    vuetify3.VFileInput(
        label="or a file of your own",
        v_model=("upload",),
        accept=",".join(MESH_SUFFIXES),
        id="upload",
        **DENSE,
    )
    vuetify3.VAlert("{{ problem }}", v_if=("problem",), type="error", density="compact")


def _parameters(session: Session) -> None:
    for slider in session.sliders.values():
        html.Div(f"{slider.label}: {{{{ value_{slider.name} }}}}", classes="text-body-2")
        vuetify3.VSlider(
            v_model=(f"position_{slider.name}",),
            min=0,
            max=1,
            step=STEP,
            disabled=not slider.varies,
            id=f"slider_{slider.name}",
            **DENSE,
        )


def _choices() -> None:
    vuetify3.VSelect(label="field", v_model=("field",), items=("fields",), id="field", **DENSE)
    with vuetify3.VBtnToggle(v_model=("quantity",), mandatory=True, density="compact"):
        for quantity in ("prediction", "truth", "error"):
            vuetify3.VBtn(
                quantity,
                value=quantity,
                disabled=(f"!quantities.includes('{quantity}')",),
                size="small",
                id=quantity,
            )


def _cut() -> None:
    vuetify3.VSwitch(label="cut", v_model=("cut_shown",), id="cut", **DENSE)
    with html.Div(v_if=("cut_shown",)):
        vuetify3.VSelect(label="across", v_model=("cut_normal",), items=("axes",), **DENSE)
        vuetify3.VSlider(v_model=("cut_position",), min=0, max=1, step=STEP, id="place", **DENSE)
        html.Img(v_if=("curve",), src=("curve",), style="width: 100%", id="curve")


def _figures() -> None:
    _table("forces", "of the prediction")
    _table("errors", "against the truth")
    html.Div(
        "The truth was computed at the parameters the mesh came with, not at these.",
        v_if=("is_turned && errors.length",),
        classes="text-caption",
        id="turned",
    )


def _table(rows: str, heading: str) -> None:
    with vuetify3.VTable(v_if=(f"{rows}.length",), density="compact", id=rows), html.Tbody():
        with html.Tr():
            html.Td(heading, colspan=2, classes="text-caption")
        with html.Tr(v_for=f"row in {rows}", key="row.name"):
            html.Td("{{ row.name }}")
            html.Td("{{ row.value }}")
