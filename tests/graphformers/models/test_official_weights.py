"""What authors' files wrap around the tensors of a model."""

import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from graphformers.errors import ModelFileError
from graphformers.models.official_weights import unwrapped

STATE = {"lift.weight": torch.ones(2), "lift.bias": torch.zeros(2)}


@pytest.mark.parametrize(
    "prefix",
    ["", "module.", "model.", "_orig_mod.", "module._orig_mod.", "ema_model.module."],
)
def test_prefixes_of_trainers_and_wrappers_are_left_out(prefix):
    assert unwrapped({f"{prefix}{name}": value for name, value in STATE.items()}) == STATE


def test_a_name_that_only_begins_like_a_wrapper_is_kept():
    state = {"modules.weight": torch.ones(1), "model_head.bias": torch.ones(1)}
    assert unwrapped(state) == state


@pytest.mark.parametrize("held", ["state_dict", "model_state_dict", "model_state", "model"])
def test_weights_beside_other_things_are_found(held):
    checkpoint = {"epoch": 3, held: {f"module.{name}": one for name, one in STATE.items()}}
    assert unwrapped(checkpoint) == STATE


def test_the_count_of_an_averaged_model_is_no_weight():
    averaged = AveragedModel(nn.Linear(2, 2)).state_dict()
    assert set(unwrapped(averaged)) == {"weight", "bias"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (nn.Linear(2, 2), r"tensors by name, such as model.state_dict\(\); got a Linear"),
        (None, "got a NoneType"),
        ({"network": STATE, "epoch": 3}, "tensors by name; got network, epoch"),
    ],
)
def test_what_holds_no_tensors_by_name_is_refused(given, message):
    with pytest.raises(ModelFileError, match=message):
        unwrapped(given)
