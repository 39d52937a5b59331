"""The world: everything of one run, wired together on one clock.

    scenario -> chain, market, agents <- faults
             -> desk -> monitoring -> dispatcher -> executor -> desk

`World.run(until)` is all there is to do with it afterwards. Wiring order matters twice: checks
are put on the calendar before the monitor, so that a check's result is in the scrape of the same
second; faults are scheduled before agents live, so that what is wrong at second 0 is wrong for
their first look.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from twin.catalog import Catalog
from twin.chain.basefee import Demand as Background
from twin.chain.chain import Chain
from twin.chain.config import ChainConfig
from twin.chain.engines import make_engine
from twin.chain.port import Engine
from twin.clock import Clock
from twin.desk.incidents import IncidentStore
from twin.desk.lab import ChainLab
from twin.desk.node import NodeAccess
from twin.desk.notices import NoticeBoard
from twin.desk.port import Alert
from twin.desk.records import Records
from twin.desk.register import SignedRegister
from twin.desk.sender import TwinSender
from twin.desk.stores import Stores
from twin.desk.twin_side import TwinDesk
from twin.events import AlertChanged, EventLog, InvariantBroken, RunEnded, RunStarted, VenueTraded
from twin.faults.injector import Injector
from twin.faults.port import Machinery, Surfaces
from twin.habitat import Habitat
from twin.market.market import Market
from twin.monitoring.backtest import backtest
from twin.monitoring.monitor import Monitor
from twin.monitoring.notifier import Notifier
from twin.monitoring.registry import Registry
from twin.monitoring.routing import default_routing
from twin.monitoring.rules import Rule, RuleSet
from twin.monitoring.series import SeriesStore
from twin.protocol.deployment import DeploymentSpec, deploy, parameters_of
from twin.protocol.gas import gas_snapshot
from twin.protocol.invariants import Watch
from twin.protocol.parameters import Endowment
from twin.protocol.reader import Reader
from twin.protocol.roles import account_of, role_named
from twin.random import Streams
from twin.recorder import Recorder
from twin.scenario import Scenario
from twin.services.services import Services
from twin.team.authority import Authorities
from twin.team.dispatch import Dispatcher
from twin.team.executor import Executor
from twin.team.policies import Ask, Habit, Policy, policy
from twin.team.roster import Roster

__all__ = ["Parts", "World"]

USERS = ("noise", "holder", "redeemer", "settler", "speculator", "liquidity-provider")
"""The families of agents that are users; the others run machines of their own."""

EXAMINE_EVERY = 3600
"""Seconds between examinations of the invariants."""

CUSTODIAN_GAS = 100 * 10**18
"""Wei that the account of a custodian starts with: it approves what the reserve pulls from it."""
WALLET_WEI = 1000 * 10**18
"""Gas that the wallet of a venue starts with."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a world is made from beside its scenario: loaded once, shared by many runs.

    *check* has the invariants examined at every block with a transaction, instead of every hour.
    *ask* reaches the person who decides under the policy `human`.
    """

    catalog: Catalog
    families: Mapping[str, type[Any]]
    rules: RuleSet
    engine: str = "pyevm"
    check: bool = False
    ask: Ask | None = None


class World:
    """One run of *scenario*, made from *parts*, telling its life to *log* and *records*."""

    def __init__(
        self, scenario: Scenario, parts: Parts, *, log: EventLog, records: Records
    ) -> None:
        """Wire everything; nothing has happened yet but the genesis."""
        self.scenario, self.log = scenario, log
        self.clock = Clock(scenario.start)
        self.streams = Streams(scenario.seed)
        self._injector = Injector(scenario.sealed.faults, log=log)
        self.agents = _populate(scenario, parts.families)
        self.chain = self._make_chain(parts.engine)
        approved = self._approve()
        self.deployment = deploy(self.chain, self._injector.prepare(approved))
        log.emit(scenario.start, RunStarted(
            scenario=scenario.name, seed=scenario.seed, start=scenario.start, end=scenario.end,
        ))  # fmt: skip
        self.market = Market(scenario.market, self.clock, streams=self.streams,
                             start=scenario.start, end=scenario.end, on_trade=self._trade)  # fmt: skip
        self._recorder = Recorder(
            self.clock, self.chain, deployment=self.deployment, labels=self._labels(), log=log
        )
        self.incidents, self.stores, self.notices = IncidentStore(), Stores(), NoticeBoard()
        self.services = Services(
            scenario.services, self.clock, chain=self.chain, deployment=self.deployment,
            market=self.market, streams=self.streams, notices=self.notices, records=records,
            team=scenario.team, users=self._users(), cash=scenario.protocol.reserve.cash,
        )  # fmt: skip
        self.node = NodeAccess()
        self.desk = self._make_desk(approved, parts.engine, records)
        self._make_team(self._catalog(parts.catalog), records, parts.ask)
        self._make_monitor(parts.rules)
        self._settle()
        watched = scenario.invariants or parts.check
        self._watch = Watch(scenario.invariants) if watched else None
        if parts.check:
            self.chain.on_block(lambda _block: self._examine_now())
        if self._watch is not None:
            self.chain.on_reorg(lambda _reorg: self._forget())
        self._reader = Reader(self.chain, self.deployment)
        self.examined = 0
        self.clock.spawn(self._examine())

    # -- making ----------------------------------------------------------------------------------

    def _make_chain(self, engine: str) -> Chain:
        spec, start, end = self.scenario.chain, self.scenario.start, self.scenario.end
        background = tuple(
            Background(
                start=start + item.since,
                end=start + item.until if item.until is not None else end + 1,
                gas=item.gas,
                max_fee=item.max_fee,
                tip=item.tip,
            )
            for item in spec.background
        )
        config = ChainConfig(
            chain_id=spec.chain_id,
            block_interval=spec.block_interval,
            gas_limit=spec.gas_limit,
            base_fee=spec.base_fee,
            coinbase=account_of("coinbase"),
            background=background,
        )
        return Chain(make_engine(engine, chain_id=spec.chain_id), config, self.clock)

    def _approve(self) -> DeploymentSpec:
        """Return what governance approved to be deployed: the scenario's protocol, the agents."""
        balances: dict[bytes, Endowment] = {}
        roles = ("oracle_node", "sovereign", "participant", "trader", "redeemer")
        named: dict[str, dict[str, bytes]] = {role: {} for role in roles}
        for name, agent in self.agents.items():
            account = account_of(name)
            balances[account] = agent.endowment()
            for role in agent.roles:
                named[role][name] = account
        custodians = {name: account_of(name) for name in self.scenario.market.custodians}
        for account in custodians.values():
            balances[account] = Endowment(
                wei=CUSTODIAN_GAS, approvals=(("StableAsset", "Reserve"),)
            )
        balances |= self._wallets()
        return DeploymentSpec.of(
            self.scenario.protocol,
            custodians=custodians,
            nodes=named["oracle_node"],
            sovereigns=named["sovereign"],
            participants=named["participant"],
            traders=named["trader"],
            redeemers=named["redeemer"],
            balances=balances,
        )

    def _users(self) -> dict[str, bytes]:
        """Return the accounts of those who would write to support, by name."""
        return {
            name: account_of(name) for name, agent in self.agents.items() if agent.family in USERS
        }

    def _wallets(self) -> dict[bytes, Endowment]:
        """Return what the venues' wallets on chain hold where agents may withdraw.

        That are the deposits of these agents, the PT that the makers quote, and ten times as much of
        the stable asset: the makers are the outside world, and bring more of that.
        """
        held: dict[bytes, Endowment] = {}
        for agent in self.agents.values():
            for venue, pt, stable in agent.backing():
                spec = self.scenario.market.venues[venue]
                quoted, wallet = spec.depth * spec.levels, account_of(_wallet(venue))
                own = Endowment(pt=quoted, stable=10 * quoted, wei=WALLET_WEI)
                before = held.get(wallet, own)
                held[wallet] = replace(before, pt=before.pt + pt, stable=before.stable + stable)
        return held

    def _labels(self) -> dict[bytes, str]:
        labels = {account_of(name): name for name in self.agents}
        labels |= {account_of(name): name for name in map(_wallet, self.scenario.market.venues)}
        labels |= {grant.account: name for name, grant in self.deployment.roles.items()}
        return labels

    def _make_desk(self, approved: DeploymentSpec, engine: str, records: Records) -> TwinDesk:
        deployment = self.deployment
        parameters: dict[str, Any] = dict(parameters_of(approved))
        parameters["gas.snapshot"] = gas_snapshot()
        parameters["reserve.cash"] = approved.reserve.cash
        for name, feed in approved.feeds.items():
            parameters[f"feed.{name}"] = (
                feed.min_answer, feed.max_answer, feed.heartbeat, feed.deviation, feed.max_age,
                feed.quorum,
            )  # fmt: skip
        parameters |= self.services.iam.approved()
        parameters |= {
            f"access.role.{label}": tuple((grant.account, grant.delay) for grant in grants)
            for label, grants in deployment.holders.items()
        }
        register = SignedRegister(
            parameters=parameters,
            addresses={name: item.address for name, item in deployment.contracts.items()}
            | {**deployment.accounts, **deployment.sovereigns}
            | {name: grant.account for name, grant in deployment.roles.items()},
            feeds=deployment.feeds,
            contracts=deployment.code_hashes,
            holders={
                int(role_named(label)): [grant.account for grant in grants]
                for label, grants in deployment.holders.items()
            },
            nodes=deployment.nodes,
        )
        return TwinDesk(
            self.clock,
            self.chain,
            deployment=deployment,
            market=self.market,
            register=register,
            incidents=self.incidents,
            stores=self.stores,
            lab=ChainLab(
                self.chain,
                deployment,
                _engines(engine, self.chain.config.chain_id),
                judge=backtest,
            ),
            records=records,
            notices=self.notices,
            services=self.services.clients(),
            node=self.node,
        )

    def _catalog(self, whole: Catalog) -> Catalog:
        """Return what of the *whole* catalogue runs in this scenario."""
        only = self.scenario.only
        return whole.without(name for name in whole if name not in only) if only else whole

    def _make_team(self, catalog: Catalog, records: Records, ask: Ask | None) -> None:
        team = self.scenario.team
        self.roster = Roster(team.people, self.clock, log=self.log, streams=self.streams)
        self.executor = Executor(
            self.clock,
            catalog,
            settings=self.scenario.procedures,
            desk=self.desk,
            roster=self.roster,
            authorities=Authorities(team.authorities, self.roster, clock=self.clock),
            policy=self._policy(ask),
            sender=TwinSender(self.clock, self.chain, self.deployment),
            incidents=self.incidents,
            stores=self.stores,
            notices=self.notices,
            records=records,
            log=self.log,
        )
        self.executor.handover = team.handover
        self.roster.use(self.services.oncall)
        self.services.oncall.ring = self.roster.ring
        self.services.oncall.on_shift = lambda name: self.roster[name].on_shift()
        self.dispatcher = Dispatcher(
            self.clock, self.executor, roster=self.roster, incidents=self.incidents
        )
        self.dispatcher.schedule()
        self.services.manual.publish(catalog, self.dispatcher.idle)
        self.services.alert_path.receive = self.dispatcher.notified
        self.executor.runs = self.services.exporters.runs

    def _policy(self, ask: Ask | None) -> Policy:
        """Return who decides; *ask* reaches a person where one does."""
        team = self.scenario.team
        found = policy(team.policy, ask=ask)
        habit = team.habituation
        if habit is None:
            return found
        chance = self.streams.stream("team", "habituation")
        return Habit(found, after=habit.after, window=habit.window, share=habit.share,
                     chance=lambda: float(chance.random()))  # fmt: skip

    def _make_monitor(self, rules: RuleSet) -> None:
        spec = self.scenario.monitoring
        store = SeriesStore()
        self.monitor = Monitor(
            self.clock,
            self.desk,
            registry=Registry(store),
            store=store,
            rules=rules.of(spec),
            interval=spec.scrape_interval,
            on_transition=self._transition,
            exporter=self.services.exporters.state,
        )
        self.unreachable: set[str] = set()
        self.notifier = Notifier(
            self.clock, default_routing(), registry=self.monitor.registry,
            deliver=self.services.alert_path.deliver, unreachable=self.unreachable,
        )  # fmt: skip
        self.desk.wire(self.monitor, self.monitor.board)
        self.executor.on_check = self.monitor.record_check
        self.roster.on_page = self.monitor.count_page
        self.monitor.start()

    def _settle(self) -> None:
        """Let agents move in, faults wait for their time, and everybody live."""
        market = self.market
        self.habitat = Habitat(
            self.clock, self.chain, deployment=self.deployment, venues=market.venues,
            sources=market.sources, paths=market.paths, customs=market.customs,
            demand=market.demand, reports=market.reports, streams=self.streams,
            banks=market.banks, custodians=market.custodians,
        )  # fmt: skip
        self._injector.schedule(
            self.clock,
            Surfaces(
                sources=market.sources,
                demand=market.demand,
                agents=self.agents,
                venues=market.venues,
                banks=market.banks,
                custodians=market.custodians,
                export_feeds=market.export_feeds,
                services=self.services,
                machinery=Machinery(
                    node=self.node,
                    suspended=self.dispatcher.suspended,
                    broken=self.monitor.broken,
                    unreachable=self.unreachable,
                    indices=market.indices,
                ),
                stores=self.stores,
            ),
        )
        for name, agent in self.agents.items():
            for venue, pt, stable in agent.venue_deposits():
                market.venues[venue].deposit(name, pt, stable)
            agent.settle_in(self.habitat)
        market.start()
        self.services.start()
        for agent in self.agents.values():
            self.clock.spawn(agent.live())

    # -- living ----------------------------------------------------------------------------------

    def _trade(self, trade: VenueTraded) -> None:
        self.log.emit(self.clock.now, trade)

    def _transition(
        self, now: int, rule: Rule, labels: Mapping[str, str], old: str, new: str,
        value: float, annotations: Mapping[str, str],
    ) -> None:  # fmt: skip
        """Log an alert that changed, and hand one that began or ceased to fire to the notifier."""
        del old
        self.log.emit(
            now,
            AlertChanged(rule=rule.name, labels=labels, state=new, severity=labels["severity"]),
        )
        if new in {"firing", "resolved"}:
            alert = Alert(rule.name, labels, annotations, new, now, value)
            act = self.notifier.fire if new == "firing" else self.notifier.resolve
            act(alert)

    def _examine(self) -> Any:
        """Examine the declared invariants once an hour, and at the end by `finish`."""
        while True:
            yield self.clock.after(EXAMINE_EVERY)
            self._examine_now()

    def _forget(self) -> None:
        """What the invariants saw on orphaned blocks never happened."""
        if self._watch is not None:
            self._watch.forget()

    def _examine_now(self) -> None:
        if self._watch is None:
            return
        view = self._reader.at()
        for invariant, finding in self._watch.broken(view):
            self.log.emit(
                self.clock.now,
                InvariantBroken(invariant=invariant.name, block=view.block, detail=finding.detail),
            )
        self.examined += 1

    @property
    def scrapes(self) -> range:
        """The unix seconds of all scrapes so far."""
        return range(self.scenario.start, self.clock.now, self.monitor.interval)

    def run(self, until: int) -> None:
        """Run everything due before unix second *until*, at most to the scenario's end."""
        self.clock.run(min(until, self.scenario.end))

    def finish(self, *, partial: bool = False) -> bytes:
        """Examine the invariants a last time, close the log with the state root, return it."""
        if not partial:
            self._examine_now()
        root = self.chain.state_root()
        self.log.emit(
            self.clock.now, RunEnded(state_root=root, head=self.chain.head, partial=partial)
        )
        return root


def _wallet(venue: str) -> str:
    """Return the name of the account on chain of *venue*."""
    return f"venue-{venue}"


def _engines(name: str, chain_id: int) -> Callable[[], Engine]:
    """Return what makes engines for exercises: one engine does where a run has the two."""
    return partial(make_engine, "revm" if name == "both" else name, chain_id=chain_id)


def _populate(scenario: Scenario, families: Mapping[str, type[Any]]) -> dict[str, Any]:
    """Make the agents of *scenario* by name, in declared order, on one Mesa model."""
    if not scenario.agents:
        return {}
    model = next(iter(families.values())).model()
    agents: dict[str, Any] = {}
    for spec in scenario.agents:
        for name in spec.names:
            agents[name] = families[spec.family](model, name=name, params=spec.params)
    return agents
