"""Sub-commands of the command line, and how their errors reach a person."""

import logging
import re
import sys
import warnings
from argparse import ArgumentError
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from jsonargparse import ArgumentParser, Namespace
from rich.console import Console

from graphformers.errors import ConfigError, GraphformersError, check_known, nearest

INTERRUPTED = 130
YAML = (".yaml", ".yml")
MISTAKE = 2


@dataclass(frozen=True)
class Command:
    """One sub-command: its name, a line of help, its arguments and what it does.

    With ``presets``, a folder of YAML files that come with the package, it takes ``--config``: a
    file, or the name of one of those.
    """

    name: str
    help: str
    add_arguments: Callable[[ArgumentParser], None]
    run: Callable[[Namespace], None]
    presets: Path | None = None


def run_command(program: str, commands: Sequence[Command], arguments: Sequence[str]) -> int:
    """Parse the arguments, run the sub-command they name and return the exit status.

    A mistake of the user ends in one line on standard error and status 2; Ctrl-C in status 130. Any
    other error is a defect of this package and keeps its traceback.
    """
    parser = ArgumentParser(prog=program, exit_on_error=False)
    choices = parser.add_subcommands(required=True, dest="command")
    options: dict[str, list[str]] = {}
    for command in commands:
        sub = ArgumentParser(description=command.help)
        if command.presets is not None:
            names = ", ".join(sorted(one.stem for one in command.presets.glob("*.yaml")))
            sub.add_argument("--config", action="config", help=f"a YAML file, or one of: {names}")
        command.add_arguments(sub)
        choices.add_subcommand(command.name, sub, help=command.help)
        options[command.name] = [one for action in sub._actions for one in action.option_strings]

    def run_chosen() -> None:
        words = _with_shipped_files(arguments, commands)
        try:
            parsed = parser.parse_args(words)
        except ArgumentError as error:
            command = words[0] if words and words[0] in options else None
            told = _in_the_users_words(str(error), command, options.get(command or "", []))
            help_of = program if command is None else f"{program} {command}"
            raise ConfigError(f"{told} (see {help_of} --help)") from error
        chosen = next(one for one in commands if one.name == parsed.command)
        chosen.run(parser.instantiate(parsed)[chosen.name])

    return guarded(run_chosen)


def _in_the_users_words(complaint: str, command: str | None, options: Sequence[str]) -> str:
    """Arguments by the name they are given by, and the option that one nobody knows probably was.

    That is one whose last part it is, or nearly the same.
    """
    names = {one.split(".")[-1].lstrip("-").replace("_", "-"): one for one in reversed(options)}
    if "required" in complaint and command is not None:
        known = {one.lstrip("-"): one for one in options}
        return re.sub(
            rf"\b{re.escape(command)}\.([\w.]+)", lambda a: known.get(a[1], a[1]), complaint
        )
    unknown = re.search(r"unrecognized arguments:.*?--([^\s=]+)", complaint)
    if unknown is None:
        return complaint
    name = unknown[1].split(".")[-1].replace("_", "-")
    close = nearest(name, list(names), alike=0.75)
    return complaint if close is None else f"{complaint}; did you mean {names[close]!r}?"


def _with_shipped_files(arguments: Sequence[str], commands: Sequence[Command]) -> list[str]:
    """Replace the name after ``--config`` by the path of the file that comes with the package."""
    presets = next((one.presets for one in commands if one.name in arguments[:1]), None)
    if presets is None:
        return list(arguments)
    split: list[str] = []
    for word in arguments:
        split += word.split("=", 1) if word.startswith("--config=") else [word]
    return [
        _shipped_file(word, presets) if before == "--config" else word
        for before, word in zip(["", *split], split, strict=False)
    ]


def _shipped_file(name: str, presets: Path) -> str:
    """The path of a shipped file; what looks like a path of the user's own stays one."""
    if Path(name).exists() or Path(name).name != name or Path(name).suffix in YAML:
        return name
    check_known(name, sorted(one.stem for one in presets.glob("*.yaml")), "no file and no preset")
    return str(presets / f"{name}.yaml")


def guarded(action: Callable[[], None]) -> int:
    """Run an action; turn a user's mistake or Ctrl-C into a message and an exit status.

    Warnings are one line each, without the place in the source.
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    console = Console(stderr=True)
    try:
        with plain_warnings():
            action()
    except GraphformersError as error:
        console.print("error:", style="bold red", end=" ")
        console.print(str(error), highlight=False, markup=False, soft_wrap=True)
        return MISTAKE
    except KeyboardInterrupt:
        console.print("interrupted; what was finished is kept (see --resume)", highlight=False)
        return INTERRUPTED
    return 0


@contextmanager
def plain_warnings() -> Iterator[None]:
    """Say of a warning what it says, and not in which line of Python it arose."""
    before = warnings.formatwarning
    warnings.formatwarning = lambda message, *_place, **_line: f"warning: {message}\n"
    try:
        yield
    finally:
        warnings.formatwarning = before
