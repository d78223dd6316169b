"""What a configuration of AB-UPT refuses."""

import pytest

from graphformers.errors import ConfigError
from graphformers.physics.models.ab_upt import ABUPTConfig, Branch


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dim": 38, "heads": 2}, "dim must be heads times an even number"),
        ({"space": 4}, "space must be 2 or 3"),
        ({"radius": 0.0}, "radius must be positive"),
        ({"max_neighbors": 0}, "max_neighbors must be at least 1"),
        ({"blocks": ("perceiver", "crossed")}, "blocks must be of .*; got 'crossed'"),
        ({"dim": 12, "heads": 3}, "3 coordinates need at least 6; got 4"),
        ({"branches": (Branch(name="air", fields={"U": 3}),)}, "needs a second branch"),
        ({"branches": ()}, "branches need names"),
    ],
)
def test_impossible_settings_are_refused(changes, message, config):
    with pytest.raises(ConfigError, match=message):
        config(**changes)


def test_a_branch_needs_a_name_and_fields():
    with pytest.raises(ConfigError, match="name of letters and digits; got 'the air'"):
        Branch(name="the air", fields={"U": 3})
    with pytest.raises(ConfigError, match="fields of one component at least"):
        Branch(name="air", fields={"U": 0})
    with pytest.raises(ConfigError, match="no branch 'air'; it has surface, volume"):
        ABUPTConfig().branch("air")
