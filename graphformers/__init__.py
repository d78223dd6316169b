"""Graph transformers for molecules and transformers for physics on meshes."""

import os
from pathlib import Path

# Read by torch when it makes its first tensor on a CPU: large ones then lie on pages of 2 MiB where
# Linux gives them to those who ask. Of pages of 4 KiB, the system hands out so many that steps over
# a million points spend half of their time on it.
os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")

__version__ = "0.1.0"

# Started in a checkout's root, Python finds this folder before the installed package; the
# sibling rooms then lie one level up. The pyproject.toml tells a checkout from site-packages.
_root = Path(__file__).resolve().parent.parent
if (_root / "pyproject.toml").is_file() and (_root / "kernels" / "__init__.py").is_file():
    __path__.append(str(_root))
