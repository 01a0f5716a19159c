"""Owns the description of a telephone world: parameters only, and how they are read from a file.

Knows nothing of how a table becomes values (scenario_tables.py), of how calls are drawn (world.py) or of who asks.
"""

# ruff: noqa: RUF009  (a Duration is frozen: one shared default does no harm)

from __future__ import annotations

import dataclasses
import enum
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dialerd.core.errors import Invalid
from dialerd.simulation.durations import Duration, Shape, fixed, lognormal, uniform
from dialerd.simulation.scenario_tables import build

_MAX_BYTES = 1 << 20
_MAX_TOLD = 20  # mistakes of one file


def _check_shares(of: object, *names: str) -> None:
    for name in names:
        if not 0 <= getattr(of, name) <= 1:
            raise ValueError(f"{name}: must be from 0 to 1")


class Outcome(enum.Enum):
    """What the telephone network makes of one dialled number."""

    PERSON = "person"
    MACHINE = "machine"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    CONGESTION = "congestion"
    INVALID = "invalid"
    REJECTED = "rejected"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """Shares (0–1) of all calls; they add up to 1. `invalid` belongs to the number, the others to the attempt."""

    person: float = 0.25
    machine: float = 0.15
    busy: float = 0.10
    no_answer: float = 0.40
    congestion: float = 0.03
    invalid: float = 0.04
    rejected: float = 0.02
    failed: float = 0.01

    def __post_init__(self) -> None:
        """Raise ValueError when the shares are no shares."""
        shares = dataclasses.astuple(self)
        if min(shares) < 0 or abs(sum(shares) - 1) > 1e-6:
            raise ValueError(f"shares must be 0 or more and add up to 1, not {sum(shares):g}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """From `after_s` (seconds since the start) on, persons answer `person_factor` times as often."""

    after_s: float = 0.0
    person_factor: float = 1.0

    def __post_init__(self) -> None:
        """Raise ValueError when the factor is negative."""
        if self.person_factor < 0:
            raise ValueError("person_factor: must be 0 or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Times of the carrier: dialling to ringing, dialling to a refusal, and calls it gives up by itself."""

    post_dial_delay: Duration = lognormal(2.0, 0.5, 0.5, 6.0)
    refusal_delay: Duration = uniform(0.8, 4.0)
    gives_up_share: float = 0.2  # of the calls nobody answers: ended by the far end (SIP 480) before our time-out
    gives_up_after: Duration = uniform(12.0, 25.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Persons who answer."""

    ring: Duration = lognormal(8.0, 0.6, 1.5, 28.0)
    patience: Duration = lognormal(6.0, 0.6, 0.8, 40.0)  # in silence, from the answer
    talk: Duration = lognormal(90.0, 1.0, 3.0, 3600.0)
    ends_call_share: float = 0.6  # else the agent ends the conversation
    listens: Duration = lognormal(14.0, 0.8, 0.5, 60.0)  # to an abandon message
    opt_out_share: float = 0.05  # of those who hear the message to its end


@dataclass(frozen=True, slots=True, kw_only=True)
class Machines:
    """Answering machines."""

    ring: Duration = lognormal(18.0, 0.3, 5.0, 28.0)
    records: Duration = uniform(20.0, 60.0)  # from the answer until the machine hangs up
    greeting: Duration = lognormal(9.0, 0.5, 2.0, 30.0)  # from the answer until greeting and beep are over
    beep_share: float = 0.9  # the others end their greeting without one

    def __post_init__(self) -> None:
        """Raise ValueError when the share is none."""
        _check_shares(self, "beep_share")


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """What AMD() says, as shares of persons and of machines; the rest is NOTSURE."""

    person_human: float = 0.88
    person_machine: float = 0.05
    machine_machine: float = 0.82
    machine_human: float = 0.10
    human_delay: Duration = lognormal(1.4, 0.4, 0.8, 4.5)
    machine_delay: Duration = lognormal(2.4, 0.4, 1.2, 4.9)
    not_sure_delay: Duration = fixed(5.0)

    def __post_init__(self) -> None:
        """Raise ValueError when a share is none, or those of one kind exceed 1."""
        _check_shares(self, "person_human", "person_machine", "machine_machine", "machine_human")
        if self.person_human + self.person_machine > 1:
            raise ValueError("person_human + person_machine: must not exceed 1")
        if self.machine_machine + self.machine_human > 1:
            raise ValueError("machine_machine + machine_human: must not exceed 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Agents:
    """How agents behave; the four shares of dispositions, the rest is `not_interested`."""

    phone_answer: Duration = uniform(0.5, 3.0)
    phone_not_answered_share: float = 0.0
    phone_busy_share: float = 0.0
    wrap_up: Duration = lognormal(20.0, 0.7, 1.0, 600.0)
    no_disposition_share: float = 0.0  # the agent walks away: the wrap-up time runs out
    sale: float = 0.12
    callback: float = 0.10
    dnc: float = 0.03
    callback_after: Duration = uniform(3600.0, 172_800.0)
    preview_look: Duration = lognormal(15.0, 0.6, 2.0, 300.0)  # at a lead that is shown
    preview_skip_share: float = 0.1
    preview_ignored_share: float = 0.02  # neither accepted nor skipped
    works: Duration = lognormal(5400.0, 0.3, 600.0)
    rests: Duration = lognormal(600.0, 0.4, 60.0)

    def __post_init__(self) -> None:
        """Raise ValueError when a share is none, the dispositions exceed 1, or the answers to a preview."""
        _check_shares(self, "sale", "callback", "dnc")
        if self.sale + self.callback + self.dnc > 1:
            raise ValueError("sale + callback + dnc: must not exceed 1")
        if self.preview_skip_share + self.preview_ignored_share > 1:
            raise ValueError("preview_skip_share + preview_ignored_share: must not exceed 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One telephone world. `numbers` fixes the outcome of single numbers (tests, demonstrations)."""

    name: str = "ordinary"
    message_s: float = 12.0  # length of the abandon message
    voicemail_s: float = 20.0  # length of what is left on machines
    outcomes: Outcomes = field(default_factory=Outcomes)
    shifts: tuple[Shift, ...] = ()
    network: Network = field(default_factory=Network)
    people: People = field(default_factory=People)
    machines: Machines = field(default_factory=Machines)
    detection: Detection = field(default_factory=Detection)
    agents: Agents = field(default_factory=Agents)
    numbers: Mapping[str, Outcome] = field(default_factory=dict)


def load_scenario(path: Path) -> Scenario:
    """Given a TOML file, return its scenario; raise Invalid naming the file, and table and key of every mistake."""
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
        text = content.decode("utf-8-sig")  # some editors on Windows begin a file with a mark
    except UnicodeDecodeError as error:
        raise Invalid(f"{path}: is not UTF-8 text (byte {error.start}); a scenario is a TOML file") from None
    except FileNotFoundError:
        raise Invalid(f"{path}: no such file") from None
    except OSError as error:
        raise Invalid(f"{path}: cannot be read: {error.strerror}") from None
    if len(content) > _MAX_BYTES:
        raise Invalid(f"{path}: is larger than 1 MiB; this is no scenario")
    return parse_scenario(text, str(path))


def parse_scenario(text: str, source: str) -> Scenario:
    """Given TOML text and the name to blame, return its scenario; raise Invalid with every mistake, one a line."""
    try:
        data = tomllib.loads(text)
    except RecursionError:
        raise Invalid(f"{source}: is nested too deeply to be a scenario") from None
    except tomllib.TOMLDecodeError as error:
        raise Invalid(f"{source}: not TOML: {error}") from None
    except ValueError:  # int() of thousands of digits
        raise Invalid(f"{source}: not TOML: a number has too many digits") from None
    problems: list[str] = []
    scenario = build(Scenario, data, "", problems)
    if problems or not isinstance(scenario, Scenario):
        if len(problems) > _MAX_TOLD:
            problems[_MAX_TOLD:] = [f"and {len(problems) - _MAX_TOLD} more mistakes"]
        raise Invalid("\n".join(f"{source}: {problem}" for problem in problems))
    return scenario


__all__ = [
    "Agents", "Detection", "Machines", "Network", "Outcome", "Outcomes", "People", "Scenario", "Shape", "Shift",
    "load_scenario", "parse_scenario",
]  # fmt: skip
