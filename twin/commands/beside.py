"""JSON-RPC beside `twin run`: its address, what it tells, and how long it stays."""

from __future__ import annotations

import argparse
import contextlib
import json
import secrets
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from twin.commands.crew import worker
from twin.commands.screen import say
from twin.errors import UsageError
from twin.runner import Interrupts, Outcome

if TYPE_CHECKING:  # the server is an extra, and heavy
    from twin.console.company import Company

__all__ = ["company_of", "farewell", "holding", "port_of"]

_HOSTS = {"127.0.0.1", "localhost", "[::1]"}
_NAP = 0.1  # seconds between two looks for Ctrl-C


def port_of(text: str) -> int:
    """Return the port that *text* names: HOST:PORT on this machine, PORT, or 0 for `auto`."""
    if text == "auto":
        return 0
    host, _, port = text.rpartition(":")
    if (host and host not in _HOSTS) or not port.isascii() or not port.isdecimal():
        raise UsageError(
            f"--rpc {text}: a HOST:PORT of this machine (127.0.0.1), a PORT, or auto; no other "
            "machine may connect"
        )
    return int(port)


@contextlib.contextmanager
def company_of(arguments: argparse.Namespace) -> Iterator[Company | None]:
    """Yield the company that *arguments* ask for, or None; at the end it is gone."""
    if arguments.rpc is None and not arguments.remote:
        if arguments.hold or arguments.config_out is not None:
            raise UsageError("--hold and --config-out go with --rpc")
        yield None
        return
    try:
        from twin.console.company import Company
        from twin.console.server import listen
    except ImportError as missing:
        raise UsageError(
            f"twin run --rpc and --remote need {missing.name}: install the extra, pip install 'fictra-twin[rpc]'"
        ) from None
    bound = listen(port_of(arguments.rpc or "auto"))
    port = bound.getsockname()[1]
    token = secrets.token_urlsafe(24) if arguments.remote else None
    with contextlib.ExitStack() as stack:

        def told(world: Any) -> None:
            if arguments.rpc is not None:
                _tell(world, port, arguments)
            if token is not None:
                stack.enter_context(worker(made, port, token))

        made = stack.enter_context(Company(bound, accounts=_accounts, told=told, token=token))
        yield made


def _accounts(world: Any) -> Any:
    from twin.commands.serve import signers

    return signers(world.agents, world.deployment)


def _tell(world: Any, port: int, arguments: argparse.Namespace) -> None:
    """Say where to connect, once that is possible; a program reads it from the file."""
    from twin.commands.serve import Served, described, write_private

    if arguments.config_out is not None:
        served = Served(world.chain, world.clock, world.deployment, _accounts(world), world)
        body = {**described(served, port=port, token="", speed=float("inf"))}
        del body["token"]  # nothing that would need it is served beside a run
        write_private(arguments.config_out, json.dumps(body, indent=2) + "\n")
    say(f"JSON-RPC on http://127.0.0.1:{port} and ws://127.0.0.1:{port}", stderr=True)


def holding(arguments: argparse.Namespace) -> AbstractContextManager[Interrupts | None]:
    """Return what hears Ctrl-C for `--hold`, from before the run on: it may come in between."""
    return Interrupts() if arguments.hold else contextlib.nullcontext()


def farewell(company: Company, outcome: Outcome, asked: Interrupts | None) -> None:
    """Say what came from outside, and stay until Ctrl-C where *asked* hears it."""
    company.over()
    if company.sent:
        say(
            f"{company.sent} transactions came from outside: they are events of the run, and "
            f"`twin replay {outcome.folder.path}` sends them again",
            stderr=True,
        )
    if asked is not None:
        say("the run is over; its last state is served until Ctrl-C", stderr=True)
        while not asked.requested:
            time.sleep(_NAP)
