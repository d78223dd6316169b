"""``graphformers bench expressivity``: which pairs of graphs the models tell apart."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import torch
from jsonargparse import ArgumentParser, Namespace
from rich.console import Console
from rich.progress import Progress

from graphformers.checkpoint import library_versions
from graphformers.cli.command import guarded
from graphformers.cli.expressivity_tables import category_table, main_table
from graphformers.errors import ConfigError, check_known
from graphformers.expressivity import (
    CATEGORIES,
    MODELS,
    REFERENCES,
    GraphSet,
    Outcome,
    Protocol,
    Training,
    accuracy_of,
    brec_pairs,
    check_names,
    comparison_outcome,
    csl_classes,
    csl_copies,
    find_file,
    read_satisfiability,
    separation_outcome,
    strongly_regular_25,
)
from graphformers.expressivity.separation import TOLERANCE
from graphformers.files import write_json

SETS = ("csl", "sr25", "exp", "cexp", "brec")
FILES = ("exp", "cexp")
TABLE_WIDTH = 130


def main(arguments: Sequence[str]) -> int:
    """Compare the contenders on the sets, print tables and keep the numbers where asked for."""
    parser = ArgumentParser(prog="graphformers bench expressivity", description=__doc__)
    _add_choices(parser)
    _add_protocol(parser)
    options = parser.parse_args(list(arguments))
    return guarded(lambda: run(options))


def _add_choices(parser: ArgumentParser) -> None:
    names = [*REFERENCES, *MODELS]
    parser.add_argument("--models", nargs="+", default=names, help=f"of {', '.join(names)}")
    parser.add_argument("--sets", nargs="+", default=list(SETS), help=f"of {', '.join(SETS)}")
    parser.add_argument("--data", type=Path, help="folder with EXP_GRAPHSAT.txt, CEXP_GRAPHSAT.txt")
    parser.add_argument("--pairs", type=int, nargs="+", help="only these pairs of BREC, 0 to 399")
    parser.add_argument("--categories", nargs="+", help=f"of BREC: {', '.join(CATEGORIES)}")
    parser.add_argument("--json", type=Path, help="keep the numbers in this file")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())


def _add_protocol(parser: ArgumentParser) -> None:
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="of weights; BREC: first")
    parser.add_argument(
        "--tolerance",
        type=float,
        default=TOLERANCE,
        help="relative difference of embeddings that counts, but for paired comparisons",
    )
    parser.add_argument(
        "--epochs", type=int, default=0, help="training on every pair of BREC; published: 20"
    )
    parser.add_argument(
        "--direct",
        action="store_true",
        help="judge BREC as the other sets, by embeddings of one copy: 30 times faster",
    )
    parser.add_argument("--learning-rate", type=float, default=1e-4, help="of that training")
    parser.add_argument("--copies", type=int, default=32, help="of every graph of BREC")
    parser.add_argument("--precision", default="float64", help="float32 (published) or float64")
    parser.add_argument(
        "--floor",
        type=float,
        default=1e-9,
        help="differences below this share of the embeddings are rounding; published: 0",
    )
    parser.add_argument(
        "--train-epochs", type=int, default=0, help="train classifiers on CSL, EXP and CEXP too"
    )
    parser.add_argument("--folds", type=int, default=5, help="of their cross-validation")


def run(options: Namespace) -> None:
    """Show the tables when all is done; the file is brought up to date after every outcome."""
    torch.set_num_threads(options.threads)
    protocol = checked_protocol(options)
    console = Console(width=max(Console().width, TABLE_WIDTH))
    sets = load_sets(options, console)
    outcomes: list[Outcome] = []
    with Progress(console=Console(stderr=True), transient=True) as progress:
        for name in options.models:
            for graph_set in sets:
                outcomes.append(_outcome(name, graph_set, options, protocol, progress))
                if options.json:
                    write_json(options.json, document(outcomes, options, protocol))
    console.print(main_table(outcomes, [one.name for one in sets]))
    if any(one.counts for one in outcomes):
        console.print(category_table(outcomes, trained=options.epochs))


def checked_protocol(options: Namespace) -> Protocol:
    """The settings of the comparison; ``ConfigError`` for names nobody has."""
    check_names(options.models)
    for given, known, kind in (
        (options.sets, SETS, "set"),
        (options.categories or (), CATEGORIES, "category"),
    ):
        for name in given:
            check_known(name, known, f"no {kind}")
    if options.direct and options.epochs:
        raise ConfigError("--direct judges untrained models: leave out --direct or --epochs")
    return Protocol(
        copies=options.copies,
        epochs=options.epochs,
        learning_rate=options.learning_rate,
        precision=options.precision,
        floor=options.floor,
        seed=options.seeds[0],
    )


def load_sets(options: Namespace, console: Console) -> list[GraphSet]:
    """The sets asked for; says which are left out because their files are missing."""
    loaded = []
    for name in options.sets:
        if name not in FILES:
            bundled = {"csl": csl_classes, "sr25": strongly_regular_25, "brec": brec_pairs}
            loaded.append(bundled[name]())
            continue
        found = find_file(options.data, name) if options.data else None
        if found is None:
            where = f"not in {options.data}" if options.data else "no --data given"
            console.print(
                f"{name} is left out: {name.upper()}_GRAPHSAT.txt(.gz) {where}; it is GPL-3.0 "
                "and not bundled: github.com/ralphabb/GNN-RNI, folder Data",
                highlight=False,
                soft_wrap=True,
            )
            continue
        loaded.append(read_satisfiability(found, name))
    return [_chosen(one, options) if one.name == "brec" else one for one in loaded]


def _chosen(brec: GraphSet, options: Namespace) -> GraphSet:
    """The pairs of BREC that are asked for."""
    chosen = range(len(brec.pairs)) if options.pairs is None else options.pairs
    wanted = options.categories or CATEGORIES
    outside = [one for one in chosen if not 0 <= one < len(brec.pairs)]
    if outside:
        raise ConfigError(f"BREC has pairs 0 to {len(brec.pairs) - 1}; got {outside[0]}")
    return brec.select_pairs([one for one in chosen if brec.categories[one] in wanted])


def _outcome(
    name: str, graph_set: GraphSet, options: Namespace, protocol: Protocol, progress: Progress
) -> Outcome:
    task = progress.add_task(f"{name}, {graph_set.name}", total=len(graph_set.pairs))
    if graph_set.name == "brec" and not options.direct:
        outcome = comparison_outcome(name, graph_set, protocol, lambda: progress.advance(task))
    else:
        outcome = separation_outcome(name, graph_set, options.seeds, options.tolerance)
        if options.train_epochs and graph_set.labels:
            labelled = csl_copies() if graph_set.name == "csl" else graph_set
            training = Training(epochs=options.train_epochs, folds=options.folds)
            outcome = outcome.with_accuracy(accuracy_of(name, labelled, training))
    progress.remove_task(task)
    return outcome


def document(
    outcomes: Sequence[Outcome], options: Namespace, protocol: Protocol
) -> dict[str, object]:
    """The outcomes with what is needed to read them later."""
    return {
        "protocol": asdict(protocol),
        "direct": options.direct,
        "threshold": protocol.threshold,
        "pairs_of_brec": options.pairs,
        "categories_of_brec": options.categories,
        "seeds": list(options.seeds),
        "tolerance": options.tolerance,
        "train_epochs": options.train_epochs,
        "versions": library_versions(),
        "outcomes": [asdict(one) for one in outcomes],
    }
