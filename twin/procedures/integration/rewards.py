"""Rewards and slashes of the oracle network, recomputed from rounds and stakes."""

from __future__ import annotations

from typing import Any

from twin.desk.port import Desk, View
from twin.procedures.reading import read_all

__all__ = ["reward_facts"]

PPM = 1_000_000


def _counted(view: View, *, lie_ppm: int) -> tuple[dict[bytes, int], dict[bytes, int]]:
    """Return reports and lies by node: a lie is off the answer accepted next by *lie_ppm*."""
    sent: dict[bytes, int] = {}
    lies: dict[bytes, int] = {}
    answers: dict[bytes, list[tuple[int, int]]] = {}
    for log in view.logs("OracleNetwork", "AnswerUpdated", since=0):
        answers.setdefault(log.args["feed"], []).append((log.block, log.args["answer"]))
    places = dict.fromkeys(answers, 0)
    for log in view.logs("OracleNetwork", "AnswerSubmitted", since=0):
        node, feed = log.args["node"], log.args["feed"]
        sent[node] = sent.get(node, 0) + 1
        known = answers.get(feed, [])
        while feed in places and places[feed] < len(known) and known[places[feed]][0] < log.block:
            places[feed] += 1
        if feed in places and places[feed] < len(known):
            accepted = known[places[feed]][1]
            if abs(log.args["answer"] - accepted) * PPM > lie_ppm * max(1, abs(accepted)):
                lies[node] = lies.get(node, 0) + 1
    return sent, lies


def _paid(view: View) -> dict[bytes, list[int]]:
    """Return [reports, amount] that were paid, by node."""
    found: dict[bytes, list[int]] = {}
    for log in view.logs("OracleNetwork", "RewardPaid", since=0):
        entry = found.setdefault(log.args["node"], [0, 0])
        entry[0] += log.args["reports"]
        entry[1] += log.args["amount"]
    return found


def reward_facts(desk: Desk, *, lie_ppm: int, min_lies: int) -> dict[str, Any]:
    """Return the reward file: by node what it earned, was paid and is owed; the fund; what is wrong.

    A node has lied where *min_lies* and more than half of its reports were off. Amounts in PT units.
    """
    view = desk.at()
    (stakes, fund, _bonds), (_least, _unbonding, rate, pips) = read_all(
        view, [("OracleNetwork", "accounted", ()), ("OracleNetwork", "staking", ())]
    )
    approved = desk.register.parameter("oracle.reward_per_report")
    sent, lies = _counted(view, lie_ppm=lie_ppm)
    paid, serving = _paid(view), set(view.read("OracleNetwork", "nodes"))
    slashed: dict[bytes, int] = {}
    for log in view.logs("OracleNetwork", "Slashed", since=0):
        slashed[log.args["node"]] = slashed.get(log.args["node"], 0) + log.args["amount"]
    wrong: dict[str, list[str]] = {}
    rows: dict[str, dict[str, Any]] = {}
    names = {account: name for name, account in desk.register.nodes().items()}
    owed = 0
    for account in sorted({*sent, *paid, *names}):
        name = names.get(account, f"0x{account.hex()}")
        reports, (done, amount) = sent.get(account, 0), paid.get(account, [0, 0])
        lying = lies.get(account, 0) >= min_lies and 2 * lies[account] > reports
        due = 0 if lying or account not in serving else max(0, reports - done) * approved
        owed += due
        stake = view.read("OracleNetwork", "stakeOf", account)[0]
        rows[name] = {
            "reports": reports, "lies": lies.get(account, 0), "paid_reports": done,
            "paid": amount, "earned": done * approved, "owed": due,
            "slash_due": stake * pips // PPM if lying and account not in slashed else 0,
        }  # fmt: skip
        if amount > done * approved:
            wrong.setdefault("overpaid", []).append(
                f"{name} got {amount}, earned {done * approved}"
            )
        if done > reports:
            wrong.setdefault("ineligible", []).append(
                f"{name} was paid for {done} of {reports} reports"
            )
        if lying and done:
            wrong.setdefault("ineligible", []).append(
                f"{name} lied and was paid for {done} reports"
            )
        if lying and account not in slashed:
            wrong.setdefault("slash", []).append(
                f"{name} lied {lies[account]} times and was not slashed"
            )
    if rate != approved:
        wrong.setdefault("rate", []).append(f"a report is paid {rate}, approved is {approved}")
    flow = _flow(view, paid, slashed)
    if fund != flow:
        wrong.setdefault("drain", []).append(f"the fund holds {fund}, its bookings leave {flow}")
    return {"rate": rate, "approved": approved, "fund": fund, "booked": flow, "stakes": stakes,
            "owed": owed, "nodes": rows, "wrong": wrong}  # fmt: skip


def _flow(view: View, paid: dict[bytes, list[int]], slashed: dict[bytes, int]) -> int:
    """Return what the fund must hold: what came in, and stakes slashed, less what was paid."""
    funded = sum(log.args["amount"] for log in view.logs("OracleNetwork", "RewardsFunded", since=0))
    return int(funded + sum(slashed.values()) - sum(amount for _reports, amount in paid.values()))
