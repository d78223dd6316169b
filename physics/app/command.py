"""``graphformers physics app``: the page of a trained surrogate."""

import logging
from pathlib import Path

from jsonargparse import ArgumentParser, Namespace

from graphformers.errors import MissingExtraError
from graphformers.physics.app.session import Session
from graphformers.physics.case_files import find_cases
from graphformers.physics.surrogate import Surrogate

logger = logging.getLogger(__name__)

CHATTY = ("aiohttp", "trame", "trame_client", "trame_server", "wslink")


def add_arguments(parser: ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("run", help="folder written by train")
    parser.add_argument(
        "cases",
        nargs="*",
        type=str,
        help="meshes to choose from on the page: folders of cases, files, OpenFOAM cases",
    )
    parser.add_argument("--port", type=int, default=8080, help="0 takes a free one")
    parser.add_argument("--host", default="localhost", help="0.0.0.0 lets other machines in")
    parser.add_argument("--browser", type=bool, default=False, help="open the page in a browser")


def main(options: Namespace) -> None:
    """Serve the page until it is interrupted."""
    try:
        from graphformers.physics.app.page import Page
    except ImportError as error:
        package = (error.name or "").split(".")[0]
        if not package.startswith("trame"):
            raise
        raise MissingExtraError(package, "app") from error
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    surrogate = Surrogate.load(options.run)
    cases = find_cases(options.cases) if options.cases else []
    page = Page(Session(surrogate), {case.name: Path(case.path) for case in cases})
    ready = page.server.controller.on_server_ready
    ready.add(lambda **_: logger.info("page: http://%s:%d", options.host, page.server.port))
    page.server.start(
        port=options.port,
        host=options.host,
        open_browser=options.browser,
        show_connection_info=False,
        timeout=0,  # it stays when the last browser has gone
    )
