"""The counterpart of one exchange: REST answers over a venue of the market, and our account there.

The matching is the market's `Venue`; here stand what an exchange adds to it: the pair's metadata,
our key, withdrawals, a sandbox, a changelog, an index of its own, and a status page that somebody
writes by hand. The public part needs no key. Troubles take hold of it by the methods at the end.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping
from typing import Any

from twin.clock import Clock
from twin.desk.exchange_answers import shown
from twin.errors import NoData
from twin.market.dealt import Published
from twin.market.venue import Venue
from twin.random import Streams
from twin.scenario.services_exchanges import ExchangeSpec

__all__ = ["ACCOUNT", "Exchange", "Withdrawal"]

ACCOUNT = "fictra-ops"
"""Our own account at every venue, and the name of its key."""

COMPONENTS = ("trading", "market-data", "deposits", "withdrawals", "api")
PRIVATE = ("balances", "key", "orders")
"""Endpoints that need a valid key."""

BOOK_LEVELS = 20
PPM = 1_000_000


class Withdrawal:
    """A withdrawal of ours that takes *latency* seconds once the venue works on it."""

    __slots__ = ("done", "latency", "sent")

    def __init__(self, sent: int, latency: int, done: int | None) -> None:
        """Keep the three."""
        self.sent, self.latency, self.done = sent, latency, done


class Exchange:
    """The exchange around *venue*, as *spec* has it; *prices* gives the middles of all venues."""

    def __init__(
        self,
        venue: Venue,
        spec: ExchangeSpec,
        *,
        clock: Clock,
        streams: Streams,
        prices: Callable[[], Mapping[str, int]],
    ) -> None:
        """Open our account there."""
        self.venue, self.spec, self._clock, self._prices = venue, spec, clock, prices
        self._chance = streams.stream("exchange", venue.name)
        self._pair: dict[str, Any] = {}
        self._broken: tuple[str, str] | None = None
        self._expires = clock.start + spec.key_lifetime
        self._claims: dict[str, str] = {}
        self._releases: list[dict[str, Any]] = [
            {"version": spec.api, "published": clock.start - 90 * 86_400,
             "effective": clock.start - 60 * 86_400, "breaking": False,
             "text": f"API {spec.api} is the current version"},
        ]  # fmt: skip
        self._own_index = False
        self._halted = False
        self.agreed_fee = venue.fee
        self._shown: tuple[object, int] = (None, 0)
        self.withdrawals: list[Withdrawal] = []
        self._endpoints: dict[str, Callable[[], dict[str, Any]]] = {
            "time": self._get_time, "pair": self._get_pair, "book": self._get_book,
            "trades": self._get_trades, "status": self._get_status, "key": self._get_key,
            "balances": self._get_balances, "index": self._get_index,
            "changelog": self._get_changelog,
        }  # fmt: skip
        venue.deposit(ACCOUNT, spec.balance_pt, spec.balance_stable)

    # -- what it answers -------------------------------------------------------------------------

    def answer(
        self, endpoint: str, *, sandbox: bool = False, since: int = 0
    ) -> Mapping[str, Any]:  # fmt: skip
        """Return the JSON of GET /*endpoint*. Raises NoData while down, or for a refused key.

        /trades begins at unix second *since*.
        """
        made = self._endpoints.get(endpoint)
        name = f"{self.venue.name}{' sandbox' if sandbox else ''}"
        if made is None:
            raise NoData(f"{name}: 404 /{endpoint}")
        if endpoint != "status" and not self.venue.up:
            raise NoData(f"{name} does not answer")
        if endpoint in PRIVATE:
            self._authorise()
        raw = self._get_trades(since) if endpoint == "trades" else made()
        if self._broken is not None and self._broken[0] == endpoint:
            return broken(raw, self._broken[1], f"{name}: 404 /{endpoint}")
        return raw

    def _authorise(self) -> None:
        if self._clock.now >= self._expires:
            raise NoData(f"{self.venue.name}: 401 the key {ACCOUNT} expired")

    def _get_time(self) -> dict[str, Any]:
        return {"time": self._clock.now}

    def _get_pair(self) -> dict[str, Any]:
        spec = self.spec
        base: dict[str, Any] = {
            "symbol": spec.symbol, "api": spec.api, "status": "trading", "tick": shown(spec.tick),
            "lot": shown(spec.lot), "taker_fee": shown(self.venue.fee),
            "base_decimals": spec.decimals, "delist_at": None,
            "bands": {"low": shown(spec.band_low), "high": shown(spec.band_high)},
        }  # fmt: skip
        return base | self._pair

    def _get_book(self) -> dict[str, Any]:
        published = self.venue.published()
        return {
            "symbol": self._get_pair()["symbol"],
            "time": self._clock.now,
            "sequence": self._sequence(published),
            "bids": [[shown(p), shown(q)] for p, q in published.bids[:BOOK_LEVELS]],
            "asks": [[shown(p), shown(q)] for p, q in published.asks[:BOOK_LEVELS]],
        }

    def _sequence(self, published: Published) -> int:
        """Count the changes of the book that were ever shown."""
        levels = (published.bids, published.asks)
        before, count = self._shown
        if levels != before:
            self._shown = (levels, count + 1)
        return self._shown[1]

    def _get_trades(self, since: int = 0) -> dict[str, Any]:
        trades = self.venue.trades()
        first = bisect_left(trades, since, key=lambda item: item[0])
        return {
            "trades": [
                {"time": at, "side": side, "price": shown(price), "quantity": shown(quantity)}
                for at, side, price, quantity in trades[first:]
            ]
        }

    def _get_status(self) -> dict[str, Any]:
        state = "operational" if self.venue.up else "major outage"
        components = dict.fromkeys(COMPONENTS, state) | self._claims
        return {"components": components, "updated": self._clock.now}

    def _get_key(self) -> dict[str, Any]:
        return {"key": ACCOUNT, "scopes": list(self.spec.scopes), "expires": self._expires}

    def _get_balances(self) -> dict[str, Any]:
        pt, stable = self.venue.balance(ACCOUNT)
        return {
            "PT": {"free": shown(pt), "locked": shown(0)},
            "USD": {"free": shown(stable), "locked": shown(0)},
        }

    def _get_index(self) -> dict[str, Any]:
        """Weigh the middles of all venues alike; or, where it went wrong, take its own alone."""
        prices = dict(self._prices())
        if self._own_index or not prices:
            prices = {self.venue.name: self.venue.mid}
        share, rest = divmod(PPM, len(prices))
        weights = {name: share + (rest if number == 0 else 0) for number, name in enumerate(prices)}
        total = 0
        for name, price in prices.items():
            total += weights[name] * price
        parts = [
            {"venue": name, "weight": shown(weights[name]), "price": shown(price)}
            for name, price in prices.items()
        ]
        return {"value": shown(total // PPM), "time": self._clock.now, "components": parts}

    def _get_changelog(self) -> dict[str, Any]:
        return {"releases": list(self._releases)}

    # -- what our account does -------------------------------------------------------------------

    def probe_order(self) -> tuple[bool, bool, int, str]:
        """Place an order far below the market and take it back: (ok, seen, round trip ms, error).

        *seen* says whether the public book showed the price in between.
        """
        normal = float(self._chance.standard_normal())
        rtt = max(1, round(self.spec.latency_ms * (1 + 0.2 * normal)))
        try:
            self._authorise()
            price = max(1, self.spec.band_low + self.spec.tick)
            placed = self.venue.rest(ACCOUNT, "buy", self.spec.lot, price)
            if placed.id is None:
                return False, False, rtt, "the order did not stand"
            seen = any(level == price for level, _ in self.venue.published().bids)
            self.venue.cancel(ACCOUNT, placed.id)
        except NoData as error:
            return False, False, rtt, str(error)
        return True, seen, rtt, ""

    def withdraw(self) -> str:
        """Ask for a small withdrawal to our own address; return "" or why it was refused."""
        draw = float(self._chance.standard_exponential())
        latency = max(1, round(self.spec.withdrawal * (0.5 + 0.5 * draw)))
        if not self.venue.up:
            return f"{self.venue.name} does not answer"
        try:
            self._authorise()
        except NoData as error:
            return str(error)
        now = self._clock.now
        done = None if self._halted else now + latency
        self.withdrawals.append(Withdrawal(now, latency, done))
        return ""

    def sandbox_order(self) -> str:
        """Place, find and cancel an order in the sandbox, which runs the same version."""
        try:
            self._authorise()
            for endpoint in ("pair", "book"):
                self.answer(endpoint, sandbox=True)
        except NoData as error:
            return str(error)
        return "the order was not found" if self._broken and self._broken[0] == "orders" else ""

    # -- troubles: the injector's alone ----------------------------------------------------------

    def halt_withdrawals(self, *, admitted: bool) -> None:
        """Let withdrawals wait; the status page says so only where it is *admitted*."""
        self._halted = True
        now = self._clock.now
        for item in self.withdrawals:
            if item.done is not None and item.done > now:
                item.done = None
        if admitted:
            self._claims["withdrawals"] = "suspended"

    def resume_withdrawals(self) -> None:
        """Work on what waits, from now on."""
        self._halted = False
        self._claims.pop("withdrawals", None)
        for item in self.withdrawals:
            if item.done is None:
                item.done = self._clock.now + item.latency

    def break_api(self, endpoint: str, how: str) -> None:
        """Let *endpoint* answer in another shape: see `broken`."""
        self._broken = (endpoint, how)

    def mend_api(self) -> None:
        """Let every endpoint answer as it did."""
        self._broken = None

    def release(self, version: str, *, in_seconds: int, breaking: bool, text: str) -> None:
        """Announce *version* in the changelog, in force after *in_seconds*."""
        now = self._clock.now
        self._releases.append(
            {"version": version, "published": now, "effective": now + in_seconds,
             "breaking": breaking, "text": text}
        )  # fmt: skip

    def expire_key(self, at: int) -> None:
        """Let our key expire at unix second *at*."""
        self._expires = at

    def renew_key(self) -> None:
        """Give the key its whole lifetime anew."""
        self._expires = self._clock.now + self.spec.key_lifetime

    def change_pair(self, **changes: Any) -> None:
        """Answer /pair with *changes*; none of them restores what was."""
        self._pair = changes

    def index_by_own_book(self, *, own: bool) -> None:
        """Compute the index of the own book alone, or of all venues again."""
        self._own_index = own


def broken(raw: dict[str, Any], how: str, missing: str) -> dict[str, Any]:
    """Return *raw* as a new version sends it: a field *renamed*, amounts *retyped*, or *gone*."""
    if how == "gone":
        raise NoData(missing)
    if how == "renamed":
        name = next(iter(raw))
        return {f"{name}_v2" if key == name else key: value for key, value in raw.items()}
    retyped: dict[str, Any] = _retyped(raw)
    return retyped


def _retyped(value: Any) -> Any:
    """Turn decimal text into whole numbers of 1e-8, as a version with other units does."""
    if isinstance(value, dict):
        return {key: _retyped(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_retyped(item) for item in value]
    if isinstance(value, str) and value.replace(".", "", 1).isdigit():
        whole, _, part = value.partition(".")
        return int(whole + part.ljust(8, "0"))
    return value
