"""Post-implementation review: criteria, effect, feedback, documents, lessons (CV)."""

from __future__ import annotations

from functools import partial
from typing import Any

from twin.catalog import Settings, every, runbook
from twin.desk.steps import Case, Decide, Finding, Keep, Look, Notify, Runbook, Work
from twin.procedures.change.effects import effects, judged
from twin.procedures.change.lessons import artefact_exists, lessons
from twin.procedures.change.papers import drift
from twin.procedures.change.register import ended, no_desk, tallied
from twin.procedures.change.voices import voices

__all__ = ["Effect", "Feedback", "Lessons", "Papers", "Success", "collect_feedback",
           "keep_documents", "learn", "measure_effect", "verify_success"]  # fmt: skip

AREA = "Change Management / Post-Implementation Review"
HOURLY = every(hours=1)


class Success(Settings):
    """CV1 has no limits of its own: the criteria and their horizon stand in the change."""


@runbook(
    "CV1", f"{AREA} / Success criteria verification", level="A", cadence=HOURLY, role="operator",
    effort=60, inputs=("change store", "metrics"),
    evidence="verdict per criterion: value at the horizon, its 5 % to 95 % interval since the change",
    settings=Success, applies=no_desk,
)  # fmt: skip
def verify_success(case: Case, settings: Success) -> Runbook:
    """Success criteria verification.

    At the horizon, and not before, each criterion is evaluated on the metrics, with the interval
    of its values since the change; one without data fails, and a verdict that came early is void.
    """
    del settings
    seen = yield Look("Which horizon has been reached?", judged)
    rows, totals = tallied(seen, ("failed", "no-data", "too-early"))
    for one in seen:
        if one["due"]:
            yield Keep("change", one["id"], data={"success": one})
    return ended("reviews", rows, totals, case.cause)


class Effect(Settings):
    """CV2: a shift of *min_shift_ppm* that ranks tell from chance is an effect."""

    min_shift_ppm: int = 100_000
    z_milli: int = 2_576
    min_samples: int = 8


@runbook(
    "CV2", f"{AREA} / Performance impact assessment", level="A", cadence=HOURLY, role="operator",
    effort=60, inputs=("change store", "series before and after"),
    evidence="effect of each series: medians, shift, rank statistic, predicted or not",
    settings=Effect, applies=no_desk,
)  # fmt: skip
def measure_effect(case: Case, settings: Effect) -> Runbook:
    """Performance impact assessment.

    Series before the change are held against as long a time after it by ranks; what the change
    predicted must be there, and what it did not predict must not have grown worse.
    """
    seen = yield Look("What did it do?", partial(effects, settings=settings))
    rows, totals = tallied(seen, ("regression", "no-effect", "no-data"))
    for one in seen:
        yield Keep(
            "change", one["id"], data={"effect": {"series": one["series"], "items": one["items"]}}
        )
    return ended("effects", rows, totals, case.cause)


class Feedback(Settings):
    """CV3: a rate of tickets counts from *times_milli* of the baseline and *least* tickets on."""

    baseline: int = 7 * 86_400
    times_milli: int = 2_000
    least: int = 3
    effort: int = 1800


@runbook(
    "CV3", f"{AREA} / User feedback collection", level="B", cadence=HOURLY, role="liaison",
    effort=1800, inputs=("tickets", "change store"),
    evidence="feedback summary: tickets by topic and by group of users against their baseline",
    settings=Feedback, applies=no_desk,
)  # fmt: skip
def collect_feedback(case: Case, settings: Feedback) -> Runbook:
    """User feedback collection.

    Tickets since the change are held against the week before, by topic and by kind of user: harm
    to a few does not vanish in the number of all. Who was harmed is asked.
    """
    seen = yield Look("What do users say?", partial(voices, settings=settings))
    rows, totals = tallied(seen, ("more-tickets", "minority", "unheard"))
    for one in seen:
        choice = "none"
        if one["items"]:
            yield Work("liaison", settings.effort, f"read the tickets since {one['id']}")
            choice = yield Decide(
                "liaison", f"Is {one['id']} behind them?", ("ask", "leave"), "ask", one
            )
            if choice == "ask":
                text = f"Did the change '{one['title']}' of {one['done_at']} harm you?"
                yield Notify("survey", f"survey on {one['id']}", text)
        yield Keep("change", one["id"], data={"feedback": {**one, "choice": choice}})
    return ended("summaries", rows, totals, case.cause)


class Papers(Settings):
    """CV4: what a change makes necessary is due *within* seconds."""

    within: int = 7 * 86_400


@runbook(
    "CV4", f"{AREA} / Documentation updates", level="A", cadence=HOURLY, role="operator", effort=60,
    inputs=("difference of the change", "signed register", "documents", "schema", "rules"),
    evidence="drift report: register, runbooks and rules that still say what was; actions for each",
    settings=Papers, applies=no_desk,
)  # fmt: skip
def keep_documents(case: Case, settings: Papers) -> Runbook:
    """Documentation updates.

    The difference of a change says which entries of the register, runbooks and rules must follow
    it; each becomes an action, and one that is not done by its date, or a paper that contradicts
    the schema, is drift. A parameter that nobody recorded a change of is found, too.
    """
    seen = yield Look("Which paper says what was?", drift)
    totals = dict.fromkeys(("overdue", "document", "unrecorded"), 0)
    rows: dict[str, Any] = {}
    totals["document"] += len(seen["documents"])
    totals["unrecorded"] += len(seen["unrecorded"])
    totals["overdue"] += len(seen["overdue"])
    for one in seen["changes"]:
        actions = []
        for paper in one["papers"]:
            made = yield Keep("action", subject=f"update {paper} after {one['id']}",
                              due=seen["now"] + settings.within,
                              data={"change": one["id"], "paper": paper})  # fmt: skip
            actions.append(made)
        rows[one["id"]] = {**one, "actions": actions}
        yield Keep("change", one["id"], data={"papers": {"due": one["papers"], "actions": actions}})
    finding = ended("papers", rows, totals, case.cause)
    facts = {key: seen[key] for key in ("documents", "unrecorded", "overdue")}
    return Finding(finding.verdict, finding.summary, {**finding.data, **facts}, totals)


class Lessons(Settings):
    """CV5: the same gate failing *repeated* times without an artefact is a lesson not learned."""

    repeated: int = 2
    effort: int = 1800
    within: int = 14 * 86_400


@runbook(
    "CV5", f"{AREA} / Lesson learned documentation", level="B", cadence=HOURLY, role="analyst",
    effort=1800, inputs=("change store", "incidents", "rules", "actions"),
    evidence="lesson register: what failed, which rule, gate or scenario it became, what repeats",
    settings=Lessons, applies=no_desk,
)  # fmt: skip
def learn(case: Case, settings: Lessons) -> Runbook:
    """Lesson learned documentation.

    A change that failed, was refused or was taken back leaves a lesson, and the lesson an artefact:
    a rule, a gate, a scenario. One without, or one that repeats, is a finding. What was reviewed in
    every respect is closed.
    """
    seen = yield Look("What is there to learn?", lessons)
    totals = dict.fromkeys(("no-artefact", "repeated"), 0)
    totals["repeated"] += sum(1 for count in seen["causes"].values() if count >= settings.repeated)
    rows: dict[str, Any] = {}
    for one in seen["new"]:
        yield Work("analyst", settings.effort, f"write down the lesson of {one['id']}")
        kind = yield Decide("analyst", f"What does {one['id']} become?", ("gate", "rule", "scenario"),
                            "gate", one)  # fmt: skip
        made = yield Keep("action", subject=f"lesson of {one['id']}: {one['cause']}",
                          due=seen["now"] + settings.within,
                          data={"change": one["id"], "cause": one["cause"], "artefact_kind": kind,
                                "artefact": one["artefact"]})  # fmt: skip
        rows[one["id"]] = {**one, "action": made, "kind": kind}
    bare = yield Look("Does every artefact exist?", artefact_exists)
    totals["no-artefact"] += len(bare)
    for entry in seen["reviewed"]:
        yield Keep("change", entry, state="done")
    finding = ended("lessons", rows, totals, case.cause)
    facts = {"causes": seen["causes"], "without_artefact": bare, "closed": seen["reviewed"]}
    return Finding(finding.verdict, finding.summary, {**finding.data, **facts}, totals)
