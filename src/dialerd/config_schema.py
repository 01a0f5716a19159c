"""Owns what may stand in dialerd.toml: one dataclass for each table, each field with default, limits and help.

The same schema feeds validation (config_values.py), the sample file and docs/configuration.md (config_sample.py).
It must not read files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import Field, dataclass, field, fields
from typing import Any, TypeVar

from dialerd import config_checks as check

T = TypeVar("T")

DEFAULT_NODE = "pbx"
"""The name of an [[asterisk]] entry that gives none."""


@dataclass(frozen=True, slots=True)
class Option:
    """What the schema knows of one key beside its name and type.

    `derived` is the default in terms of other keys (`{runtime_dir}/control.sock`), used while the value is empty.
    `check` returns the value or raises ValueError with the rest of the sentence "key: …".
    """

    help: str
    default: Any = None
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    check: Callable[[str], str] | None = None
    derived: str = ""
    secret: bool = False  # never shown; `secret_inside` a URL: shown without its password
    secret_inside: bool = False
    example: str = ""
    required: bool = False


def option(help: str, default: T, **more: Any) -> T:
    """A key with a default. `more`: the other fields of Option."""
    known = Option(help, default, **more)
    # a secret must not reach a log line by way of repr()
    found: T = field(default=default, repr=not (known.secret or known.secret_inside), metadata={"option": known})
    return found


def required(help: str, **more: Any) -> Any:
    """A key that must be given."""
    return field(metadata={"option": Option(help, required=True, **more)})


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonSettings:
    """[dialerd]: how the daemon itself runs."""

    state_dir: str = option("Where the database and the recordings live.", "/var/lib/dialerd", check=check.folder)
    runtime_dir: str = option("Where the sockets live.", "/run/dialerd", check=check.folder)
    rules_dir: str = option(
        "Folder with rule sets of your own (*.toml, docs/rules.md); it need not exist.",
        "/etc/dialerd/rules",
        check=check.folder,
    )
    tick_s: float = option("Seconds between two pacing decisions of a campaign.", 1.0, low=0.25, high=5)
    calls_per_second: float = option("Most originations a second, all campaigns together.", 20.0, low=0.1, high=500)
    drain_timeout_s: float = option(
        "At a stop: how long ringing and answered calls may take to end in order. Keep it below TimeoutStopSec.",
        45.0,
        low=0,
        high=3600,
    )
    log_level: str = option("How much goes to the journal.", "info", choices=("debug", "info", "warning", "error"))
    mask_numbers: bool = option("Hide all but the last two digits of telephone numbers in the log.", False)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSettings:
    """[store]: the database. PostgreSQL instead of SQLite is a change of this one URL."""

    url: str = option(
        "sqlite:///PATH or postgresql://USER@HOST:PORT/NAME. The password belongs in secrets.toml ([store] password).",
        "",
        derived="sqlite:///{state_dir}/dialerd.db",
        check=check.store_url,
        secret_inside=True,
    )
    password: str = option("The database password, when the URL has none.", "", secret=True)
    password_file: str = option("A file that holds the password alone.", "", check=check.some_path)
    credential: str = option("A systemd credential that holds the password.", "", check=check.file_name)


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlSettings:
    """[control]: the socket for dialerctl."""

    socket: str = option("The Unix socket.", "", derived="{runtime_dir}/control.sock", check=check.socket_path)
    group: str = option(
        "The group that may use the socket. Its members are supervisors.", "dialerd", check=check.account
    )
    mode: str = option("Permissions of the socket.", "0660", choices=("0600", "0660"))
    max_connections: int = option("Most clients at a time.", 256, low=4, high=4096)
    request_timeout_s: float = option("Longest time one request may take.", 30.0, low=1, high=600)
    idle_timeout_s: float = option(
        "A client that sends nothing for this long is disconnected.", 600.0, low=5, high=86400
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleSettings:
    """[roles]: who may do what; user names and @groups. root and the daemon's own user are always admin."""

    admin: tuple[str, ...] = option("May do everything.", (), check=check.member, example='["@sudo"]')
    supervisor: tuple[str, ...] = option(
        "May start and stop campaigns, act on agents and calls.", (), check=check.member, example='["alice"]'
    )
    agent: tuple[str, ...] = option(
        "May act on the agent named for them in [agent_users].", (), check=check.member, example='["@agents"]'
    )
    auditor: tuple[str, ...] = option("May read everything, may change nothing.", (), check=check.member)


@dataclass(frozen=True, slots=True, kw_only=True)
class AsteriskSettings:
    """[[asterisk]]: an Asterisk to dial through. One entry in this version."""

    name: str = option("The node's name in records and in `status`.", DEFAULT_NODE, check=check.short_name)
    host: str = option("Where the manager interface (AMI) listens.", "127.0.0.1", check=check.host)
    port: int = option("Port of the manager interface.", 5038, low=1, high=65535)
    username: str = option("The AMI user of asterisk-config/manager.d.", "dialerd", check=check.header_value)
    secret: str = option("The AMI password. Better in secrets.toml: [asterisk.NAME] secret.", "", secret=True)
    secret_file: str = option("A file that holds the AMI password alone.", "", check=check.some_path)
    credential: str = option("A systemd credential that holds the AMI password.", "", check=check.file_name)
    ping_interval_s: float = option("A link that is mute for about twice this long is lost.", 5.0, low=0.5, high=60)
    reply_timeout_s: float = option("Longest wait for the answer to one AMI action.", 5.0, low=0.5, high=60)
    agent_ring_timeout_s: float = option("How long an agent's phone rings at login.", 30.0, low=3, high=300)
    agi: str = option(
        "Who asks for the verdict: `fastagi` (served by dialerd) or `script` (the stand-alone AGI script).",
        "fastagi",
        choices=("fastagi", "script"),
    )
    agi_listen: str = option("ADDRESS:PORT where dialerd serves FastAGI.", "127.0.0.1:4573", check=check.address)
    agi_url: str = option(
        "How Asterisk reaches it, when that differs from agi_listen.",
        "",
        derived="agi://{agi_listen}/verdict",
        check=check.agi_url,
    )
    agi_script: str = option(
        "The stand-alone script, as Asterisk sees it.",
        "/usr/share/asterisk/agi-bin/dialerd-amd.agi",
        check=check.absolute_path,
    )
    verdict_socket: str = option(
        "The socket of the stand-alone script (only served with agi = script). It knows the verdict and nothing else.",
        "",
        derived="{runtime_dir}/verdict/verdict.sock",
        check=check.socket_path,
    )
    verdict_group: str = option("Group that may use the verdict socket.", "asterisk", check=check.account)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkSettings:
    """[[trunk]]: a way out to the telephone network. Campaigns name one."""

    name: str = required("What campaigns call it.", check=check.short_name, example='"carrier"')
    dial_string: str = required(
        "Asterisk's dial string with {number} in the place of the number.",
        check=check.dial_string,
        example='"PJSIP/{number}@carrier"',
    )
    max_channels: int = option("Most calls at a time.", 30, low=1, high=10000)
    calls_per_second: float = option("Most originations a second that the carrier likes.", 10.0, low=0.1, high=500)
    caller_ids: tuple[str, ...] = option(
        "The only caller IDs campaigns may show through this trunk. Empty: any.",
        (),
        check=check.caller_id,
        example='["+15550100"]',
    )
    node: str = option("The [[asterisk]] entry it belongs to. Empty: the first.", "", check=check.short_name_or_empty)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingSettings:
    """[recording]: where Asterisk writes recordings and AMD's samples of campaigns that want them."""

    folder: str = option(
        "Folder, as Asterisk sees it. AMD's samples go to amd/ below it; tmpfiles.d/dialerd.conf removes them in time.",
        "/var/spool/asterisk/monitor/dialerd",
        check=check.recording_folder,
    )
    format: str = option("Sound format of the files.", "wav", choices=("wav", "wav49", "gsm", "ulaw", "alaw", "sln"))


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorSettings:
    """[detector]: where Asterisk sends a machine's sound to, so that dialerd hears the beep (AudioSocket)."""

    enabled: bool = option("Without it a voicemail drop waits for two seconds of silence alone.", True)
    listen: str = option("ADDRESS:PORT where dialerd listens.", "127.0.0.1:4574", check=check.address)
    address: str = option("How Asterisk reaches it, when that differs from listen.", "", derived="{listen}")


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioSettings:
    """[audio]: the voice files that dialerd manages (`dialerctl audio`)."""

    folder: str = option(
        "Folder that dialerd's user may write and Asterisk may read. Of an Asterisk on another machine: copy it there.",
        "/var/lib/dialerd-sounds",
        check=check.recording_folder,
    )
    prefix: str = option(
        "How Asterisk is told a sound: PREFIX/NAME. Change it when Asterisk sees the folder elsewhere, or below its "
        "own sounds folder (then `dialerd`, for example).",
        "",
        derived="{folder}",
        check=check.sound_prefix,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsSettings:
    """[metrics]: counters for Prometheus, as a file for node_exporter's textfile collector."""

    textfile: str = option("The file to write (name it *.prom). Empty: none.", "", check=check.prom_file)
    interval_s: float = option("Seconds between two writings.", 15.0, low=1, high=3600)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The whole configuration, checked. `origins`: (table, key) → where the value was set (`default` otherwise).

    In `origins` an entry of a list is `asterisk.NAME` or `trunk.NAME`. Secrets are resolved: `asterisk[0].secret`
    and the password inside `store.url`; nothing here may be logged as a whole (use `config.effective`).
    """

    dialerd: DaemonSettings
    store: StoreSettings
    control: ControlSettings
    roles: RoleSettings
    agent_users: Mapping[str, str]
    asterisk: tuple[AsteriskSettings, ...]
    trunks: tuple[TrunkSettings, ...]
    recording: RecordingSettings
    detector: DetectorSettings
    audio: AudioSettings
    metrics: MetricsSettings
    origins: Mapping[tuple[str, str], str]


TABLES: dict[str, type[Any]] = {
    "dialerd": DaemonSettings,
    "store": StoreSettings,
    "control": ControlSettings,
    "roles": RoleSettings,
    "recording": RecordingSettings,
    "detector": DetectorSettings,
    "audio": AudioSettings,
    "metrics": MetricsSettings,
}
"""Tables that stand once."""

LISTS: dict[str, type[Any]] = {"asterisk": AsteriskSettings, "trunk": TrunkSettings}
"""Lists of tables; entries are known by their `name`."""

AGENT_USERS = "agent_users"
"""The one free table: user name → agent name."""

ALL_TABLES = (*TABLES, *LISTS, AGENT_USERS)


def options_of(table: type[Any]) -> Iterator[tuple[str, str, Option]]:
    """Given a table's dataclass, yield (key, type as written, option) in the order of the file."""
    found: Field[Any]
    for found in fields(table):
        yield found.name, str(found.type), found.metadata["option"]
