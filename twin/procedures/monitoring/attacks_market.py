"""Attacks on pool, fees and oracle: edges of a swap, rounding, the brake, the average, the bounds."""

from __future__ import annotations

from twin.errors import Reverted
from twin.procedures.monitoring.attacks import MILLION, Attack, Scene

__all__ = ["MARKET", "ORACLE"]

MOST = 2**256 - 1
POOL = "LiquidityPool"
THOUSAND = MILLION // 1000


def _ready(scene: Scene) -> None:
    """Let the thief have tokens and the pool take them; once is enough."""
    if scene.fork.read("PaymentToken", "allowance", scene.thief, scene.at(POOL)):
        return
    scene.fund(scene.thief, pt=MILLION, stable=MILLION)
    for token in ("PaymentToken", "StableAsset"):
        scene.approve(scene.thief, token, POOL)


def _purse(scene: Scene) -> tuple[int, int]:
    return (scene.fork.read("PaymentToken", "balanceOf", scene.thief),
            scene.fork.read("StableAsset", "balanceOf", scene.thief))  # fmt: skip


def _covered(scene: Scene) -> tuple[bool, str]:
    """Say whether the pool holds what it says that it holds."""
    pt, stable, _at = scene.fork.read(POOL, "reserves")
    pool = scene.at(POOL)
    held = (scene.fork.read("PaymentToken", "balanceOf", pool),
            scene.fork.read("StableAsset", "balanceOf", pool))  # fmt: skip
    return held[0] >= pt and held[1] >= stable, f"books {pt}, {stable}; balances {held}"


def edges(scene: Scene) -> None:
    """Swap nothing, everything, a foreign token, to the pool itself, for more than is quoted."""
    _ready(scene)
    coin, pool, me = scene.at("PaymentToken"), scene.at(POOL), scene.thief
    for name, args in (
        ("nothing", (coin, 0, 0, me)), ("everything", (coin, MOST, 0, me)),
        ("a foreign token", (scene.at("FoundationToken"), 1, 0, me)),
        ("to the pool", (coin, THOUSAND, 0, pool)), ("to nobody", (coin, THOUSAND, 0, bytes(20))),
        ("for too much", (coin, THOUSAND, MILLION, me)),
    ):  # fmt: skip
        scene.refused(f"swap {name}", scene.steal(POOL, "swap", *args))
    for name, some in (
        ("nothing", (0, 0, 0, me)), ("everything", (MOST, MOST, 0, me)),
    ):  # fmt: skip
        scene.refused(f"add {name}", scene.steal(POOL, "addLiquidity", *some))
    scene.refused("remove what one has not", scene.steal(POOL, "removeLiquidity", MOST, 0, 0, me))


def swaps_pay_for_themselves(scene: Scene) -> None:
    """Swap there and back in small and large amounts: the pool gains, its books hold."""
    _ready(scene)
    for amount in (1_000_003, THOUSAND, 50 * THOUSAND):
        before, (pt, stable, _at) = _purse(scene), scene.fork.read(POOL, "reserves")
        quoted = scene.fork.read(POOL, "quote", scene.at("PaymentToken"), amount)
        scene.call(scene.thief, POOL, "swap", scene.at("PaymentToken"), amount, 0, scene.thief)
        got = _purse(scene)[1] - before[1]
        scene.holds(f"swap {amount} for more than is quoted", got <= quoted, f"{got} of {quoted}")
        scene.call(scene.thief, POOL, "swap", scene.at("StableAsset"), got, 0, scene.thief)
        after, (pt2, stable2, _at) = _purse(scene), scene.fork.read(POOL, "reserves")
        scene.holds(f"gain by a round trip of {amount}", after[0] < before[0],
                    f"PT {before[0]} before, {after[0]} after")  # fmt: skip
        scene.holds(f"shrink the product by {amount}", pt2 * stable2 >= pt * stable,
                    f"{pt * stable} before, {pt2 * stable2} after")  # fmt: skip
    scene.holds("leave the pool short", *_covered(scene))


def rounding(scene: Scene) -> None:
    """Add and remove odd amounts of liquidity: no share may come to be worth less."""
    _ready(scene)
    worst, detail = True, "no share lost"
    for amount in (1_000_001, 777_777_777, 7 * THOUSAND + 3):
        scene.call(scene.thief, POOL, "addLiquidity", amount, amount, 0, scene.thief)
        held = scene.fork.read(POOL, "balanceOf", scene.thief)
        for part in (held // 3 + 1, held // 7 + 1):
            pt, stable, _at = scene.fork.read(POOL, "reserves")
            supply = scene.fork.read(POOL, "totalSupply")
            scene.call(scene.thief, POOL, "removeLiquidity", part, 0, 0, scene.thief)
            pt2, stable2, _at = scene.fork.read(POOL, "reserves")
            supply2 = scene.fork.read(POOL, "totalSupply")
            if pt2 * supply < pt * supply2 or stable2 * supply < stable * supply2:
                worst, detail = False, f"a share lost in removing {part}"
    scene.holds("gain by rounding", worst, detail)


def brake(scene: Scene) -> None:
    """Trade with a pool that is stopped."""
    _ready(scene)
    scene.as_role("pauser", POOL, "pause")
    me = scene.thief
    done = scene.steal(POOL, "swap", scene.at("PaymentToken"), THOUSAND, 0, me)
    scene.refused("swap while paused", done)
    scene.refused("add while paused",
                  scene.steal(POOL, "addLiquidity", THOUSAND, THOUSAND, 0, me))  # fmt: skip
    scene.refused("release the brake", scene.steal(POOL, "unpause"))
    scene.as_role("unpauser", POOL, "unpause")


def average(scene: Scene) -> None:
    """Move the spot price for one block and see whether the average follows (Iron, 2021)."""
    _ready(scene)
    window = 1800
    scene.fork.wait(2 * window)
    scene.call(scene.thief, POOL, "swap", scene.at("PaymentToken"), 1_000_000, 0, scene.thief)
    scene.fork.wait(window)
    try:
        before = scene.fork.read(POOL, "consult", window)[0]
    except Reverted as error:
        scene.skip("move the average in a block", str(error))
        return
    pt, _stable, _at = scene.fork.read(POOL, "reserves")
    amount = min(pt // 4, _purse(scene)[0])
    scene.call(scene.thief, POOL, "swap", scene.at("PaymentToken"), amount, 0, scene.thief)
    after = scene.fork.read(POOL, "consult", window)[0]
    moved = abs(after - before) * 1_000_000 // before
    scene.holds("move the average in a block", moved < 20_000,
                f"{amount} moved it by {moved} ppm")  # fmt: skip


def fees(scene: Scene) -> None:
    """As a steward, leave the bounds, take too large a step, move twice; bind a fee outside bounds."""
    fee, low, high, step = scene.fork.read("FeeSchedule", "schedule", 0)[:4]
    for name, wanted in (("above the bounds", high + 1), ("too large a step", fee + step + 1)):
        done = scene.fork.act("fee_steward", "FeeSchedule", "adjust", (0, wanted))
        scene.refused(f"fee {name}", done)
    moved = scene.fork.act("fee_steward", "FeeSchedule", "adjust", (0, max(low, fee - 1)))
    if moved.success:
        again = scene.fork.act("fee_steward", "FeeSchedule", "adjust", (0, max(low, fee - 2)))
        scene.refused("move a fee twice at once", again)
    now = scene.fork.read("FeeSchedule", "fee", 0)
    timelock = scene.at("FictraTimelock")
    delay = scene.fork.read("FeeSchedule", "schedule", 0)[4]
    done = scene.fork.call(timelock, "FeeSchedule", "setBounds", (0, now + 10, high, step, delay))
    scene.refused("bounds that leave the fee outside", done)


MARKET: tuple[tuple[str, Attack], ...] = (
    ("edges", edges),
    ("round-trips", swaps_pay_for_themselves),
    ("rounding", rounding),
    ("brake", brake),
    ("average", average),
    ("fees", fees),
)
"""The attacks on pool and fees."""


def _feed(scene: Scene) -> tuple[bytes, tuple[int, ...]]:
    commodity = scene.desk.register.commodities()[0]
    feed = scene.desk.register.feed_id(commodity)
    return feed, scene.fork.read("OracleNetwork", "feedConfig", feed)


def reports(scene: Scene) -> None:
    """Report as a stranger; as a node report beyond the bounds, from tomorrow, from last week."""
    feed, config = _feed(scene)
    now = scene.fork.now
    done = scene.steal("OracleNetwork", "submit", feed, 1, now)
    scene.refused("report as a stranger", done)
    nodes = scene.fork.read("OracleNetwork", "nodes")
    if not nodes:
        scene.skip("report beyond the bounds", "there is no node")
        return
    low, high = config[0], config[1]
    before = scene.fork.read("OracleNetwork", "latest", feed)[0]
    for node in nodes:
        scene.fork.call(node, "OracleNetwork", "submit", (feed, low - 1, scene.fork.now))
    after = scene.fork.read("OracleNetwork", "latest", feed)[0]
    scene.holds("an answer below the lowest", after >= low or after == before,
                f"{before} before, {after} after, lowest {low}")  # fmt: skip
    one = nodes[0]
    for name, answer, at in (
        ("below the bounds", low - 1, 0), ("above the bounds", high + 1, 0),
        ("from tomorrow", low + 1, 86_400), ("from last week", low + 1, -7 * 86_400),
    ):  # fmt: skip
        done = scene.fork.call(one, "OracleNetwork", "submit", (feed, answer, scene.fork.now + at))
        scene.refused(f"report {name}", done)


def attestations(scene: Scene) -> None:
    """Attest as a stranger, twice as a node, and verify by one node alone."""
    document = scene.hash(b"a ship that never was")
    scene.refused("attest as a stranger", scene.steal("OracleNetwork", "attest", document, 1000))
    nodes = scene.fork.read("OracleNetwork", "nodes")
    if not nodes:
        scene.skip("attest twice", "there is no node")
        return
    scene.call(nodes[0], "OracleNetwork", "attest", document, 1000)
    again = scene.fork.call(nodes[0], "OracleNetwork", "attest", (document, 1000))
    scene.refused("attest twice", again)
    quorum = scene.fork.read("OracleNetwork", "attestationQuorum")
    verified = scene.fork.read("OracleNetwork", "verified", document)[0]
    scene.holds("verify alone", not verified or quorum == 1, f"verified is {verified} by one")


def stakes(scene: Scene) -> None:
    """Slash a node: what the books owe afterwards is what is there."""
    nodes = scene.fork.read("OracleNetwork", "nodes")
    if not nodes:
        scene.skip("slash and keep", "there is no node")
        return
    scene.fund(scene.thief, pt=MILLION)
    scene.approve(scene.thief, "PaymentToken", "OracleNetwork")
    scene.call(scene.thief, "OracleNetwork", "stake", nodes[0], 100 * THOUSAND)
    scene.refused("withdraw at once", scene.fork.call(nodes[0], "OracleNetwork", "withdraw", ()))
    scene.refused("slash without a role",
                  scene.steal("OracleNetwork", "slash", nodes[0], bytes(32)))  # fmt: skip
    scene.as_role("arbiter", "OracleNetwork", "slash", nodes[0], scene.hash(b"a lie"))
    parts = scene.fork.read("OracleNetwork", "accounted")
    held = scene.fork.read("PaymentToken", "balanceOf", scene.at("OracleNetwork"))
    owed = parts[0] + parts[1] + parts[2]
    scene.holds("slash and keep", owed <= held, f"owed {owed}, held {held}")


ORACLE: tuple[tuple[str, Attack], ...] = (
    ("reports", reports),
    ("attestations", attestations),
    ("stakes", stakes),
)
"""The attacks on the oracle."""
