"""Procedures in a process of their own: a run hands out jobs, and holds its clock until each is done.

The crew is a driver like the one of this process (`twin.team.driver`). A job is to run a check,
to begin a runbook, or to hand one an answer; whoever works (`twin live`) asks for the next with
the answer to the last. While a job is out the run lends its place, so that what the procedure
asks of the desk is answered as of that very second.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

from twin.catalog import Procedure, Settings
from twin.console.turns import Turns
from twin.desk import wire
from twin.desk.steps import Case, Finding, Look, Step
from twin.errors import CrashError
from twin.team.driver import Ended, Play

__all__ = ["Crew"]

PATIENCE = 120.0
"""Seconds of wall time after which a job that nobody answers breaks the run."""

IDLE = 10.0
"""Seconds of wall time after which a worker that asked is told that there is nothing yet."""


class _Played:
    """A runbook that another process drives."""

    def __init__(self, crew: Crew, number: int) -> None:
        self._crew, self._number = crew, number
        self._seen: Any = None

    def send(self, answer: Any) -> Step | Ended:
        """Hand in the answer to the last step."""
        said = self._crew.ask({"job": "send", "play": self._number, "answer": answer})
        self._seen = said.get("seen")
        if "ended" in said:
            return Ended(said["ended"])
        step: Step = said["step"]
        return step

    def look(self, step: Look) -> Any:
        """Answer from what the other process saw when it came to this step."""
        del step
        seen, self._seen = self._seen, None
        if seen is None:
            raise CrashError("the worker came to a question and did not answer it")
        if "error" in seen:
            raise wire.raised(seen["error"])
        return seen["value"]


class Crew:
    """Drives procedures elsewhere, for a run that lends *turns* meanwhile."""

    def __init__(self, turns: Turns, *, patience: float = PATIENCE) -> None:
        """Have nobody at work yet."""
        self._turns, self._patience = turns, patience
        self._loop: asyncio.AbstractEventLoop | None = None
        self._jobs: asyncio.Queue[dict[str, Any]] | None = None
        self._said: dict[str, Any] | None = None
        self._came = threading.Event()
        self._plays = 0
        self._gone: int | None = None
        self.present: Any = None  # says (unix second, head) of the run

    # -- the run's side

    def check(self, procedure: Procedure, settings: Settings) -> Finding:
        """Run a check now."""
        job = {"job": "check", "procedure": procedure.id, "settings": settings.model_dump()}
        finding: Finding = self.ask(job)["finding"]
        return finding

    def begin(self, procedure: Procedure, case: Case, settings: Settings) -> Play:
        """Begin a runbook."""
        self._plays += 1
        self.ask({"job": "begin", "play": self._plays, "procedure": procedure.id, "case": case,
                  "settings": settings.model_dump()})  # fmt: skip
        return _Played(self, self._plays)

    def ask(self, job: dict[str, Any]) -> dict[str, Any]:
        """Hand out *job*, wait for what comes of it, and return that or raise what it raised."""
        if not self._turns.lend(self._back(self._came.is_set), timeout=self._patience):
            raise CrashError(
                f"no worker came within {self._patience:.0f} s: start one with `twin live URL`"
            )
        if self._gone is not None:
            raise CrashError(f"the worker ended with {self._gone} before there was work")
        now, head = self.present()
        self._said = None
        self._put({**job, "now": now, "head": head})
        answered = self._back(lambda: self._said is not None)
        if not self._turns.lend(answered, timeout=self._patience):
            raise CrashError(f"the worker did not answer within {self._patience:.0f} s: {job}")
        if self._said is None:
            raise CrashError(f"the worker ended with {self._gone} over {job}")
        said: dict[str, Any] = self._said
        if "error" in said:
            raise wire.raised(said["error"])
        return said

    def _back(self, done: Callable[[], bool]) -> Callable[[], bool]:
        return lambda: done() or self._gone is not None

    def lost(self, code: int) -> None:
        """Say that whoever worked is gone, with exit *code*: nobody waits for it."""
        self._gone = code
        self._turns.wake()

    def over(self) -> None:
        """Send whoever works home."""
        if self._came.is_set() and self._gone is None:
            self._put({"job": "end"})

    def _put(self, job: dict[str, Any]) -> None:
        loop, jobs = self._loop, self._jobs
        if loop is None or jobs is None:
            raise CrashError("nobody is at work")
        if not loop.is_closed():
            loop.call_soon_threadsafe(jobs.put_nowait, job)

    # -- the worker's side, in the thread of the server

    async def work(self, body: bytes) -> bytes:
        """Take the answer in *body*, if there is one, and return the next job."""
        if self._jobs is None:
            self._loop, self._jobs = asyncio.get_running_loop(), asyncio.Queue()
        said = wire.loads(body) if body else None
        if said:
            self._said = said
        self._came.set()
        self._turns.wake()
        try:
            job = await asyncio.wait_for(self._jobs.get(), IDLE)
        except TimeoutError:
            job = {"job": "wait"}
        return wire.dumps(job)
