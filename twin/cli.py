"""The command line: `twin VERB`. Only the parser is made here; a verb's work is in `commands`.

Nothing heavy is imported at the top, so that `twin --help` answers at once.
"""

from __future__ import annotations

import argparse
import errno
import importlib
import json
import re
import sys
import traceback
from collections.abc import Sequence
from typing import NoReturn

from twin import __version__
from twin.commands import streams
from twin.errors import CrashError, Interrupted, TwinError, UsageError, nearest
from twin.verbs import VERBS

__all__ = ["main", "parser"]

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}
"""What a disk says that takes no more: no fault of the command line."""

EXIT_CODES = """exit codes:
  0  passed                      1  a threshold, expectation or golden file failed
  2  bad usage or a bad file     3  the simulation crashed
  4  not deterministic           5  two judges disagree
  130  interrupted (what was finished is kept, marked partial)
"""


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
    streams.prepare()
    try:
        arguments = parser().parse_args(argv)
    except SystemExit:  # the help was printed, or what is wrong with the command line
        streams.tell("", sys.stdout)
        raise
    try:
        return _run_verb(arguments)
    except TwinError as error:
        return _failed(error, arguments)


def _run_verb(arguments: argparse.Namespace) -> int:
    """Run the verb and return its exit code; whatever breaks becomes an error of the twin's."""
    try:
        verb = importlib.import_module(f"twin.commands.{arguments.verb}")
        code: int = verb.main(arguments)
        streams.flush()
    except TwinError:
        raise
    except KeyboardInterrupt:
        raise Interrupted("interrupted") from None
    except OSError as error:
        kind = CrashError if error.errno in FULL else UsageError
        where = error.filename or "cannot write what was to be shown"
        raise kind(f"{where}: {error.strerror or error}") from error
    except Exception as error:
        said = " ".join(f"{type(error).__name__}: {error}".split())
        raise CrashError(
            f"`twin {arguments.verb}` broke: {said} (--traceback shows where in the code)"
        ) from error
    return code


def _failed(error: TwinError, arguments: argparse.Namespace) -> int:
    """Say what went wrong, once to a person and, with --json, once to a program."""
    text = "".join(traceback.format_exception(error)) if arguments.traceback else str(error)
    streams.tell(text.rstrip("\n"), sys.stderr)
    if getattr(arguments, "json", False):
        body = {"schema_version": 1, "passed": False, "exit_code": error.exit_code,
                "error": str(error)}  # fmt: skip
        streams.tell(json.dumps(body, indent=2), sys.stdout)
    streams.tell("", sys.stdout)
    return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
