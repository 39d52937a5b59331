"""`twin schema`: the JSON Schema of scenario files, for editors."""

from __future__ import annotations

import argparse
import json
import sys

from twin.library import Library
from twin.scenario import schema

__all__ = ["main"]


def main(arguments: argparse.Namespace) -> int:
    """Print the schema, or write it."""
    library = Library(agents=arguments.agents, engine=arguments.engine)
    text = json.dumps(schema(library.vocabulary), indent=2, sort_keys=True) + "\n"
    if arguments.out:
        arguments.out.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)
    return 0
