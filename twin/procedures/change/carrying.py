"""Carrying a change out: schedule, wait, simulate again, execute call by call, check, or take back."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any

from twin.desk.port import Desk
from twin.desk.steps import Act, Keep, Look, Step, Wait
from twin.procedures.change import gates
from twin.procedures.change.plan import Call, calls_of, way_back
from twin.procedures.change.register import bound, stress
from twin.procedures.change.trial import caller_of, live_picture

__all__ = ["carry_out"]

Carry = Generator[Step, Any, Any]


def _before(desk: Desk, entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return the checks right before anything is sent: what is staged, what it would do now."""
    plan = entry["plan"]
    staged = desk.services.changes.staged(entry["request"])
    wrong = {
        "binding": gates.binding(staged, authority=plan["authority"], approved=bound(entry)),
        "resimulate": gates.resimulate(desk, plan, blessed=entry["diff"]),
    }
    return {
        "wrong": {name: found for name, found in wrong.items() if found}, "now": desk.now,
        "delay": caller_of(desk, plan["authority"])[1],
        "was": live_picture(desk, list(plan["expect"])),
        "staged": [[one.to, one.data] for one in staged],
    }  # fmt: skip


def _again(desk: Desk, entry: Mapping[str, Any], max_gap_ppm: int) -> dict[str, list[str]]:
    """Return what speaks against executing what was scheduled: its effect now, stress, code."""
    plan = entry["plan"]
    wrong = {
        "resimulate": gates.resimulate(desk, plan, blessed=entry["diff"]),
        "code": gates.code(desk, calls_of(plan), entry["code"]),
        "stopped": [] if entry["class"] == "emergency" else stress(desk, max_gap_ppm),
    }
    return {name: found for name, found in wrong.items() if found}


def _after(desk: Desk, entry: Mapping[str, Any]) -> dict[str, Any]:
    return {"wrong": gates.landed(desk, entry["plan"]), "now": desk.now,
            "is": live_picture(desk, list(entry["plan"]["expect"]))}  # fmt: skip


def _act(entry: Mapping[str, Any], call: Call, stage: str, data: str) -> Act:
    return Act(entry["plan"]["authority"], call.contract, call.function, call.args,
               f"{entry['id']}: {entry['plan']['title']}", calldata=data, stage=stage)  # type: ignore[arg-type]  # fmt: skip


def _sent(
    entry: Mapping[str, Any], stage: str, staged: list[list[str]], log: list[dict[str, Any]]
) -> Generator[Step, Any, int]:
    """Send each staged call at *stage* until one fails; value how many went through."""
    for number, (call, (_to, data)) in enumerate(zip(calls_of(entry["plan"]), staged, strict=True)):
        done = yield _act(entry, call, stage, data)
        log.append({"call": call.name, "stage": stage, "success": done["success"],
                    "reason": done["reason"], "block": done["block"]})  # fmt: skip
        if not done["success"]:
            return number
    return len(staged)


def _taken_back(
    entry: Mapping[str, Any], was: Mapping[str, Any], log: list[dict[str, Any]]
) -> Carry:
    """Send the way back; value whether everything is as it was."""
    for call in way_back(entry["plan"]):
        done = yield _act(entry, call, "whole", "0x" + call.data.hex())
        log.append({"call": call.name, "stage": "back", "success": done["success"],
                    "reason": done["reason"], "block": done["block"]})  # fmt: skip
    now = yield Look("Is it as it was?", live_picture, (list(was),))
    return now == was


def carry_out(entry: Mapping[str, Any], *, max_gap_ppm: int) -> Carry:
    """Carry *entry* out; value its step log, what was found, and the items that count."""
    log: list[dict[str, Any]] = []
    first = yield Look("Is it still what was approved?", _before, (entry,))
    if first["wrong"] or len(first["staged"]) != len(calls_of(entry["plan"])):
        yield Keep("change", entry["id"], state="rejected", data={"refused": first["wrong"]})
        return {"steps": log, "before": first, "items": sorted(first["wrong"] or {"binding": 1})}
    yield Keep("change", entry["id"], state="executing", data={"began_at": first["now"]})
    if first["delay"]:
        stopped = yield from _scheduled(entry, first, log, max_gap_ppm=max_gap_ppm)
        if stopped:
            return {
                "steps": log,
                "before": first,
                "stopped": stopped["wrong"],
                "items": stopped["items"],
            }
    done = yield from _sent(entry, "execute", first["staged"], log)
    last = yield Look("Is it what was intended?", _after, (entry,))
    outcome = {"steps": log, "before": first, "after": last}
    if done == len(first["staged"]) and not last["wrong"]:
        horizon = last["now"] + entry["plan"]["success"]["horizon"]
        yield Keep("change", entry["id"], state="executed", due=horizon,
                   data={"done_at": last["now"], "horizon_at": horizon, "was": first["was"],
                         "steps": log})  # fmt: skip
        return {**outcome, "items": []}
    item = "failed" if not done else "half-applied" if done < len(first["staged"]) else "postcheck"
    back = True
    if done:  # something is on chain that should not stay there alone
        back = yield from _taken_back(entry, first["was"], log)
    state = "rolled-back" if done and back else "failed"
    yield Keep("change", entry["id"], state=state,
               data={"refused": {item: last["wrong"]}, "failed_at": last["now"], "steps": log})  # fmt: skip
    return {**outcome, "items": [item], "taken_back": back}


def _scheduled(
    entry: Mapping[str, Any], first: Mapping[str, Any], log: list[dict[str, Any]], *, max_gap_ppm: int
) -> Carry:  # fmt: skip
    """Schedule, let the delay pass and simulate again; value None, or what stopped it."""
    count = yield from _sent(entry, "schedule", first["staged"], log)
    wrong: dict[str, Any] = {}
    if count == len(first["staged"]):
        yield Wait(first["delay"], f"the delay of {entry['plan']['authority']}")
        wrong = yield Look("Would it still do what was assessed?", _again, (entry, max_gap_ppm))
        if not wrong:
            return None
    else:
        wrong = {"failed": [log[-1]["reason"]]}
    for call, (_to, data) in list(zip(calls_of(entry["plan"]), first["staged"], strict=True))[
        :count
    ]:
        done = yield _act(entry, call, "cancel", data)
        log.append({"call": call.name, "stage": "cancel", "success": done["success"],
                    "reason": done["reason"], "block": done["block"]})  # fmt: skip
    yield Keep("change", entry["id"], state="rejected", data={"refused": wrong})
    items = sorted({"code": "resimulate"}.get(name, name) for name in wrong)
    return {"wrong": wrong, "items": items}
