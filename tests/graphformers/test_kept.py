from dataclasses import dataclass

import torch

from graphformers.kept import kept


@dataclass(frozen=True)
class Square:
    side: torch.Tensor

    @kept
    def area(self) -> torch.Tensor:
        """Side times side."""
        return self.side * self.side


def test_a_kept_value_is_worked_out_once_even_on_a_frozen_object():
    square = Square(torch.tensor(3.0))
    assert square.area == 9
    assert square.area is square.area


def test_objects_keep_their_own_values():
    assert Square(torch.tensor(3.0)).area == 9
    assert Square(torch.tensor(4.0)).area == 16


def test_the_class_shows_the_documentation():
    assert Square.area.__doc__ == "Side times side."


def test_kept_values_compile_into_one_graph():
    def work(side):
        square = Square(side)
        return square.area + square.area

    compiled = torch.compile(work, fullgraph=True, backend="eager")
    assert torch.equal(compiled(torch.tensor([2.0, 3.0])), torch.tensor([8.0, 18.0]))
