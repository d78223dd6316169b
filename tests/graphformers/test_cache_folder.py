"""Where results are kept, on every platform."""

import sys
from pathlib import Path

import pytest

from graphformers.cache_folder import CACHE_VARIABLE, default_cache_folder


@pytest.mark.parametrize(
    ("platform", "variables", "expected"),
    [
        ("linux", {}, ".cache/graphformers"),
        ("linux", {"XDG_CACHE_HOME": "/elsewhere"}, "/elsewhere/graphformers"),
        ("darwin", {}, "Library/Caches/graphformers"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/graphformers"),
    ],
)
def test_the_default_folder_follows_the_platform(
    platform: str, variables: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (CACHE_VARIABLE, "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", platform)
    assert default_cache_folder() == Path.home() / expected


def test_the_variable_names_the_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, "~/mine")
    assert default_cache_folder() == Path.home() / "mine"
