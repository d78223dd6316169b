"""Outcomes on sets of graphs as tables on the console."""

from collections.abc import Sequence

from rich import box
from rich.table import Table

from graphformers.expressivity import Outcome


def main_table(outcomes: Sequence[Outcome], sets: Sequence[str]) -> Table:
    """One line per contender, one column per set: pairs told apart of all pairs."""
    lines = Table("model", *sets, title="Pairs told apart", box=box.SIMPLE_HEAD)
    for contender in dict.fromkeys(one.contender for one in outcomes):
        own = {one.graph_set: one for one in outcomes if one.contender == contender}
        lines.add_row(contender, *(_cell(own[name]) for name in sets))
    lines.caption = "false alarms: copies of one graph told apart, or pairs of BREC not reliable"
    return lines


def category_table(outcomes: Sequence[Outcome], *, trained: int) -> Table:
    """One line per contender, one column per category of BREC."""
    chosen = [one for one in outcomes if one.counts]
    names = list(chosen[0].counts)
    weights = f"models trained {trained} epochs" if trained else "models untrained"
    lines = Table("model", *names, "total", "unreliable", box=box.SIMPLE_HEAD)
    lines.title = f"BREC, {weights}"
    for one in chosen:
        shares = [f"{apart}/{there}" for apart, there in one.counts.values()]
        total = f"{one.total}/{len(one.told_apart)}"
        lines.add_row(one.contender, *shares, total, str(one.false_alarms))
    return lines


def _cell(outcome: Outcome) -> str:
    parts = [f"{outcome.total}/{len(outcome.told_apart)}"]
    if outcome.classes is not None:
        parts.append(f"{outcome.classes} class" + "es" * (outcome.classes != 1))
    if outcome.accuracy is not None:
        parts.append(f"accuracy {100 * outcome.accuracy:.1f} %")
    if outcome.false_alarms:
        parts.append(f"[red]{outcome.false_alarms} false alarms[/]")
    return "\n".join(parts)
