"""Graph transformers for molecules and transformers for physics on meshes."""

from pathlib import Path

__version__ = "0.1.0"

# Started in a checkout's root, Python finds this folder before the installed package; the
# sibling rooms then lie one level up. The pyproject.toml tells a checkout from site-packages.
_root = Path(__file__).resolve().parent.parent
if (_root / "pyproject.toml").is_file() and (_root / "kernels" / "__init__.py").is_file():
    __path__.append(str(_root))
