"""Attacks on power: restricted functions without a role, self-granted roles, the timelock, votes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twin.procedures.monitoring.attacks import Attack, Scene
from twin.procedures.monitoring.happenings import MANAGED, ROLES

__all__ = ["POWER", "RESTRICTED"]

ZERO, WORD = bytes(20), bytes(32)
FEED = (1, 2, 3600, 5000, 7200, 4)

RESTRICTED: Mapping[str, Mapping[str, tuple[Any, ...]]] = {
    "PaymentToken": {
        "pause": (), "unpause": (), "mint": (ZERO, 1), "issue": (ZERO, 1), "burn": (ZERO, 1),
        "addKeeper": (ZERO,), "setCap": (1,), "freeze": (ZERO,), "unfreeze": (ZERO,),
    },
    "ParticipantRegistry": {
        "register": (ZERO, 1, b"ZZ"), "approve": (ZERO, 1), "suspend": (ZERO,), "revoke": (ZERO,),
        "setJurisdiction": (b"ZZ", True),
    },
    "FoundationToken": {
        "pause": (), "unpause": (), "issue": (ZERO, 1, WORD), "setHeld": (ZERO, 1),
        "reverse": (ZERO, 1), "setLockup": (1,),
    },
    "OracleNetwork": {
        "pause": (), "unpause": (), "addNode": (ZERO,), "addShadow": (ZERO,), "promote": (ZERO,),
        "removeNode": (ZERO,), "addFeed": (WORD, FEED), "configureFeed": (WORD, FEED),
        "setAttestationQuorum": (1,), "setChallenge": (1, 1), "setShadowPeriod": (1,),
        "setStaking": (1, 1, 1, 1), "rule": (WORD, True), "slash": (ZERO, WORD),
    },
    "AllocationBook": {
        "pause": (), "unpause": (), "propose": (WORD,), "confirm": (WORD,),
        "rule": (WORD, True, 1), "setRatePerUsd": (1,), "setMaxQuantity": (1,),
        "setSettlementCap": (1,), "setDailyCap": (1,), "setTwoPerson": (True,),
        "setDisputeBond": (1,),
    },
    "LiquidityPool": {"pause": (), "unpause": ()},
    "FeeSchedule": {
        "adjust": (0, 1), "setFee": (0, 1), "setBounds": (0, 1, 2, 1, 1), "setExpiry": (0, 1),
    },
    "Settlement": {
        "pause": (), "unpause": (), "rule": (1, 1), "setTreasury": (ZERO,), "setMaxAmount": (1,),
    },
    "Conversion": {
        "pause": (), "unpause": (), "setPolicy": (WORD, 1, 3600), "setLimits": (1, 1),
        "setTreasury": (ZERO,),
    },
    "Reserve": {
        "pause": (), "unpause": (), "attest": (1, 1, WORD, 1), "bookSlice": (1, 1),
        "returnSlice": (1,), "openSlice": (0, 1, 1, 1, ZERO), "setOpen": (True,),
        "setWeights": ([1, 1, 1],), "setAssetFeed": (1, WORD), "setSliceLimits": (1, 1, 1),
        "setRedemptionLimits": (1, 1), "setTiers": ([],), "setTreasury": (ZERO,),
    },
}  # fmt: skip
"""Every restricted function with arguments that fit; the deployment's wiring is held against it."""

UNAUTHORISED = "AccessManagedUnauthorized"


def without_a_role(scene: Scene) -> None:
    """Call every restricted function without a role."""
    for contract, functions in RESTRICTED.items():
        for function, args in functions.items():
            done = scene.steal(contract, function, *args)
            scene.refused(f"role-less {contract}.{function}", done, because=UNAUTHORISED)


def new_authority(scene: Scene) -> None:
    """Put another authority in the place of ours."""
    for contract in MANAGED:
        done = scene.steal(contract, "setAuthority", scene.thief)
        scene.refused(f"take over {contract}", done, because=UNAUTHORISED)


def grant_to_oneself(scene: Scene) -> None:
    """Grant every role to oneself, and change who grants them."""
    for number, label in enumerate(ROLES):
        done = scene.steal("Authority", "grantRole", number, scene.thief, 0)
        scene.refused(f"grant oneself {label}", done)
    pool = scene.at("LiquidityPool")
    for name, args in (
        ("setRoleAdmin", (7, 7)), ("setRoleGuardian", (7, 7)), ("setGrantDelay", (7, 0)),
        ("setTargetClosed", (pool, True)), ("setTargetAdminDelay", (pool, 0)),
        ("updateAuthority", (pool, scene.thief)), ("labelRole", (7, "thief")),
        ("setTargetFunctionRole", (pool, [scene.selector("pause()")], 2**64 - 1)),
        ("revokeRole", (7, scene.at("pauser"))),
    ):  # fmt: skip
        scene.refused(f"Authority.{name}", scene.steal("Authority", name, *args))


def renounce_what_one_has_not(scene: Scene) -> None:
    """Renounce roles that one never had: nothing may be had afterwards."""
    for number, label in enumerate(ROLES):
        scene.steal("Authority", "renounceRole", number, scene.thief)
        held = scene.fork.read("Authority", "hasRole", number, scene.thief)[0]
        scene.holds(f"renounce {label}", not held, f"hasRole is {held}")


def forward(scene: Scene) -> None:
    """Let contracts that anybody may use make the call: Multicall3, the authority's own batch."""
    pool, pause = scene.at("LiquidityPool"), scene.selector("pause()")
    done = scene.steal("Multicall3", "aggregate3", [(pool, False, pause)])
    paused = scene.fork.read("LiquidityPool", "paused")
    scene.holds("pause through Multicall3", not (done.success and paused), f"paused is {paused}")
    scene.refused("execute at once", scene.steal("Authority", "execute", pool, pause))
    scene.refused("schedule without a role", scene.steal("Authority", "schedule", pool, pause, 0))
    scene.refused("consume an operation",
                  scene.steal("Authority", "consumeScheduledOp", scene.thief, pause))  # fmt: skip
    scene.refused("batch of the authority", scene.steal("Authority", "multicall", [
        scene.selector("grantRole(uint64,address,uint32)")
        + (0).to_bytes(32, "big") + bytes(12) + scene.thief + (0).to_bytes(32, "big")
    ]))  # fmt: skip


def too_early_and_twice(scene: Scene) -> None:
    """Execute a scheduled operation before its time, and once more after it was executed."""
    admin, oracle = scene.at("oracle_admin"), scene.at("OracleNetwork")
    data = scene.selector("setShadowPeriod(uint32)") + (60).to_bytes(32, "big")
    scene.call(admin, "Authority", "schedule", oracle, data, 0)
    delay = scene.fork.read("Authority", "hasRole", ROLES.index("oracle_admin"), admin)[1]
    if not delay:
        scene.skip("execute before its time", "the role has no delay")
        return
    early = scene.fork.call(admin, "Authority", "execute", (oracle, data))
    scene.refused("execute before its time", early)
    scene.fork.wait(int(delay))
    scene.call(admin, "Authority", "execute", oracle, data)
    again = scene.fork.call(admin, "Authority", "execute", (oracle, data))
    scene.refused("execute a second time", again)


def the_timelock(scene: Scene) -> None:
    """Go to the timelock without the governor: queue, execute what was not queued, cancel, grant."""
    pool, pause = scene.at("LiquidityPool"), scene.selector("pause()")
    for name, args in (
        ("schedule", (pool, 0, pause, WORD, WORD, 0)), ("execute", (pool, 0, pause, WORD, WORD)),
        ("scheduleBatch", ([pool], [0], [pause], WORD, WORD, 0)), ("cancel", (WORD,)),
        ("executeBatch", ([pool], [0], [pause], WORD, WORD)), ("updateDelay", (0,)),
        ("grantRole", (scene.hash(b"CANCELLER_ROLE"), scene.thief)),
    ):  # fmt: skip
        scene.refused(f"FictraTimelock.{name}", scene.steal("FictraTimelock", name, *args))
    for name, rest in (
        ("relay", (pool, 0, pause)), ("setVotingDelay", (1,)), ("setVotingPeriod", (1,)),
        ("setProposalThreshold", (0,)), ("updateQuorumNumerator", (1,)),
        ("updateTimelock", (scene.thief,)),
    ):  # fmt: skip
        scene.refused(f"FictraGovernor.{name}", scene.steal("FictraGovernor", name, *rest))


def flash_vote(scene: Scene) -> None:
    """Vote with tokens that came after the snapshot, and propose without any (Beanstalk, 2022)."""
    pool, pause = scene.at("LiquidityPool"), scene.selector("pause()")
    text = "give the thief everything"
    proposal: tuple[Any, ...] = ([pool], [0], [pause])
    scene.refused("propose without votes",
                  scene.steal("FictraGovernor", "propose", *proposal, text))  # fmt: skip
    book, whale = scene.at("AllocationBook"), scene.fork.wallet("whale").address
    custodian = 8
    scene.admit(whale, custodian)
    scene.admit(scene.thief, custodian)
    supply = scene.fork.read("FoundationToken", "totalSupply")
    threshold = scene.fork.read("FictraGovernor", "proposalThreshold")
    scene.call(book, "FoundationToken", "issue", whale, threshold + 1, scene.hash(b"whale"))
    scene.call(whale, "FoundationToken", "delegate", whale)
    scene.fork.wait(24)
    scene.call(whale, "FictraGovernor", "propose", *proposal, text)
    number = scene.fork.read(
        "FictraGovernor", "getProposalId", *proposal, scene.hash(text.encode())
    )
    scene.fork.wait(scene.fork.read("FictraGovernor", "votingDelay") + 24)
    scene.call(book, "FoundationToken", "issue", scene.thief, 3 * supply + threshold,
               scene.hash(b"loan"))  # fmt: skip
    scene.steal("FoundationToken", "delegate", scene.thief)
    scene.steal("FictraGovernor", "castVote", number, 1)
    votes = scene.fork.read("FictraGovernor", "proposalVotes", number)
    scene.holds("vote with a flash loan", votes[1] == 0, f"{votes[1]} votes in favour")
    ended = (*proposal, scene.hash(text.encode()))
    scene.refused("queue what has not passed", scene.steal("FictraGovernor", "queue", *ended))
    scene.refused("execute what has not passed", scene.steal("FictraGovernor", "execute", *ended))
    scene.steal("FictraGovernor", "castVote", number, 1)
    twice = scene.steal("FictraGovernor", "castVote", number, 1)
    scene.refused("vote twice", twice)


POWER: tuple[tuple[str, Attack], ...] = (
    ("without-a-role", without_a_role),
    ("new-authority", new_authority),
    ("grant-to-oneself", grant_to_oneself),
    ("renounce", renounce_what_one_has_not),
    ("forward", forward),
    ("too-early-and-twice", too_early_and_twice),
    ("timelock", the_timelock),
    ("flash-vote", flash_vote),
)
"""The attacks on power."""
