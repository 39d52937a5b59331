"""`twin check`: every mistake in scenario files, located, at once."""

from __future__ import annotations

import argparse

from twin.commands.screen import as_json, say
from twin.errors import FileProblems, Problem
from twin.library import Library, find

__all__ = ["main"]


def main(arguments: argparse.Namespace) -> int:
    """Check the files; 2 where one has a mistake."""
    library = Library(agents=arguments.agents, engine=arguments.engine)
    problems: list[Problem] = []
    paths = find(arguments.scenarios)
    for path in paths:
        try:
            library.load(path)
        except FileProblems as found:
            problems.extend(found.problems)
    if arguments.json:
        rows = [
            {"file": item.file, "line": item.line, "column": item.column, "message": item.message,
             "hint": item.hint}
            for item in problems
        ]  # fmt: skip
        as_json({"passed": not problems, "files": [str(path) for path in paths], "problems": rows})
        return 2 if problems else 0
    if problems:
        raise FileProblems(problems)
    for path in paths:
        say(f"ok {path}")
    return 0
