"""JSON-RPC beside a run: the run goes on as fast as it can, and outsiders are answered in between.

    with Company(bound, accounts=..., port=...) as company:
        execute(Request(..., visit=company.join))  # or join(world) before it is run
        company.over()  # what is asked from now on is answered at once, of the last state

The run keeps its thread; the server has its own and gets its turn once a virtual minute, at the
end of a second, where all blocks are made and nothing is half done (see `visits`).
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Self

from twin.chain.rpc import DevAccount, Rpc
from twin.console.crew import Crew
from twin.console.feeds import Feeds
from twin.console.routes import Beside
from twin.console.server import Background, Guard, Hub, report
from twin.console.turns import Turns
from twin.console.visits import Outside, Visits

__all__ = ["Company"]

Accounts = Callable[[Any], Iterable[DevAccount]]


class Company:
    """Outsiders on *bound*, a listening socket; *accounts* says whom to sign for in a world.

    *told* is called with the world when it can be talked to, before it runs.
    """

    def __init__(
        self,
        bound: socket.socket,
        *,
        accounts: Accounts,
        told: Callable[[Any], object],
        token: str | None = None,
    ) -> None:
        """Let nobody in yet; with a *token*, who shows it carries out the procedures."""
        self._bound, self._accounts, self._told = bound, accounts, told
        self._turns = Turns()
        self._token = token
        self._crew = None if token is None else Crew(self._turns)
        self._stack = contextlib.ExitStack()
        self._outside: Outside | None = None

    def __enter__(self) -> Self:
        """Keep the socket."""
        self._stack.callback(self._bound.close)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close every connection and the socket."""
        self.over()
        self._stack.close()

    @property
    def sent(self) -> int:
        """How many transactions came from outside."""
        return 0 if self._outside is None else self._outside.count

    def join(self, world: Any) -> None:
        """Serve *world*, which is about to run."""
        self._outside = Outside(world.clock, world.chain, world.log)
        rpc = Rpc(
            world.chain, world.clock, accounts=self._accounts(world), on_crash=report,
            submit=self._outside.submit,
        )  # fmt: skip
        guard = Guard(self._bound.getsockname()[1])
        feeds = Feeds(world.desk, world.deployment)
        beside = Beside(world.desk, feeds, self._turns, guard, crew=self._crew, token=self._token)
        hub = Hub(rpc, self._turns)
        self._stack.enter_context(Background(hub, self._bound, guard, beside=beside.routes()))
        if self._crew is not None:
            self._crew.present = lambda: (world.clock.now, world.chain.head)
            world.executor.driver = self._crew
            self._outside.closed = "procedures run elsewhere, and nobody else sends meanwhile"
        Visits(world.clock, self._turns.offer)
        self._told(world)

    def lost(self, code: int) -> None:
        """Say that the worker is gone, with this exit *code*."""
        if self._crew is not None:
            self._crew.lost(code)

    def over(self) -> None:
        """Say that the run is over: questions need not wait, and nothing can be sent."""
        if self._outside is not None:
            self._outside.closed = "the run has ended: no block will hold a transaction any more"
        if self._crew is not None:
            self._crew.over()
        self._turns.free()
