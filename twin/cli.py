"""The command line: `twin VERB`. Only the parser is made here; a verb's work is in `commands`.

Nothing heavy is imported at the top, so that `twin --help` answers at once.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import re
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from twin import __version__
from twin.errors import Interrupted, TwinError, UsageError, nearest

__all__ = ["main", "parser"]

Add = Callable[[argparse.ArgumentParser], None]

EXIT_CODES = """exit codes:
  0  passed                      1  a threshold, expectation or golden file failed
  2  bad usage or a bad file     3  the simulation crashed
  4  not deterministic           5  two judges disagree
  130  interrupted (what was finished is kept, marked partial)
"""


def _scenarios(arguments: argparse.ArgumentParser) -> None:
    arguments.add_argument(
        "scenarios", nargs="+", metavar="SCENARIO", help="a name, a file, or a folder of scenarios"
    )


def _engine(arguments: argparse.ArgumentParser) -> None:
    arguments.add_argument(
        "--engine", default="pyevm", metavar="NAME", help="what executes transactions (pyevm)"
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
    arguments.add_argument("--quiet", action="store_true", help="show no progress")
    _without(arguments)
    _engine(arguments)
    _json(arguments)


def _test(arguments: argparse.ArgumentParser) -> None:
    _scenarios(arguments)
    arguments.add_argument("--seed", type=int, metavar="N", help="this seed alone")
    arguments.add_argument("--junit", type=Path, metavar="FILE", help="write JUnit XML")
    arguments.add_argument(
        "--update", action="store_true", help="write the golden files and print what changed"
    )
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


def _report(arguments: argparse.ArgumentParser) -> None:
    arguments.add_argument(
        "run", nargs="?", type=Path, metavar="RUN", help="a run folder (default: the latest)"
    )
    _json(arguments)


def _bench(arguments: argparse.ArgumentParser) -> None:
    arguments.add_argument(
        "parts",
        nargs="*",
        metavar="PART",
        help="blocks, idle, engines, baseline (default: all)",
    )
    arguments.add_argument("--out", type=Path, metavar="FILE", help="write the JSON there as well")
    _json(arguments)


VERBS: tuple[tuple[str, str, Add, str], ...] = (
    ("run", "run a scenario as fast as possible", _run,
     "twin run\n  twin run oracle-unit-error --seed 7\n  twin run my.twin.yaml --until 6h --json"),
    ("test", "hold scenarios against thresholds and golden files", _test,
     "twin test scenarios\n  twin test oracle-unit-error --without ME4,IO1,NR1\n"
     "  twin test scenarios --junit junit.xml --update"),
    ("replay", "run a run folder again; it must give the same digest", _replay,
     "twin replay runs/baseline-seed1-1"),
    ("report", "write the report of a run again", _report, "twin report runs/baseline-seed1-1"),
    ("check", "check scenario files and show every mistake at once", _check,
     "twin check my.twin.yaml\n  twin check scenarios --json"),
    ("schema", "print the JSON Schema of scenario files", _schema,
     "twin schema --out scenario.schema.json"),
    ("list", "list what there is", _list, "twin list\n  twin list procedures --json"),
    ("bench", "measure speed, as ratios within one run", _bench, "twin bench\n  twin bench blocks"),
    ("doctor", "say what this installation has and lacks", _json, "twin doctor"),
)  # fmt: skip


class _Parser(argparse.ArgumentParser):
    """A parser whose message about a choice that is none offers the nearest one."""

    def error(self, message: str) -> NoReturn:
        """End with 2, like every bad usage."""
        found = re.search(r"invalid choice: '([^']*)' \(choose from (.*)\)", message)
        if found:
            choices = re.findall(r"[\w-]+", found[2])
            if hint := nearest(found[1], choices):
                message = f"{message}; did you mean {hint!r}?"
        super().error(message)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    made = _Parser(
        prog="twin",
        description="The FICTRA settlement network in one process on a virtual clock.",
        epilog="examples:\n  twin run baseline\n  twin test scenarios\n  twin doctor\n\n"
        + EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    made.add_argument("--version", action="version", version=f"twin {__version__}")
    verbs = made.add_subparsers(dest="verb", metavar="VERB", required=True)
    for name, about, add, examples in VERBS:
        verb = verbs.add_parser(
            name,
            help=about,
            description=about[0].upper() + about[1:] + ".",
            epilog=f"examples:\n  {examples}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        verb.add_argument(
            "--traceback", action="store_true", help="show where in the code an error came from"
        )
        add(verb)
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line *argv* and return its exit code."""
    try:
        arguments = parser().parse_args(argv)
        return _run_verb(arguments)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return Interrupted.exit_code


def _run_verb(arguments: argparse.Namespace) -> int:
    """Run the verb; an error becomes a line on standard error and an exit code."""
    try:
        verb = importlib.import_module(f"twin.commands.{arguments.verb}")
        code: int = verb.main(arguments)
        _flush()
    except TwinError as error:
        return _failed(error, arguments)
    except OSError as error:
        name = "" if error.filename is None else f"{error.filename}: "
        problem = UsageError(f"{name}{error.strerror or error}")
        problem.__cause__ = error
        return _failed(problem, arguments)
    return code


def _failed(error: TwinError, arguments: argparse.Namespace) -> int:
    """Say what went wrong, once to a person and, with --json, once to a program."""
    if arguments.traceback:
        traceback.print_exception(error)
    else:
        print(error, file=sys.stderr)
    if getattr(arguments, "json", False):
        body = {"schema_version": 1, "passed": False, "exit_code": error.exit_code,
                "error": str(error)}  # fmt: skip
        print(json.dumps(body, indent=2))
    _flush()
    return error.exit_code


def _flush() -> None:
    """Hand the output over; a reader who went away (`twin list | head -1`) is no error."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


if __name__ == "__main__":
    sys.exit(main())
