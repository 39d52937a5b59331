"""Exercises: what must turn green before a corrective action counts as done.

Each is carried out, on a copy of the chain or on what the desk reads now; none takes somebody's
word. An exercise that cannot be carried out is red.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from twin.desk.port import Desk
from twin.errors import NoData, Reverted, UnknownName
from twin.procedures.incident.activation import QUORUMS
from twin.procedures.reading import fresh_sources

__all__ = ["EXERCISES", "exercise_for", "run_exercise"]

Exercise = Callable[[Desk, Mapping[str, Any]], tuple[bool, str]]


def _bounds_refuse(desk: Desk, args: Mapping[str, Any]) -> tuple[bool, str]:
    """On a copy, a node reports a hundredfold price: each feed has to refuse it, for its bounds."""
    del args
    fork = desk.lab.fork("corrective action: bounds refuse")
    fork.wait(3600)
    node = next(iter(desk.register.nodes().values()))
    for commodity in desk.register.commodities():
        feed = desk.register.feed_id(commodity)
        approved = tuple(desk.register.parameter(f"feed.{commodity}"))
        if tuple(fork.read("OracleNetwork", "feedConfig", feed)) != approved:
            return False, f"the bounds of {commodity} are not the approved ones"
        wrong = 100 * int(approved[1])
        done = fork.call(node, "OracleNetwork", "submit", (feed, wrong, fork.now))
        if done.success:
            return False, f"{commodity} takes a price of {wrong}"
    return True, "every feed refuses a price far above its bound"


def _sources_apart(desk: Desk, args: Mapping[str, Any]) -> tuple[bool, str]:
    """Each feed rests on enough fresh sources."""
    wanted = int(args.get("sources", 2))
    for commodity in desk.register.commodities():
        age = int(desk.register.parameter(f"feed.{commodity}")[4])
        found = fresh_sources(desk, commodity, max_age=age)
        if len(found) < wanted:
            return False, f"{commodity} rests on {len(found)} of {wanted} sources"
    return True, f"every feed rests on {wanted} sources or more"


def _brake_works(desk: Desk, args: Mapping[str, Any]) -> tuple[bool, str]:
    """On a copy, the brake stops the contract and the release opens it."""
    contract = str(args["contract"])
    fork = desk.lab.fork("corrective action: brake works")
    if not fork.read(contract, "paused"):
        stopped = fork.act("pauser", contract, "pause", ())
        if not stopped.success or not fork.read(contract, "paused"):
            return False, f"the brake of {contract} does not work: {stopped.reason}"
    released = fork.act("unpauser", contract, "unpause", ())
    fits = released.success and not fork.read(contract, "paused")
    return fits, f"{contract} {'stops and opens' if fits else 'does not open'} on a copy"


def _keys_reachable(desk: Desk, args: Mapping[str, Any]) -> tuple[bool, str]:
    """Of each quorum, enough signers are on shift, or answered their last page."""
    del args
    last = {page.person: page for page in desk.services.oncall.pages(since=desk.now - 7 * 86_400)}
    dead = {name for name, page in last.items()
            if page.answered is None and desk.now - page.sent > 3600}  # fmt: skip
    wanted = {name for names in QUORUMS.values() for name in names}
    for quorum in desk.services.oncall.quorums():
        able = [name for name in quorum.signers if name not in dead]
        if quorum.authority in wanted and len(able) < quorum.threshold:
            return False, f"{len(able)} of {quorum.threshold} signers of {quorum.authority} answer"
    return True, "every quorum answers its pages"


def _notice_readable(desk: Desk, args: Mapping[str, Any]) -> tuple[bool, str]:
    """The last public notice can be read."""
    del args
    told = desk.notices.published("market")
    if not told:
        return False, "nothing was published: nothing shows that it can be read"
    last = told[-1]
    shown = any(post.subject == last.subject for post in desk.services.posts.since(last.at))
    return shown, f"'{last.subject}' {'can' if shown else 'cannot'} be read"


def _check_green(desk: Desk, args: Mapping[str, Any]) -> tuple[bool, str]:
    """The newest record of a procedure is clean, and newer than the incident."""
    record = desk.evidence.last(str(args["procedure"]))
    if record is None or record.at <= int(args["after"]):
        return False, f"{args['procedure']} has not run since"
    fits = record.verdict in ("ok", "done")
    return fits, f"{record.ref} is {record.verdict}: {record.summary}"


def _rule_loaded(desk: Desk, args: Mapping[str, Any]) -> tuple[bool, str]:
    """The rule that was found to catch the variants is loaded."""
    names = [rule.name for rule in desk.alerts.rules() if rule.query == args["expression"]]
    return bool(
        names
    ), f"{names[0]} is loaded" if names else "no rule with this expression is loaded"


EXERCISES: Mapping[str, Exercise] = {
    "bounds-refuse": _bounds_refuse,
    "brake-works": _brake_works,
    "check-green": _check_green,
    "keys-reachable": _keys_reachable,
    "notice-readable": _notice_readable,
    "rule-loaded": _rule_loaded,
    "sources-apart": _sources_apart,
}
"""Every exercise by its name."""

FOR: Mapping[str, tuple[str, str]] = {
    "bounds-drifted": ("bounds-refuse", "oracle-admin"),
    "configuration-drift": ("bounds-refuse", "oracle-admin"),
    "vendor-wrong": ("sources-apart", "oracle-admin"),
    "vendor-silent": ("sources-apart", "oracle-admin"),
    "team": ("keys-reachable", "commander"),
    "keys": ("keys-reachable", "commander"),
    "pages": ("keys-reachable", "commander"),
    "notice": ("notice-readable", "liaison"),
    "updates": ("notice-readable", "liaison"),
}
"""The exercise that proves the action about a node of the graph, and who owns the action."""


def exercise_for(node: Mapping[str, Any], graph: Mapping[str, Any], check: str) -> dict[str, Any]:
    """Return exercise, arguments and owner of the action about *node*.

    Where the table has none, *check*, the procedure that watches the family, has to be clean again.
    """
    name, owner = FOR.get(str(node["id"]), ("check-green", "operator"))
    args: dict[str, Any] = {}
    if name == "check-green":
        known = str(node["id"])
        args = {"procedure": known.removeprefix("known-") if known.startswith("known-") else check,
                "after": graph["at"]}  # fmt: skip
    return {"exercise": name, "args": args, "owner": owner}


def run_exercise(desk: Desk, name: str, args: Mapping[str, Any]) -> dict[str, Any]:
    """Carry an exercise out: {green, why, at}. One that cannot be carried out is red."""
    made = EXERCISES.get(name)
    if made is None:
        return {"green": False, "why": f"there is no exercise {name!r}", "at": desk.now}
    try:
        green, why = made(desk, args)
    except (NoData, Reverted, UnknownName) as error:
        green, why = False, str(error)
    return {"green": green, "why": why, "at": desk.now}
