"""`twin schema`: the JSON Schema of scenario files, for editors."""

from __future__ import annotations

import argparse
import json

from twin.commands.screen import as_json, say
from twin.errors import UsageError
from twin.library import Library
from twin.results import write_atomic
from twin.scenario import schema

__all__ = ["main"]


def main(arguments: argparse.Namespace) -> int:
    """Print the schema, or write it; `--json` puts it under a key beside the schema version."""
    if arguments.out and arguments.out.is_dir():
        raise UsageError(f"--out {arguments.out} is a folder; name a file")
    library = Library(agents=arguments.agents, engine=arguments.engine)
    made = schema(library.vocabulary)
    text = json.dumps(made, indent=2, sort_keys=True)
    if arguments.out:
        write_atomic(arguments.out, text.encode() + b"\n")
    if arguments.json:
        as_json({"schema": made})
    elif not arguments.out:
        say(text)
    return 0
