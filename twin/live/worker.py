"""The worker: carries procedures out in this process, as a network hands them to it.

It asks for a job with the answer to the last one. A question of a runbook (`Look`) is answered
here, from the live desk, in the same breath as the step is handed over.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twin import procedures
from twin.catalog import Catalog, Procedure, Settings
from twin.desk import wire
from twin.desk.steps import Finding, Look, Runbook
from twin.errors import CrashError, TwinError
from twin.live.client import Client
from twin.live.desk import LiveDesk

__all__ = ["Worker"]


class Worker:
    """Works for the network at *client*'s address until it is sent home."""

    def __init__(self, client: Client) -> None:
        """Read the catalogue and the deployment manifest."""
        self._client = client
        self._catalog = Catalog.below(procedures)
        self._desk = LiveDesk(client)
        self._plays: dict[int, Runbook] = {}
        self.jobs = 0

    def work(self) -> int:
        """Do what there is to do, and return how many jobs that were."""
        answer: dict[str, Any] | None = None
        while True:
            body = b"" if answer is None else wire.dumps(answer)
            job = wire.loads(self._client.post("/work", body or b"{}"))
            if job["job"] == "end":
                return self.jobs
            answer = None if job["job"] == "wait" else self._done(job)

    def _done(self, job: Mapping[str, Any]) -> dict[str, Any]:
        self.jobs += 1
        self._desk.stand(job["now"], job["head"])
        try:
            match job["job"]:
                case "check":
                    item = self._catalog[job["procedure"]]
                    return {"finding": item.function(self._desk, _settings(item, job))}
                case "begin":
                    item = self._catalog[job["procedure"]]
                    self._plays[job["play"]] = item.function(job["case"], _settings(item, job))
                    return {"begun": True}
                case "send":
                    return self._send(job["play"], job["answer"])
            raise CrashError(f"no job is called {job['job']!r}")
        except TwinError as error:
            return {"error": wire.thrown(error)}

    def _send(self, play: int, answer: Any) -> dict[str, Any]:
        """Hand *answer* to a runbook; return its step, with what it saw where it asked something."""
        try:
            step = self._plays[play].send(answer)
        except StopIteration as stop:
            del self._plays[play]
            if not isinstance(stop.value, Finding):
                raise CrashError(f"a runbook returned {stop.value!r}, not a Finding") from None
            return {"ended": stop.value}
        if not isinstance(step, Look):
            return {"step": step}
        try:
            return {"step": step, "seen": {"value": step.query(self._desk, *step.args)}}
        except TwinError as error:
            return {"step": step, "seen": {"error": wire.thrown(error)}}


def _settings(item: Procedure, job: Mapping[str, Any]) -> Settings:
    return item.settings.model_validate(job["settings"])
