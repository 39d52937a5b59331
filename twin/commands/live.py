"""`twin live`: carry out the procedures of a network that hands out the work, from a sealed process."""

from __future__ import annotations

import argparse
import os

from twin.live.seal import seal

__all__ = ["TOKEN", "main"]

TOKEN = "TWIN_TOKEN"  # noqa: S105 - the name of a variable of the environment
"""Where the token may stand, so that it is in no list of processes."""


def main(arguments: argparse.Namespace) -> int:
    """Work until sent home; 0 then."""
    seal()
    from twin.live.client import Client
    from twin.live.worker import Worker

    token = arguments.token or os.environ.get(TOKEN, "")
    client = Client(arguments.url, token=token)
    try:
        jobs = Worker(client).work()
    finally:
        client.close()
    if arguments.json:
        from twin.commands.screen import as_json

        as_json({"url": arguments.url, "jobs": jobs})
    elif not arguments.quiet:
        from twin.commands.screen import say

        say(f"sent home after {jobs} jobs")
    return 0
