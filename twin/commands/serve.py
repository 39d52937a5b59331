"""`twin serve`: JSON-RPC for outside tools, over a chain alone or over a world at a pace."""

from __future__ import annotations

import argparse
import json
import math
import os
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twin.chain.chain import Chain
from twin.chain.config import ChainConfig
from twin.chain.engines import best, make_engine
from twin.chain.rpc import BareChain, DevAccount, Rpc
from twin.clock import Clock
from twin.commands.screen import as_json, console
from twin.errors import UnknownName, UsageError
from twin.protocol.deployment import Deployment, DeploymentSpec, deploy
from twin.protocol.parameters import Endowment
from twin.protocol.roles import account_of, key_of

__all__ = ["Served", "bare_chain", "described", "main", "signers", "write_private"]

SCHEMA_VERSION = 1
BARE_START = 1_767_225_600
"""Block 0 of a bare chain: 2026-01-01 00:00:00 UTC."""

CHAIN_ID = 31_337  # what local chains use
_WINDOW = 256
_DEV = 10
_NODES = 7
_WEI = 10_000 * 10**18
_UNITS = 1_000_000 * 10**6  # of PT and of stable, for each dev account


@dataclass(frozen=True, slots=True)
class Served:
    """What is served: *world* is None for a bare chain."""

    chain: Chain
    clock: Clock
    deployment: Deployment
    accounts: tuple[DevAccount, ...]
    world: Any = None


def main(arguments: argparse.Namespace) -> int:
    """Serve until interrupted; 0 after a clean end."""
    if arguments.bare == (arguments.scenario is not None):
        raise UsageError("twin serve takes a scenario, or --bare for a chain without a world")
    speed = speed_of(arguments.speed)
    try:
        from twin.console import server
    except ImportError as missing:
        raise UsageError(
            f"twin serve needs {missing.name}: install the extra, pip install 'fictra-twin[rpc]'"
        ) from None
    bound = server.listen(arguments.port)
    try:
        served = bare_chain(arguments.engine or best()) if arguments.bare else _world(arguments)
        port = bound.getsockname()[1]
        token = secrets.token_urlsafe(24)
        body = described(served, port=port, token=token, speed=speed)
        if arguments.config_out is not None:
            write_private(arguments.config_out, json.dumps(body, indent=2) + "\n")
    except BaseException:
        bound.close()
        raise
    rpc = Rpc(
        served.chain, served.clock, accounts=served.accounts, bare=arguments.bare, token=token,
        on_crash=server.report,
    )  # fmt: skip
    hub = server.Hub(rpc, metrics=None if served.world is None else measured(served.world))
    _announce(body, as_document=arguments.json)
    background = None
    if served.world is not None:
        from twin.console.pace import Pace

        world = served.world
        background = Pace(
            world.run, start=world.clock.now, end=world.scenario.end, speed=speed,
            step=served.chain.config.block_interval, after=hub.push,
        ).live  # fmt: skip
    guard = server.Guard(port, origins=arguments.allow_origin)
    beside = _beside(served, guard) if served.world is not None else ()
    server.serve(hub, bound, guard=guard, background=background, beside=beside)
    return 0


def _beside(served: Served, guard: Any) -> Any:
    """Return the routes of the desk's feeds over a world."""
    import contextlib

    from twin.console.feeds import Feeds
    from twin.console.routes import Beside

    desk = served.world.desk
    return Beside(desk, Feeds(desk, served.deployment), contextlib.nullcontext(), guard).routes()


def speed_of(text: str) -> float:
    """Return the virtual seconds a second that *text*, a number or `max`, stands for."""
    if text == "max":
        return math.inf
    try:
        speed = float(text)
    except ValueError:
        speed = math.nan
    if not 0 < speed < math.inf:
        raise UsageError(f"--speed {text}: virtual seconds a second, above 0, or max")
    return speed


# -- what is served


def bare_chain(engine: str = "pyevm") -> Served:
    """Return a chain without a world: the contracts at genesis, dev accounts with money."""
    names = [f"dev-{number}" for number in range(1, _DEV + 1)]
    nodes = {f"node-{n}": account_of(f"node-{n}") for n in range(1, _NODES + 1)}
    rich = Endowment(pt=_UNITS, stable=_UNITS, wei=_WEI)
    balances = {account_of(name): rich for name in names}
    balances |= dict.fromkeys(nodes.values(), Endowment(wei=_WEI))
    spec = DeploymentSpec(nodes=nodes, sovereigns={"dev-1": account_of("dev-1")}, balances=balances)
    clock = Clock(BARE_START)
    config = ChainConfig(chain_id=CHAIN_ID, coinbase=account_of("coinbase"), reorg_window=_WINDOW)
    chain = BareChain(make_engine(engine, chain_id=CHAIN_ID), config, clock)
    deployment = deploy(chain, spec)
    return Served(chain, clock, deployment, signers(names, deployment))


def _world(arguments: argparse.Namespace) -> Served:
    """Return the world of a scenario, at its start."""
    from twin.desk.records import Records
    from twin.events import EventLog
    from twin.library import Library, find
    from twin.world import World

    library = Library(agents=arguments.agents, engine=arguments.engine)
    paths = find([arguments.scenario])
    if len(paths) != 1:
        raise UsageError(f"{arguments.scenario} holds {len(paths)} scenarios; serve takes one")
    scenario = library.load(paths[0])
    if arguments.seed is not None:
        scenario = scenario.with_seed(arguments.seed)
    world = World(scenario, library.parts, log=EventLog(), records=Records())
    accounts = signers(world.agents, world.deployment)
    return Served(world.chain, world.clock, world.deployment, accounts, world)


def signers(first: Iterable[str], deployment: Deployment) -> tuple[DevAccount, ...]:
    """Return the accounts of *first* and of all names of *deployment* whose keys are the twin's."""
    names = [
        *first, *deployment.roles, *deployment.accounts, *deployment.nodes,
        *deployment.sovereigns,
    ]  # fmt: skip
    found = []
    for name in dict.fromkeys(names):
        address = account_of(name)
        try:
            known = deployment.address(name)
        except UnknownName:
            known = address
        if known == address:
            found.append(DevAccount(name, address, key_of(name)))
    return tuple(found)


def measured(world: Any) -> Callable[[str], tuple[str, str]]:
    """Return what answers an Accept header with the present metrics of *world*."""
    from twin.monitoring.openmetrics import exposition, wanted

    def answer(accept: str) -> tuple[str, str]:
        media = wanted(accept)
        monitor = world.monitor
        now = world.clock.now
        return media, exposition(monitor.store, monitor.registry.metrics, now, media=media)

    return answer


# -- what is told


def described(served: Served, *, port: int, token: str, speed: float) -> dict[str, Any]:
    """Return what a client needs to know, as `--config-out` writes it."""
    deployment, chain = served.deployment, served.chain
    body: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "rpc_url": f"http://127.0.0.1:{port}",
        "ws_url": f"ws://127.0.0.1:{port}",
        "token": token,
        "chain_id": chain.config.chain_id,
        "engine": chain.engine.name,
        "bare": served.world is None,
        "accounts": [
            {"label": a.label, "address": _hex(a.address), "private_key": _hex(a.key)}
            for a in served.accounts
        ],
        "contracts": {name: _hex(c.address) for name, c in deployment.contracts.items()},
        "feeds": {name: _hex(feed) for name, feed in deployment.feeds.items()},
    }
    if served.world is not None:
        name = served.world.scenario.name
        body |= {"scenario": name, "speed": "max" if math.isinf(speed) else speed}
        body["metrics_url"] = f"http://127.0.0.1:{port}/metrics"
    return body


def _plain(speed: float | str) -> str:
    return speed if isinstance(speed, str) else f"{speed:g}"


def _hex(data: bytes) -> str:
    return "0x" + data.hex()


def write_private(path: Path, text: str) -> None:
    """Write *text* to *path* for its owner alone, whole or not at all: it holds the token."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _announce(body: Mapping[str, Any], *, as_document: bool) -> None:
    """Print the banner, or the document."""
    if as_document:
        as_json(body)
        return
    screen = console()
    what = (
        "a bare chain" if body["bare"] else f"{body['scenario']} at speed {_plain(body['speed'])}"
    )
    lines = [
        f"twin serve: {what}, chain {body['chain_id']}, engine {body['engine']}",
        "",
        "accounts (play money: their keys are public)",
        *(f"  {a['label']:<16} {a['address']}  {a['private_key']}" for a in body["accounts"]),
        "",
        "contracts",
        *(f"  {name:<16} {address}" for name, address in body["contracts"].items()),
        "",
        f"HTTP and WebSocket on {body['rpc_url']} and {body['ws_url']}",
        *([f"metrics on {body['metrics_url']}"] if "metrics_url" in body else []),
        f"token of this start: {body['token']}",
        "Ctrl-C ends it.",
    ]
    for line in lines:
        screen.print(line, soft_wrap=True, markup=False)
    screen.file.flush()
