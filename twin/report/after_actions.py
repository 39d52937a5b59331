"""Action items: what should be done, and the scenario that must pass before one is closed.

An item is never closed by saying so. It names a scenario and what must hold in a score of it; it
is closed when a later finished run of that scenario passed and its score holds that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from twin.report.after_goals import GOALS, NOT_TESTED

if TYPE_CHECKING:
    from twin.report.after import After

__all__ = ["actions", "holds"]

OWNERS = {
    "Detect": "monitoring", "Acknowledge": "operations", "Decide": "commander",
    "Sign": "governance", "Contain": "commander", "Recover": "commander",
    "Tell the market": "communications", "Restore and hold": "commander",
    "Limit the loss": "commander",
}  # fmt: skip
"""Who owns what follows from an objective that was not met."""

WHAT = {
    "Detect": "Shorten the time to detect: see the rules that would have told earlier.",
    "Acknowledge": "Shorten the time until a page is answered: shifts, second calls.",
    "Decide": "Shorten triage, class and decision: see what the time went into.",
    "Sign": "Shorten the way to a quorum: who signs off shift.",
    "Contain": "Shorten the whole way to containment.",
    "Recover": "Shorten the recovery: what the gate waited for.",
    "Tell the market": "Send the first notice with the declaration.",
    "Restore and hold": "Bring it to an end: it was not closed when the run ended.",
    "Limit the loss": "Bring the response value up.",
}


def _link(made: After, criterion: str) -> dict[str, Any]:
    scenario = made.manifest.scenario
    done = made.closed(criterion)
    return {
        "scenario": scenario, "criterion": criterion,
        "command": f"twin run {scenario} --seed {made.manifest.seed} && twin score RUN",
        "state": "open" if done is None else f"closed by {done}",
    }  # fmt: skip


def _item(made: After, name: str, criterion: str, what: str, owner: str) -> dict[str, Any]:
    return {"name": name, "what": what, "owner": owner, **_link(made, criterion)}


def actions(
    made: After, goals: Sequence[Mapping[str, Any]], factors: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return an item for each objective not met, each latent fault nobody found, the team's own."""
    within = {goal.name: (goal.duration, goal.within) for goal in GOALS}
    found = []
    for goal in goals:
        if goal["rating"] in {"P", NOT_TESTED}:
            continue
        name = str(goal["name"])
        limit = within.get(name)
        criterion = f"{limit[0]} <= {limit[1]}" if limit else _criterion(name)
        found.append(_item(made, f"objective {name}", criterion, WHAT.get(
            name, f"Find out why {name} did not hold."), OWNERS.get(name, "commander")))  # fmt: skip
    for factor in factors:
        if str(factor["name"]).startswith("latent fault") and "by nobody" in str(factor["what"]):
            fault = str(factor["name"]).removeprefix("latent fault ")
            found.append(_item(made, str(factor["name"]), f"found {fault}",
                               "Find it by routine work before something triggers it.",
                               "monitoring"))  # fmt: skip
    return [*found, *_own(made)]


def _criterion(name: str) -> str:
    known = {"Tell the market": "first_notice <= 1800", "Limit the loss": "value_ppm >= 750000",
             "Restore and hold": "closed"}  # fmt: skip
    return known.get(name, "passed")


def _own(made: After) -> list[dict[str, Any]]:
    """Return what the team itself resolved to do; a word of theirs closes none of it."""
    entries: dict[str, Mapping[str, Any]] = {}
    for event in made.trace.of("entry"):
        if event["store"] == "action":
            entries[str(event["entry"])] = event
    return [
        _item(made, f"the team's {name}", "passed",
              f"{event['subject']} (the team says: {event['state']})",
              str(event["owner"]) or "nobody")
        for name, event in entries.items()
    ]  # fmt: skip


def holds(criterion: str, passed: bool, score: Mapping[str, Any]) -> bool:
    """Say whether *criterion* holds in a later run that *passed*, whose *score* was written."""
    if not passed or criterion == "passed" or not score:
        return passed and criterion == "passed"
    if criterion == "closed":
        return score["marks"]["closed"] is not None
    if criterion.startswith("found "):
        return criterion.removeprefix("found ") in score["readiness"]["found"]
    name, sign, limit = criterion.rsplit(" ", 2)
    value = _value(name, score)
    if value is None:
        return False
    return value <= int(limit) if sign == "<=" else value >= int(limit)


def _value(name: str, score: Mapping[str, Any]) -> int | None:
    """Return the figure of a *score* that a criterion names, None where there is none."""
    found: int | None
    if name == "first_notice":
        found = score["conduct"]["first_notice"]
    elif name == "value_ppm":
        found = (score["worth"] or {}).get("value_ppm")
    else:
        row = score["durations"].get(name)
        found = row["seconds"] if row and row["ended"] else None
    return found
