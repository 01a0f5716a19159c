"""Owns the command line of the simulated PBX: python -m dialerd.simulation.pbx. Knows nothing of calls."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys
from pathlib import Path

from dialerd.core.errors import DialerError
from dialerd.simulation.pbx.server import SimulatedPbx
from dialerd.simulation.scenario import Scenario, load_scenario


def main(arguments: list[str] | None = None) -> int:
    """Run until SIGINT or SIGTERM; return the exit code (0, 1: port taken, 2: bad arguments or scenario)."""
    parser = argparse.ArgumentParser(prog="python -m dialerd.simulation.pbx", description=main.__doc__)
    parser.add_argument("--ami-port", type=int, default=5038, help="TCP port on 127.0.0.1; 0: any (default 5038)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same telephone world")
    parser.add_argument("--speed", type=float, default=1.0, help="simulated seconds per second (default 1)")
    parser.add_argument("--scenario", type=Path, help="TOML file; without it the ordinary world")
    parser.add_argument("--username", default="dialerd")
    parser.add_argument("--secret", default="simulated")
    parser.add_argument("--truth", type=Path, help="write what really happened, one JSON line per ended call")
    chosen = parser.parse_args(arguments)
    try:
        scenario = load_scenario(chosen.scenario) if chosen.scenario else Scenario()
        return asyncio.run(_serve(chosen, scenario))
    except (DialerError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"cannot start: {error}", file=sys.stderr)
        return 1


async def _serve(chosen: argparse.Namespace, scenario: Scenario) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with contextlib.ExitStack() as files:
        # Opened once before the first call: nothing waits for it.
        sink = files.enter_context(chosen.truth.open("a")) if chosen.truth else None
        pbx = SimulatedPbx(
            scenario=scenario,
            seed=chosen.seed,
            speed=chosen.speed,
            ami_port=chosen.ami_port,
            username=chosen.username,
            secret=chosen.secret,
            truth_sink=sink,
        )
        await pbx.start()
        print(f"simulated PBX: AMI on 127.0.0.1:{pbx.ami_port}, seed {chosen.seed}, speed {chosen.speed:g}", flush=True)
        await stop.wait()
        await pbx.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
