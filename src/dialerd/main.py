"""Owns the composition: configuration, log, store, dialer, Asterisk, control socket, signals, exit status.

The only module that imports every part. Read `run` from top to bottom: it is the daemon's life.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import itertools
import logging
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version as package_version
from pathlib import Path

import click

from dialerd.asterisk.node import AsteriskNode
from dialerd.asterisk.settings import NodeSettings
from dialerd.audio.folder import SoundFolder
from dialerd.audio.shelf import SoundShelf
from dialerd.config import DEFAULT_CONFIG, ConfigInvalid, DetectorSettings, Settings, load
from dialerd.control.edge import control_server
from dialerd.control.metrics import Registry
from dialerd.control.protocol import PROTOCOL_VERSION, ExitCode
from dialerd.core.dialer import Dialer
from dialerd.core.dispositions import definitions
from dialerd.core.errors import DialerError, Invalid, Unavailable
from dialerd.core.machine_messages import GreetingEnded
from dialerd.core.moment import Moment
from dialerd.core.rule_set import RuleSet
from dialerd.core.settings import DialerSettings, Trunk
from dialerd.core.sounds import Sounds, SoundsChanged
from dialerd.detector.process import Detector
from dialerd.engine import Engine
from dialerd.identity import LiveIdentity
from dialerd.logs import set_up
from dialerd.rule_files import load_rule_sets
from dialerd.service_manager import ServiceManager
from dialerd.simulated import SimulatedOptions, simulated_pbx
from dialerd.store import Store
from dialerd.telemetry import Telemetry, Timings

log = logging.getLogger("dialerd")
VERSION = package_version("dialerd")
MOST_DESCRIPTORS = 16_384
SWITCH_INTERVAL_S = 0.001
"""How long a busy thread may keep the interpreter from another. The writer gives it away at each statement, and every
verdict waits for the writer: Python's own 5 ms each time would be what a person waits (benchmarks/call_path.py)."""


def live_clock() -> Moment:
    """Now, on both clocks. The monotonic one is the event loop's."""
    return Moment(datetime.now(UTC), time.monotonic())


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, message="dialerd %(version)s")
@click.option("--config", "config", default=DEFAULT_CONFIG, show_default=True, help="Configuration file (TOML).")
@click.option("--simulated-pbx", is_flag=True, help="Dial a simulated telephone world instead of Asterisk.")
@click.option("--speed", default=1.0, show_default=True, help="Simulated seconds per second.")
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same telephone world.")
@click.option("--scenario", type=click.Path(path_type=Path), help="What the simulated world is like (TOML).")
@click.option("--truth", type=click.Path(path_type=Path), help="Write what the simulated far ends saw (JSON lines).")
def main(config: str, simulated_pbx: bool, speed: float, seed: int, scenario: Path | None, truth: Path | None) -> None:
    """The outbound dialer's daemon. Controlled by dialerctl; started by systemd (systemd/dialerd.service).

    Try it without an Asterisk: make demo.
    """
    simulated = SimulatedOptions(speed=speed, seed=seed, scenario=scenario, truth=truth) if simulated_pbx else None
    try:
        settings = load(config, environ=os.environ)
        rule_sets = load_rule_sets(datetime.now(UTC).date(), Path(settings.dialerd.rules_dir))
    except (ConfigInvalid, Invalid) as error:
        print(error, file=sys.stderr)
        sys.exit(ExitCode.CONFIG)
    _allow_descriptors()
    os.umask(0o027)  # records hold telephone numbers: nothing for everybody's eyes (as UMask= in the unit)
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    set_up(settings.dialerd.log_level, mask_numbers=settings.dialerd.mask_numbers, environ=os.environ)
    try:
        asyncio.run(run(settings, rule_sets, simulated))
    except DialerError as error:
        log.error("%s", error)
        sys.exit(ExitCode.TEMPORARY if isinstance(error, Unavailable) else ExitCode.FAILED)
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)


async def run(settings: Settings, rule_sets: Mapping[str, RuleSet], simulated: SimulatedOptions | None = None) -> None:
    """Run the daemon until SIGTERM or SIGINT; raise a DialerError when it cannot start."""
    stop, manager = _stop_signals(), ServiceManager(os.environ)
    async with contextlib.AsyncExitStack() as stack:
        if simulated is not None:
            settings = await stack.enter_async_context(simulated_pbx(settings, simulated))

        # 1. the store: schema up to date, claims of a dead run given back
        engine_of: list[Engine] = []
        store = Store(settings.store.url, post=lambda event: engine_of[0].post_threadsafe(event), rule_sets=rule_sets)
        await asyncio.to_thread(store.open)
        stack.push_async_callback(asyncio.to_thread, store.close)
        before = await asyncio.to_thread(store.load_restart_state)
        for problem in before.problems:
            log.error("%s", problem)

        # 2. the dialer, and the shell around it
        shelf = await _sounds(settings, engine_of)
        dialer = Dialer(
            _dialer_settings(settings, shelf.sounds),
            LiveIdentity(before.next_attempt_id),
            dispositions=definitions(tuple(d for d in before.dispositions if not d.is_system)),
        )
        detector = _detector(settings.detector, engine_of)
        nodes = _nodes(settings, engine_of, lambda: _ears(settings.detector, detector))
        started_at = datetime.now(UTC)
        metrics = Registry()
        timings = Timings(metrics)
        engine = Engine(
            dialer,
            store=store,
            nodes=nodes,
            clock=live_clock,
            tick_s=settings.dialerd.tick_s,
            on_tick=manager.alive,
            handled=timings.handled,
            tick_late=timings.tick_late,
            listen_for_end=lambda command: (
                detector.wait_for(command.attempt_id, command.token, longest_s=command.longest_s) if detector else None
            ),
            about={"version": VERSION, "protocol": PROTOCOL_VERSION, "started_at": started_at},
        )
        engine_of.append(engine)
        engine.carry_out(dialer.restore(before.restored(), live_clock()))
        await engine.start()
        stack.push_async_callback(engine.stop)

        # 3. the detector, Asterisk and the control socket
        if detector is not None:
            await detector.start()
            stack.push_async_callback(detector.stop)
        for node in nodes.values():
            await node.start()
            stack.push_async_callback(node.stop)
        control = control_server(
            settings,
            store.records,
            engine,
            shelf,
            version=VERSION,
            now=lambda: datetime.now(UTC),
            pause=asyncio.sleep,
            metrics=metrics,
        )
        await control.start()
        stack.push_async_callback(control.stop)

        looking = asyncio.create_task(shelf.watch(), name="sounds")
        stack.callback(looking.cancel)
        if settings.metrics.textfile:
            telemetry = Telemetry(metrics, engine)
            writing = asyncio.create_task(
                telemetry.write(Path(settings.metrics.textfile), settings.metrics.interval_s), name="metrics"
            )
            stack.callback(writing.cancel)

        # 4. ready; work until told to stop. What is there now stays: a full collection of garbage that walks over it
        # again and again would hold up a claim or a verdict for 25 to 50 ms each time (benchmarks/leads.py)
        gc.collect()
        gc.freeze()
        manager.ready("running")
        log.info("dialerd %s is ready: control socket %s", VERSION, settings.control.socket)
        await stop.wait()

        # 5. no new calls; nobody who answers is left in silence; calls that talk stay with Asterisk
        manager.stopping("ending calls nobody has answered")
        log.info(
            "stopping: no new calls, waiting for people who have answered (at most %g s)",
            settings.dialerd.drain_timeout_s,
        )
        await engine.shut_down(settings.dialerd.drain_timeout_s)
    log.info("stopped")


def _allow_descriptors() -> None:
    """As many open files as the system lets us have: silent connections must not keep the store from its file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, MOST_DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):  # systemd's unit says the same, and may forbid it here
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _stop_signals() -> asyncio.Event:
    """An event that the first SIGTERM or SIGINT sets; the second ends the process at once."""
    stop = asyncio.Event()

    def told() -> None:
        if stop.is_set():
            log.warning("told to stop twice: leaving at once")
            os._exit(ExitCode.FAILED)
        stop.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told)
    return stop


async def _sounds(settings: Settings, engine_of: list[Engine]) -> SoundShelf:
    """The voice files, looked at once: what is wrong with the folder is told, and nothing in it is relied on."""
    shelf = SoundShelf(
        SoundFolder(Path(settings.audio.folder)),
        settings.audio.prefix,
        lambda sounds: engine_of[0].post(SoundsChanged(sounds=sounds)) if engine_of else None,
    )
    try:
        await shelf.look()
    except DialerError as error:
        log.error("%s", error)
    return shelf


def _dialer_settings(settings: Settings, sounds: Sounds) -> DialerSettings:
    default_node = settings.asterisk[0].name
    trunks = {
        trunk.name: Trunk(
            name=trunk.name,
            node=trunk.node or default_node,
            max_channels=trunk.max_channels,
            calls_per_second=trunk.calls_per_second,
            caller_ids=frozenset(trunk.caller_ids),
        )
        for trunk in settings.trunks
    }
    return DialerSettings(
        trunks=trunks,
        nodes=tuple(node.name for node in settings.asterisk),
        calls_per_second=settings.dialerd.calls_per_second,
        agent_ring_timeout_s=settings.asterisk[0].agent_ring_timeout_s,
        recording_folder=settings.recording.folder,
        sounds=sounds,
        default_node=default_node,
    )


def _detector(settings: DetectorSettings, engine_of: list[Engine]) -> Detector | None:
    """The process that hears the ends of greetings, if it is wanted."""
    if not settings.enabled:
        return None
    host, _, port = settings.listen.rpartition(":")
    return Detector(
        host.strip("[]"),
        int(port),
        lambda heard: engine_of[0].post(GreetingEnded(attempt_id=heard.attempt, cue=heard.cue)),
    )


def _ears(settings: DetectorSettings, detector: Detector | None) -> str:
    """Where Asterisk may send a call's sound to now; empty while nobody listens."""
    if detector is None or not detector.port:
        return ""
    if settings.address.endswith(":0"):
        return f"{settings.listen.rpartition(':')[0]}:{detector.port}"
    return settings.address


def _nodes(settings: Settings, engine_of: list[Engine], ears: Callable[[], str]) -> dict[str, AsteriskNode]:
    """One AsteriskNode for each [[asterisk]]; they share the numbering of verdict requests."""
    request_ids = itertools.count(1)
    nodes = {}
    for entry in settings.asterisk:
        host, _, port = entry.agi_listen.rpartition(":")
        nodes[entry.name] = AsteriskNode(
            NodeSettings(
                name=entry.name,
                host=entry.host,
                port=entry.port,
                username=entry.username,
                secret=entry.secret,
                agi=entry.agi,
                agi_listen_host=host.strip("[]"),
                agi_listen_port=int(port),
                agi_url=entry.agi_url if int(port) else "",
                agi_script=entry.agi_script,
                # only the stand-alone script uses it: FastAGI needs neither the socket nor Asterisk's group here
                verdict_socket=Path(entry.verdict_socket) if entry.agi == "script" else None,
                verdict_socket_group=entry.verdict_group,
                action_timeout_s=entry.reply_timeout_s,
                ping_interval_s=entry.ping_interval_s,
                ping_timeout_s=2 * entry.ping_interval_s,
            ),
            {t.name: t.dial_string for t in settings.trunks if (t.node or settings.asterisk[0].name) == entry.name},
            lambda event: engine_of[0].post(event),
            request_ids=request_ids,
            ears=ears,
        )
    return nodes


if __name__ == "__main__":
    main()
