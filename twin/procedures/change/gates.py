"""The gates of a change, each a function that says what is wrong: no word means that it passes.

They read the desk and a plan, carry the exact calldata out on a copy of the public chain state, and
know no outcome by heart. `twin change` and the procedures CR1 to CI5 ask the same functions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from twin.desk.port import Approval, Desk, StagedCall
from twin.errors import Reverted, UnknownName
from twin.procedures.change.plan import Call, calls_of, payload, way_back
from twin.procedures.change.smoke import smoke
from twin.procedures.change.trial import Trial, caller_of, live_picture, try_out

__all__ = ["GATES", "approval", "authority", "binding", "code", "codes",
           "conflict", "decode", "diff",
           "impact", "landed", "resimulate", "rollback", "run", "soundness"]  # fmt: skip

GATES = ("schema", "decode", "authority", "conflict", "run", "diff", "invariants", "smoke",
         "rollback", "impact", "approval", "binding", "code", "resimulate", "postcheck", "horizon")  # fmt: skip
"""Every gate, in the order in which a change meets them."""

SCALE = 100
"""A value that becomes so many times larger or smaller is a slip of units until somebody says why."""


NOT_UNDER_WAY = ("proposed", "requested", "executed", "failed", "rolled-back")
"""States of an entry that is not ended, and yet in nobody's way."""


def decode(desk: Desk, calls: Sequence[Call]) -> list[str]:
    """Say where calldata is not what the reviewer reads, or goes where the register says nothing."""
    view, wrong = desk.at(), []
    for call in calls:
        try:
            registered = desk.register.address(call.contract)
        except UnknownName:
            wrong.append(f"{call.contract} is no contract of the register")
            continue
        if call.to != registered:
            wrong.append(
                f"{call.name} would be sent to 0x{call.to.hex()}, {call.contract} is "
                f"0x{registered.hex()}"
            )
        found = view.decode(registered, call.data)
        if found is None:
            wrong.append(f"the calldata of {call.name} is no call that {call.contract} takes")
        elif found.function.partition("(")[0] != call.function.partition("(")[0]:
            wrong.append(f"the calldata calls {found.function}, the file says {call.function}")
        elif _plain(found.args) != _plain(call.args):
            wrong.append(
                f"{call.name}: the calldata says {_plain(found.args)}, the file {_plain(call.args)}"
            )
    return wrong


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def authority(desk: Desk, plan: Mapping[str, Any], calls: Sequence[Call]) -> list[str]:
    """Say which call the named authority may not make, and which a stranger may."""
    try:
        account, delay = caller_of(desk, plan["authority"])
    except UnknownName as error:
        return [str(error)]
    view, wrong = desk.at(), []
    for call in calls:
        now, wait = view.read("Authority", "canCall", account, call.to, call.data[:4])
        if not now and not wait:
            wrong.append(f"{plan['authority']} may not call {call.name}")
        elif wait < delay:
            wrong.append(f"{call.name} would wait {wait} s, the register says {delay} s")
        open_to_all, later = view.read("Authority", "canCall", b"\x01" * 20, call.to, call.data[:4])
        if open_to_all or later:
            wrong.append(f"anybody may call {call.name}")
    return wrong


def conflict(desk: Desk, plan: Mapping[str, Any], *, entry: str | None) -> list[str]:
    """Say which other change that is under way sets the same parameters."""
    mine = set(plan["expect"])
    return [
        f"{other.id} ({other.state}) also sets {', '.join(sorted(shared))}"
        for other in desk.stores.entries("change", unended=True)
        if other.id != entry and other.state not in NOT_UNDER_WAY
        and (shared := mine & set(other.data.get("intended") or ()))
    ]  # fmt: skip


def run(trial: Trial) -> list[str]:
    """Say which call reverts on the copy."""
    return [
        f"{one['call']} ({one['stage']}) reverts: {one['reason']}"
        for one in trial.results
        if not one["success"]
    ]


def diff(plan: Mapping[str, Any], trial: Trial) -> list[str]:
    """Say where the difference is not the announced one; a change that changes nothing fails."""
    if not trial.diff:
        return ["nothing that can be read changes: an empty difference is no change"]
    wrong = []
    for name, row in plan["expect"].items():
        before, after = trial.diff.get(name, [trial.before.get(name)] * 2)
        if name not in trial.before and name not in trial.after:
            wrong.append(f"{name} is nothing that can be read")
        elif after != row["after"]:
            wrong.append(f"{name} should become {row['after']}, it becomes {after}")
        if row["before"] is not None and before != row["before"]:
            wrong.append(f"{name} should be {row['before']} before, it is {before}")
    for name, (before, after) in trial.diff.items():
        if name not in plan["expect"]:
            wrong.append(f"{name} goes from {before} to {after}, which nobody announced")
    return wrong


def soundness(desk: Desk, plan: Mapping[str, Any], trial: Trial) -> list[str]:
    """Say which invariant the state after the change breaks."""
    return [*_bounds(desk, trial), *_lost(desk, trial), *_scale(plan, trial)]


def _bounds(desk: Desk, trial: Trial) -> Iterator[str]:
    after = trial.after
    for kind in ("swap", "settlement", "conversion", "redemption"):
        low, fee, high = (after[f"fee.{kind}.{part}"] for part in ("min", "fee", "max"))
        if not low <= fee <= high:
            yield f"the {kind} fee {fee} is outside {low}..{high}"
    nodes = len(desk.register.nodes())
    for commodity in desk.register.commodities():
        low, high = after[f"feed.{commodity}.min_answer"], after[f"feed.{commodity}.max_answer"]
        quorum = after[f"feed.{commodity}.quorum"]
        if not 1 <= quorum <= max(1, nodes):
            yield f"feed {commodity}: {quorum} of {nodes} nodes cannot answer safely"
        try:
            feed = desk.register.feed_id(commodity)
            answer = trial.fork.read("OracleNetwork", "latest", feed)[0]
        except Reverted:
            continue  # it has no answer before the change either, or smoke will say so
        if not low < answer < high:
            yield f"feed {commodity}: its answer {answer} is outside {low}..{high}"


def _lost(desk: Desk, trial: Trial) -> Iterator[str]:
    contracts = [*desk.register.contracts(), "treasury"]
    trusted = {"0x" + desk.register.address(name).hex() for name in contracts}
    for name, (before, after) in trial.diff.items():
        if name.startswith("supply."):
            yield f"{name} goes from {before} to {after}: a change mints and burns nothing"
        elif name.startswith("wire.") and after not in trusted:
            yield f"{name} would be {after}, an address that the register does not know"
        elif name.startswith("role."):
            yield f"{name} would be {'granted' if after else 'taken away'}"
        elif before and not after and not name.startswith(("paused.", "held.")):
            yield f"{name} becomes 0: a limit that is none, or a trust root that is gone"


def _scale(plan: Mapping[str, Any], trial: Trial) -> Iterator[str]:
    for name, (before, after) in trial.diff.items():
        numbers = all(isinstance(one, int) and not isinstance(one, bool) for one in (before, after))
        if not numbers or before <= 0 or after <= 0 or f"scale:{name}" in plan["touches"]:
            continue
        if after >= SCALE * before or before >= SCALE * after:
            yield (f"{name} goes from {before} to {after}, more than {SCALE} times: decimals, or "
                   f"say touches: ['scale:{name}']")  # fmt: skip


def rollback(desk: Desk, plan: Mapping[str, Any], trial: Trial) -> dict[str, Any]:
    """Rehearse the way back on the copy that was changed; return seconds, diff and what is wrong."""
    calls, kind = way_back(plan), plan["back"]["kind"]
    back = try_out(desk, plan, calls, fork=trial.fork)
    wrong = [*decode(desk, calls), *run(back)]
    own = [name for name in trial.diff if not name.startswith(("held.", "supply."))]
    left = {name: [trial.before.get(name), back.after.get(name)] for name in own
            if back.after.get(name) != trial.before.get(name)}  # fmt: skip
    if kind == "rollback" and left:
        wrong += [f"{name} was {was} and would stay {now}" for name, (was, now) in left.items()]
    if kind == "forward-fix" and not back.diff:
        wrong.append("the forward fix changes nothing")
    if back.seconds > plan["back"]["within"]:
        wrong.append(f"the way back takes {back.seconds} s, {plan['back']['within']} s are allowed")
    return {"seconds": back.seconds, "gas": back.gas, "left": left, "wrong": wrong,
            "loses": plan["back"]["loses"]}  # fmt: skip


def impact(desk: Desk, plan: Mapping[str, Any], *, entry: str | None = None) -> dict[str, Any]:
    """Return the reasons of every gate that needs no people, and the facts beneath them.

    What follows from calldata that is not what it says is not tried out.
    """
    calls = calls_of(plan)
    wrong: dict[str, list[str]] = {
        "decode": decode(desk, calls),
        "authority": authority(desk, plan, calls),
        "conflict": conflict(desk, plan, entry=entry),
    }
    trial = try_out(desk, plan, calls)
    wrong |= {"run": run(trial), "diff": diff(plan, trial)}
    facts: dict[str, Any] = {
        "diff": trial.diff, "gas": trial.gas, "seconds": trial.seconds, "calls": trial.results,
        "code": codes(desk, calls), "payload": payload(plan["authority"], calls),
    }  # fmt: skip
    if trial.success:
        wrong["invariants"] = soundness(desk, plan, trial)
        again = try_out(
            desk, plan, calls
        )  # the matrix moves its copy: the way back needs a clean one
        facts["smoke"] = smoke(desk, again.fork, calls)
        facts["rollback"] = rollback(desk, plan, trial)
        wrong |= {"smoke": facts["smoke"]["wrong"], "rollback": facts["rollback"]["wrong"]}
    return {**facts, "wrong": {name: reasons for name, reasons in wrong.items() if reasons}}


def codes(desk: Desk, calls: Sequence[Call]) -> dict[str, str]:
    """Return the code hash at each address that is called, or named as an argument."""
    view = desk.at()
    named = {call.to for call in calls}
    for call in calls:
        named |= {arg for arg in call.args if isinstance(arg, bytes) and len(arg) == 20}
    return {"0x" + one.hex(): "0x" + view.account(one).code_hash.hex() for one in sorted(named)}


def code(desk: Desk, calls: Sequence[Call], reviewed: Mapping[str, str]) -> list[str]:
    """Say whose code is not what was reviewed, or not what the register approves."""
    wrong = []
    for address, now in codes(desk, calls).items():
        if address in reviewed and reviewed[address] != now:
            wrong.append(f"the code at {address} is another than at the review")
    approved = desk.register.contracts()
    for call in calls:
        account = desk.at().account(call.to)
        if call.contract in approved and account.code_hash != approved[call.contract]:
            wrong.append(f"{call.contract} is not the code that the register approves")
    return wrong


def binding(staged: Sequence[StagedCall], *, authority: str, approved: str) -> list[str]:
    """Say that what would be signed is not what was approved."""
    found = payload(authority, staged)
    return [] if found == approved else [f"staged is {found[:12]}, approved was {approved[:12]}"]


def resimulate(desk: Desk, plan: Mapping[str, Any], *, blessed: Mapping[str, Any]) -> list[str]:
    """Carry it out again on the present state; *blessed* is the difference of the assessment."""
    trial = try_out(desk, plan, calls_of(plan))
    wrong = [*run(trial), *diff(plan, trial), *soundness(desk, plan, trial)]
    if {name: list(pair) for name, pair in blessed.items()} != trial.diff:
        wrong.append("the difference is not the one that was assessed: the simulation is stale")
    return wrong


def landed(desk: Desk, plan: Mapping[str, Any]) -> list[str]:
    """Say what the chain holds now that is not what the change intends."""
    now = live_picture(desk, list(plan["expect"]))
    return [
        f"{name} should be {row['after']}, it is {now[name]}"
        for name, row in plan["expect"].items()
        if now[name] != row["after"]
    ]


def approval(
    plan: Mapping[str, Any], given: Sequence[Approval], *, author: str, approved: str, now: int
) -> list[str]:
    """Say why *given* is no quorum: four eyes, nobody for themselves, current, of this payload."""
    wrong, valid = [], dict[str, str]()
    for one in given:
        if one.who in {author, plan["requester"]}:
            wrong.append(f"{one.who} approved a change of their own")
        elif one.payload != approved:
            wrong.append(f"{one.who} approved {one.payload[:12]}, this is {approved[:12]}")
        elif now - one.at > plan["approval_lasts"]:
            wrong.append(f"the approval of {one.who} is {now - one.at} s old")
        elif one.role not in plan["approvers"]:
            wrong.append(f"{one.who} is none of {', '.join(plan['approvers'])}")
        elif one.role not in valid.values():
            valid[one.who] = one.role
    if len(valid) < plan["quorum"]:
        wrong.append(f"{len(valid)} of {plan['quorum']} approvals by different people")
    return wrong
