"""Asking a person at the terminal for a decision, while virtual time stands."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime

from twin.commands.screen import say
from twin.errors import UsageError
from twin.team.policies import Observation

__all__ = ["ask"]

GROUNDS = 12
"""Lines of facts that are shown; the rest is in the evidence."""


def ask(seen: Observation) -> str:
    """Show what is *seen* on standard error and read an option from standard input.

    A number or the name of an option takes it, an empty line takes the advice, `q` ends the run.
    """
    when = datetime.fromtimestamp(seen.now, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    lines = [f"\n{when}  {seen.procedure}, {seen.who}: {seen.question}"]
    for name, value in list(seen.grounds.items())[:GROUNDS]:
        text = json.dumps(value, default=str, sort_keys=True)
        lines.append(f"    {name}: {text[:100]}{'...' if len(text) > 100 else ''}")
    for number, option in enumerate(seen.options, start=1):
        mark = "  (the playbook's advice: Enter)" if option == seen.advice else ""
        lines.append(f"  {number}  {option}{mark}")
    say("\n".join(lines), stderr=True)
    while True:
        line = sys.stdin.readline()
        if not line:
            raise UsageError(
                f"nobody answers {seen.question!r}: the policy human reads decisions, a line each, "
                "from standard input"
            )
        taken = _option(line.strip(), seen)
        if taken is not None:
            return taken
        say(f"  {line.strip()!r} is none of them: a number, a name, Enter, or q", stderr=True)


def _option(text: str, seen: Observation) -> str | None:
    if text == "q":
        raise KeyboardInterrupt
    if not text:
        return seen.advice
    if text.isdecimal() and 1 <= int(text) <= len(seen.options):
        return seen.options[int(text) - 1]
    return text if text in seen.options else None
