"""The verbs of the command line: what each takes, and examples of it.

Nothing heavy is imported here, so that `twin --help` answers at once.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path

__all__ = ["VERBS", "Add"]

Add = Callable[[argparse.ArgumentParser], None]
"""What adds the arguments of one verb to its parser."""


def _scenarios(arguments: argparse.ArgumentParser) -> None:
    arguments.add_argument(
        "scenarios", nargs="+", metavar="SCENARIO", help="a name, a file, or a folder of scenarios"
    )


def _engine(arguments: argparse.ArgumentParser, default: str = "revm where it is built") -> None:
    arguments.add_argument(
        "--engine",
        metavar="NAME",
        help=f"pyevm, revm, or both in lock-step (default: {default})",
    )
    arguments.add_argument(
        "--agents",
        action="append",
        default=[],
        type=Path,
        metavar="DIR",
        help="a further folder of agent families",
    )


def _json(arguments: argparse.ArgumentParser) -> None:
    arguments.add_argument("--json", action="store_true", help="print one JSON document")


def _without(arguments: argparse.ArgumentParser) -> None:
    arguments.add_argument(
        "--without",
        default="",
        metavar="IDS",
        help="procedures to switch off, separated by commas: ME4,IO1,NR1",
    )


def _run(arguments: argparse.ArgumentParser) -> None:
    arguments.add_argument(
        "scenario", nargs="?", default="baseline", metavar="SCENARIO", help="a name or a file"
    )
    arguments.add_argument("--seed", type=int, metavar="N", help="instead of the scenario's seed")
    arguments.add_argument(
        "--until", metavar="TIME", help="stop early: 90s, 5m, 1h30m, 2d; the run is then partial"
    )
    arguments.add_argument("--control", metavar="NAME", help="run one of the scenario's controls")
    arguments.add_argument(
        "--out", type=Path, metavar="DIR", help="the run folder (default: a new one under runs/)"
    )
    arguments.add_argument(
        "--check", action="store_true", help="examine the invariants at every block, not hourly"
    )
    arguments.add_argument("--quiet", action="store_true", help="show no progress")
    arguments.add_argument(
        "--rpc", nargs="?", const="127.0.0.1:8545", metavar="ADDRESS",
        help="answer JSON-RPC while it runs: HOST:PORT, PORT or auto (127.0.0.1:8545)",
    )  # fmt: skip
    arguments.add_argument(
        "--hold", action="store_true", help="with --rpc, go on answering afterwards until Ctrl-C"
    )
    arguments.add_argument(
        "--config-out", type=Path, metavar="FILE",
        help="with --rpc, write addresses and keys as JSON",
    )  # fmt: skip
    arguments.add_argument(
        "--policy", choices=["playbook", "panic", "none", "human"],
        help="who decides, instead of the scenario's policy; human asks at this terminal",
    )  # fmt: skip
    arguments.add_argument(
        "--remote", action="store_true",
        help="carry the procedures out in a process that knows no simulator, over HTTP",
    )  # fmt: skip
    arguments.add_argument(
        "--profile", action="store_true", help="show what each part of the twin took of the run"
    )
    _without(arguments)
    _engine(arguments)
    _json(arguments)


def _test(arguments: argparse.ArgumentParser) -> None:
    _scenarios(arguments)
    arguments.add_argument("--seed", type=int, metavar="N", help="this seed alone")
    arguments.add_argument(
        "--tag", metavar="TAG",
        help="of a folder, the scenarios with this tag (default: those without any)",
    )  # fmt: skip
    arguments.add_argument(
        "--slices", action="store_true",
        help="the declared slices alone, on both engines: one digest at the end of each",
    )  # fmt: skip
    arguments.add_argument("--junit", type=Path, metavar="FILE", help="write JUnit XML")
    arguments.add_argument(
        "--update", action="store_true", help="write the golden files and print what changed"
    )
    arguments.add_argument(
        "--judge", choices=["promtool"],
        help="let real Prometheus evaluate the rules of each run as well; they must agree",
    )  # fmt: skip
    arguments.add_argument(
        "--out", type=Path, default=Path("runs"), metavar="DIR", help="where run folders go (runs)"
    )
    arguments.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="runs side by side"
    )
    _without(arguments)
    _engine(arguments)
    _json(arguments)


def _replay(arguments: argparse.ArgumentParser) -> None:
    arguments.add_argument("run", type=Path, metavar="RUN", help="a run folder")
    _engine(arguments, "that of the run")
    _json(arguments)


def _score(arguments: argparse.ArgumentParser) -> None:
    arguments.add_argument(
        "target", type=Path, metavar="RUN|SCENARIO",
        help="a run folder, or a scenario to be run on seeds",
    )  # fmt: skip
    arguments.add_argument(
        "--seeds", type=int, metavar="N",
        help="so many seeds: the scenario's, then those after (default: the scenario's)",
    )  # fmt: skip
    arguments.add_argument("--seed", type=int, metavar="N", help="this seed alone")
    arguments.add_argument(
        "--policy", choices=["playbook", "panic", "none"],
        help="who decides, instead of the scenario's policy",
    )  # fmt: skip
    arguments.add_argument(
        "--at-least", type=int, metavar="N",
        help="fail unless the response is better than none on so many seeds",
    )  # fmt: skip
    arguments.add_argument("--out", type=Path, metavar="FILE", help="write all scores as JSON")
    arguments.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="seeds side by side"
    )
    _without(arguments)
    _engine(arguments)
    _json(arguments)


def _check(arguments: argparse.ArgumentParser) -> None:
    _scenarios(arguments)
    _engine(arguments)
    _json(arguments)


def _schema(arguments: argparse.ArgumentParser) -> None:
    arguments.add_argument("--out", type=Path, metavar="FILE", help="write it there")
    _engine(arguments)
    _json(arguments)


def _list(arguments: argparse.ArgumentParser) -> None:
    arguments.add_argument(
        "kind",
        nargs="?",
        default="scenarios",
        choices=["scenarios", "agents", "faults", "procedures", "rules", "metrics", "invariants"],
        help="what to list (scenarios)",
    )
    _engine(arguments)
    _json(arguments)


def _procedures(arguments: argparse.ArgumentParser) -> None:
    arguments.add_argument(
        "run", nargs="?", type=Path, metavar="RUN", help="a run folder (default: the latest)"
    )
    arguments.add_argument(
        "--only",
        default="",
        metavar="IDS",
        help="these, separated by commas, with all that is known",
    )
    _json(arguments)


def _report(arguments: argparse.ArgumentParser) -> None:
    arguments.add_argument(
        "run", nargs="?", type=Path, metavar="RUN", help="a run folder (default: the latest)"
    )
    arguments.add_argument(
        "--incident", metavar="N",
        help="the after-action report of the Nth incident (or INC-00N), from the run's controls",
    )  # fmt: skip
    arguments.add_argument(
        "--seeds", type=int, metavar="N",
        help="with --incident, score N other seeds as well: where was it luck?",
    )  # fmt: skip
    arguments.add_argument(
        "--study", type=Path, metavar="FILE",
        help="with --incident, take the other seeds from what `twin score --out` wrote",
    )  # fmt: skip
    arguments.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="seeds side by side"
    )
    _engine(arguments, "that of the run")
    _json(arguments)


def _export(arguments: argparse.ArgumentParser) -> None:
    arguments.add_argument(
        "run", nargs="?", type=Path, metavar="RUN", help="a run folder (default: the latest)"
    )
    form = arguments.add_mutually_exclusive_group(required=True)
    form.add_argument(
        "--prometheus", type=Path, metavar="FILE",
        help="write all samples as OpenMetrics, with simulated timestamps",
    )  # fmt: skip
    form.add_argument(
        "--public",
        type=Path,
        metavar="FILE",
        help="write what anybody outside could know: chain events and public notices",
    )
    _json(arguments)


def _arbitrate(arguments: argparse.ArgumentParser) -> None:
    arguments.add_argument(
        "files", nargs="+", type=Path, metavar="FILE",
        help="state tests (JSON): what lock-step left, or an official one",
    )  # fmt: skip
    _json(arguments)


def _bench(arguments: argparse.ArgumentParser) -> None:
    arguments.add_argument(
        "parts",
        nargs="*",
        metavar="PART",
        help="what is measured, in this order (default: all, which takes a quarter of an hour)",
    )
    arguments.add_argument(
        "--rounds", type=int, metavar="N",
        help="repeat each measurement (3 times), the runs of minutes a third as often",
    )  # fmt: skip
    arguments.add_argument(
        "--quick", action="store_true", help="a little of everything, to see that it works"
    )
    arguments.add_argument("--out", type=Path, metavar="FILE", help="write the JSON there as well")
    _json(arguments)


def _validate(arguments: argparse.ArgumentParser) -> None:
    arguments.add_argument(
        "--only", default="", metavar="IDS", help="rows, separated by commas: B5,B6 or B4.hill"
    )
    arguments.add_argument("--plots", type=Path, metavar="DIR", help="draw pictures into DIR")
    arguments.add_argument("--seed", type=int, default=1, metavar="N", help="of all chance (1)")
    arguments.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="checks side by side"
    )
    arguments.add_argument(
        "--engine",
        metavar="NAME",
        help="pyevm or revm, for the same figures (default: the fastest)",
    )
    _json(arguments)


def _live(arguments: argparse.ArgumentParser) -> None:
    arguments.add_argument("url", metavar="URL", help="where the work is: http://127.0.0.1:8545")
    arguments.add_argument(
        "--token", default="", metavar="TEXT", help="of that start (default: TWIN_TOKEN)"
    )
    arguments.add_argument("--quiet", action="store_true", help="say nothing at the end")
    _json(arguments)


def _change(arguments: argparse.ArgumentParser) -> None:
    arguments.add_argument("change", nargs="?", type=Path, metavar="CHANGE", help="a change file")
    arguments.add_argument(
        "--scenario", default="baseline", metavar="SCENARIO",
        help="the world it is tried in: a name or a file (default: baseline)",
    )  # fmt: skip
    arguments.add_argument(
        "--at", default="1d", metavar="TIME", help="when it is sent, after the start (default: 1d)"
    )
    arguments.add_argument(
        "--seeds", type=int, default=5, metavar="N",
        help="pairs of runs, with the change and without (default: 5; 0 asks the gates alone)",
    )  # fmt: skip
    arguments.add_argument("--plot", type=Path, metavar="FILE", help="draw the effects as PNG")
    arguments.add_argument(
        "--prove", action="store_true",
        help="play the catch matrix: seeded mistakes, each against the gate that must catch it",
    )  # fmt: skip
    arguments.add_argument(
        "--row", default="", metavar="NAMES", help="with --prove, these rows alone"
    )
    arguments.add_argument(
        "--encode", metavar="CALL",
        help="print the calldata of a call such as 'Settlement.setMaxAmount [600000000000000]'",
    )  # fmt: skip
    _without(arguments)
    _engine(arguments)
    _json(arguments)


def _rules(arguments: argparse.ArgumentParser) -> None:
    arguments.add_argument(
        "--prove", action="store_true",
        help="play the cases: every rule must fire, stay quiet and resolve in some, and mutants of "
        "it must be noticed",
    )  # fmt: skip
    arguments.add_argument(
        "--only", default="", metavar="NAMES", help="these rules alone, separated by commas"
    )
    arguments.add_argument(
        "--case", default="", metavar="NAMES", help="these cases alone, separated by commas"
    )
    arguments.add_argument(
        "--cases", type=Path, metavar="DIR", help="the folder of cases (those that are shipped)"
    )
    arguments.add_argument(
        "--update", action="store_true",
        help="write what fired into the cases; then read whether it should",
    )  # fmt: skip
    _engine(arguments)
    _json(arguments)


def _serve(arguments: argparse.ArgumentParser) -> None:
    arguments.add_argument("scenario", nargs="?", metavar="SCENARIO", help="a name or a file")
    arguments.add_argument(
        "--bare", action="store_true", help="a chain without a world: snapshots and time travel"
    )
    arguments.add_argument("--port", type=int, default=8545, metavar="N", help="0: any (8545)")
    arguments.add_argument(
        "--speed", default="1", metavar="X", help="virtual seconds a second (1), or max"
    )
    arguments.add_argument("--seed", type=int, metavar="N", help="instead of the scenario's seed")
    arguments.add_argument(
        "--config-out", type=Path, metavar="FILE", help="write addresses, keys and token as JSON"
    )
    arguments.add_argument(
        "--allow-origin", action="append", default=[], metavar="URL",
        help="let pages of this origin connect",
    )  # fmt: skip
    _engine(arguments)
    _json(arguments)


BENCH_PARTS = """parts:
  help      `twin --help` from nothing
  idle      a week in which no agent lives
  blocks    the cost of a transaction under 2 s and under 12 s blocks
  threads   two engines in two threads against one
  engines   transfer, swap, view call through the twin's engines and their peers
  million   a million transactions in one chain: memory, the last tenth's speed
  rules     alert rules over a week of samples, against promtool
  baseline  the whole of `twin run baseline` on each engine
  month     the scenario bench-month, its transactions through the engine alone
  economy   its memory, ten times the crowd, and 365 days of baseline
`make peers` installs the peers of `engines` that are not here."""


VERBS: tuple[tuple[str, str, Add, str], ...] = (
    ("run", "run a scenario as fast as possible", _run,
     ("twin run\n  twin run oracle-unit-error --seed 7\n  twin run my.twin.yaml --until 6h --json\n"
      "  twin run baseline --rpc auto --hold\n  twin run baseline --until 1d --remote\n"
      "  twin run oracle-unit-error --policy human")),
    ("test", "hold scenarios against thresholds and golden files", _test,
     ("twin test scenarios\n  twin test oracle-unit-error --without ME4,IO1,NR1\n"
      "  twin test scenarios --junit junit.xml --update\n  twin test scenarios --judge promtool\n"
      "  twin test scenarios --slices\n  twin test scenarios --tag bench")),
    ("replay", "run a run folder again; it must give the same digest", _replay,
     "twin replay runs/baseline-seed1-1"),
    ("score", "score a response against none and an ideal one", _score,
     ("twin score runs/incident-key-seed1-1\n  twin score incident-key --seeds 20 --jobs 2\n"
      "  twin score incident-oracle --policy panic --seeds 3 --json")),
    ("report", "write the report of a run again, or that of an incident", _report,
     ("twin report runs/baseline-seed1-1\n"
      "  twin report runs/incident-key-seed1-1 --incident 1 --seeds 5")),
    ("export", "write a run in the forms of other tools", _export,
     ("twin export runs/baseline-seed1-1 --prometheus baseline.om\n"
      "  twin export runs/baseline-seed1-1 --public public.jsonl")),
    ("check", "check scenario files and show every mistake at once", _check,
     "twin check my.twin.yaml\n  twin check scenarios --json"),
    ("schema", "print the JSON Schema of scenario files", _schema,
     "twin schema --out scenario.schema.json"),
    ("list", "list what there is", _list, "twin list\n  twin list procedures --json"),
    ("procedures", "show the catalogue of procedures and what proves each", _procedures,
     "twin procedures\n  twin procedures runs/baseline-seed1-1 --json\n  twin procedures --only ME4,NR1"),
    ("arbitrate", "have every engine, and EELS, judge a transaction", _arbitrate,
     "twin arbitrate disagreement.json\n  twin arbitrate disagreement.json --json"),
    ("bench", "measure speed, as ratios within one run", _bench,
     ("twin bench\n  twin bench engines threads --rounds 5\n"
      "  twin bench month --json --out month.json\n\n" + BENCH_PARTS)),
    ("validate", "hold the models against published figures", _validate,
     "twin validate\n  twin validate --only B5,B6 --json\n  twin validate --plots plots"),
    ("rules", "show the alert rules, or prove that each guards something", _rules,
     ("twin rules\n  twin rules --prove\n  twin rules --prove --only OracleStale,VenueDown\n"
      "  twin rules --prove --case venue-down --update")),
    ("change", "try a change out before its vote: GO (exit 0), NO-GO or INCONCLUSIVE (exit 1)", _change,
     ("twin change scenarios/changes/cheaper-swaps.change.yaml --seeds 5\n"
      "  twin change my.change.yaml --scenario governance --at 2d --json\n"
      "  twin change my.change.yaml --seeds 0\n"
      "  twin change my.change.yaml --plot effects.png\n"
      "  twin change --encode 'Settlement.setMaxAmount [600000000000000]'\n"
      "  twin change --prove")),
    ("serve", "serve JSON-RPC to other tools", _serve,
     "twin serve --bare\n  twin serve baseline --speed 60 --config-out twin.json"),
    ("live", "carry out procedures for a network that hands out the work", _live,
     "twin live http://127.0.0.1:8545 --token TEXT"),
    ("doctor", "say what this installation has and lacks", _json, "twin doctor"),
)  # fmt: skip
