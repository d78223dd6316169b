"""An explanation as files: tables of atoms and heads, and pictures."""

from pathlib import Path

from graphformers.molecules.attention_pictures import attention_grid
from graphformers.molecules.explanation import MoleculeExplanation
from graphformers.molecules.pictures import contribution_grid
from graphformers.training import RunFolder


def write_explanation(explanation: MoleculeExplanation, folder: str | Path) -> list[Path]:
    """Write ``atoms.csv``, ``heads.csv`` and ``pictures/*.png``; gives the pictures' paths.

    The pictures are ``contributions`` and, for every attention layer, ``attention_<number>``.
    """
    run = RunFolder(folder)
    run.write_metrics(explanation.atom_rows(), "atoms")
    run.write_metrics(explanation.head_rows(), "heads")
    pictures = {"contributions": contributions_picture(explanation)}
    for number, layer in enumerate(explanation.attention):
        pictures[f"attention_{number}"] = attention_picture(explanation, layer)
    run.write_pictures(pictures)
    return [run.path / "pictures" / f"{name}.png" for name in pictures]


def contributions_picture(explanation: MoleculeExplanation) -> bytes:
    """Both attributions of the atoms side by side, on one scale."""
    return contribution_grid(
        [explanation.smiles] * 2,
        [explanation.contributions, explanation.occlusions],
        ["integrated gradients", "change when the atom is hidden"],
        f"contribution to {explanation.target}",
    )


def attention_picture(explanation: MoleculeExplanation, layer: str) -> bytes:
    """The heads of one layer, each with how far the output moves without it."""
    moved = {
        row["head"]: row["deviation"] for row in explanation.head_rows() if row["layer"] == layer
    }
    captions = [f"head {head}: moves the output by {move:.2g}" for head, move in moved.items()]
    return attention_grid(explanation.smiles, explanation.attention[layer], captions, layer)
