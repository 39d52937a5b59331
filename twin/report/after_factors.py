"""What contributed to an incident, and where it went well by luck."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from twin.report.after_text import took
from twin.report.text import span
from twin.scoring.score import Score
from twin.scoring.trace import Trace

__all__ = ["factors", "lucky"]

SLOW = 40
"""Share in a hundred of the time to the effect from which on a part of it is named."""


def _factor(name: str, what: str, data: str = "") -> dict[str, Any]:
    return {"name": name, "what": what, "data": data}


def factors(score: Score, trace: Trace) -> list[dict[str, Any]]:
    """Return what made it possible, worse, or longer, each with what shows it."""
    found = []
    missed = [name for name in score.readiness.latent if name not in score.readiness.found]
    for name in score.readiness.latent:
        told = "had been found by an alert" if name not in missed else "was found by nobody"
        found.append(
            _factor(f"latent fault {name}", f"It was there before the trigger and {told}.")
        )
    found += _slowest(score)
    if score.conduct.refused:
        found.append(_factor("refused actions", f"{score.conduct.refused} of {score.conduct.acts} "
                             "actions did not take effect."))  # fmt: skip
    left = [step for step, done in score.conduct.steps.items() if not done]
    if left:
        found.append(_factor("steps left out", f"{', '.join(left)} did not come to a good end."))
    found += _people(score, trace)
    return found


def _slowest(score: Score) -> list[dict[str, Any]]:
    names = ("detect from the fault", "decide", "authority", "inclusion")
    rows = {name: score.durations[name][0] for name in names if name in score.durations}
    whole = sum(rows.values())
    return [
        _factor(f"time to {name}" if name != "authority" else "time to sign",
                f"{span(seconds)} of {span(whole)} until the first action took effect.")
        for name, seconds in rows.items() if whole and 100 * seconds >= SLOW * whole
    ]  # fmt: skip


def _people(score: Score, trace: Trace) -> list[dict[str, Any]]:
    """Calls that nobody answered, hand-overs, and who was called most, while it lasted."""
    since = score.marks.fault or trace.start
    until = score.marks.closed or trace.end
    pages = [e for e in trace.of("page") if since <= e["t"] <= until]
    acks = Counter((e["person"], e["subject"]) for e in trace.of("ack") if since <= e["t"])
    silent = [e for e in pages if not acks[e["person"], e["subject"]]]
    found = []
    if silent:
        found.append(_factor("unanswered calls", f"{len(silent)} of {len(pages)} calls had no "
                             "answer before the run ended."))  # fmt: skip
    if pages:
        name, count = Counter(e["person"] for e in pages).most_common(1)[0]
        found.append(_factor("load", f"{len(pages)} calls while it lasted, {count} of them to "
                             f"{name}."))  # fmt: skip
    over = [e for e in trace.of("handover") if since <= e["t"] <= until]
    if over:
        found.append(_factor("hand-overs", f"{len(over)} runs went from one person to another."))
    return found


def lucky(score: Score, seeds: Mapping[str, Any]) -> dict[str, Any]:
    """Say what did not depend on the response, and what other seeds say of the same one."""
    notes = []
    marks = score.marks
    if marks.harm_start is None:
        notes.append("Without a response no harm would have come on this seed.")
    elif marks.effective is not None and marks.harm_start > marks.effective:
        notes.append(
            f"The first harm would have come {took(marks.harm_start - marks.effective)} after the "
            "action took effect: nothing was at stake before."
        )
    elif marks.fault is not None and marks.harm_start - marks.fault > 1800:
        notes.append(f"Harm took {span(marks.harm_start - marks.fault)} to begin: the fault gave "
                     "the team that time.")  # fmt: skip
    if score.worth is not None and 0 < score.worth.net <= max(1, score.worth.floor):
        notes.append("The loss is below what the scenario takes for worth dividing by.")
    return {"notes": notes, "seeds": dict(seeds)}
