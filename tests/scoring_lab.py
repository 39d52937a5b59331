"""Traces by hand: events as they stand in a log, with only what the scorer reads."""

from __future__ import annotations

import json
from typing import Any

from twin.scoring.loss import Course
from twin.scoring.trace import Trace

START = 1_700_000_000
END = START + 86_400


class Tape:
    """Events in order of their making; `trace` is what the scorer gets."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.evidence: list[dict[str, Any]] = []

    def add(self, at: int, kind: str, **fields: Any) -> Tape:
        self.events.append({"kind": kind, "t": START + at, "n": len(self.events), **fields})
        return self

    def fault(
        self, at: int, name: str, *, phase: str = "begin", family: str = "source-scale"
    ) -> Tape:
        return self.add(at, "fault", fault=name, family=family, phase=phase, detail=name)

    def alert(self, at: int, rule: str, state: str = "firing", severity: str = "P1", *,
              domain: str = "oracle") -> Tape:  # fmt: skip
        return self.add(at, "alert", rule=rule, state=state, severity=severity,
                        labels={"domain": domain, "severity": severity})  # fmt: skip

    def incident(self, at: int, state: str, name: str = "INC-001", family: str = "oracle") -> Tape:
        return self.add(at, "incident", incident=name, state=state, severity="P1", family=family,
                        summary="it is off")  # fmt: skip

    def began(self, at: int, procedure: str, cause: str, run: int = 1) -> Tape:
        return self.add(at, "procedure-started", procedure=procedure, run=run, cause=cause)

    def ended(self, at: int, procedure: str, verdict: str = "done", run: int = 1) -> Tape:
        return self.add(at, "procedure-ended", procedure=procedure, run=run, verdict=verdict,
                        evidence=f"{procedure}-1")  # fmt: skip

    def step(self, at: int, procedure: str, action: str, result: Any, run: int = 1) -> Tape:
        return self.add(at, "step", procedure=procedure, run=run, step=1, action=action, who="amara",
                        result=json.dumps(result))  # fmt: skip

    def act(
        self, at: int, procedure: str, what: str, *, took: int = 12, success: bool = True
    ) -> Tape:
        result = {"success": success, "reason": "" if success else "EnforcedPause",
                  "submitted": START + at - took}  # fmt: skip
        if success:
            result["timestamp"] = START + at
        return self.step(at, procedure, f"act: {what} as pauser", result)

    def call(self, at: int, person: str, subject: str, *, answered: int | None = None) -> Tape:
        self.add(at, "page", person=person, subject=subject)
        if answered is not None:
            self.add(answered, "ack", person=person, subject=subject)
        return self

    def trace(self, *steps: tuple[int, int], stopped: int = 0) -> Trace:
        course = Course(tuple((START + at, amount) for at, amount in steps))
        events = sorted(self.events, key=lambda event: (event["t"], event["n"]))
        numbered = [{**event, "n": number} for number, event in enumerate(events)]
        return Trace(START, END, numbered, self.evidence,
                     losses=(course, Course(((END, stopped),))))  # fmt: skip


def by_the_book() -> Tape:
    """A fault at 1000 that is told, contained, recovered and closed as the playbook has it."""
    tape = Tape().fault(1000, "unit-error")
    tape.alert(1100, "Off", "pending").alert(1200, "Off").call(
        1200, "amara", "P1 Off", answered=1260
    )
    tape.began(1260, "ND1", "Off fires").step(1440, "ND1", "update: new incident open", "INC-001")
    tape.incident(1440, "open").ended(1440, "ND1").began(1440, "ND3", "Off is real")
    tape.step(1500, "ND3", "update: INC-001 classified", "INC-001").incident(1500, "classified")
    tape.ended(1500, "ND3").began(1500, "NR1", "INC-001 is P1")
    tape.step(1800, "NR1", "decide: Pause it?", "pause")
    tape.act(2000, "NR1", "AllocationBook.pause").incident(2000, "contained").ended(2000, "NR1")
    tape.add(2000, "notice", audience="market", subject="paused", text="")
    tape.began(2000, "NR3", "INC-001 contained").act(9000, "NR3", "AllocationBook.unpause")
    tape.fault(7000, "unit-error", phase="end").alert(7300, "Off", "resolved")
    return tape.incident(9900, "closed").ended(9900, "NR3")
