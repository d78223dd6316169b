"""Where results are kept that would take long to compute again."""

import os
import sys
from pathlib import Path

CACHE_VARIABLE = "GRAPHFORMERS_CACHE"


def default_cache_folder() -> Path:
    """The folder named by ``GRAPHFORMERS_CACHE``, else the platform's place for such files."""
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        return Path(named).expanduser()
    home = Path.home()
    if sys.platform == "win32":
        parent = Path(os.environ.get("LOCALAPPDATA", home / "AppData" / "Local"))
    elif sys.platform == "darwin":
        parent = home / "Library" / "Caches"
    else:
        parent = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    return parent / "graphformers"
