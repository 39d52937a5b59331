"""How a procedure opens an incident that no alert stands behind."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from twin.desk.steps import Case, Step, Trigger, Update

__all__ = ["escalate"]


def escalate(what: str, *, family: str, severity: str) -> Generator[Step, Any, str]:
    """Open an incident of *family* and have it classified; value its id."""
    incident: str = yield Update(state="open", severity=severity, family=family, summary=what)
    facts = {"domain": family, "severity": severity}
    yield Trigger("incident", Case(what, None, incident, facts))
    return incident
