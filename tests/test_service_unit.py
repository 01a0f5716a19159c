"""The systemd unit and sd_notify, checked offline; skipped where systemd is missing."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

from dialerd.config_schema import AudioSettings, RecordingSettings
from dialerd.service_manager import ServiceManager

SYSTEMD = Path(__file__).resolve().parent.parent / "systemd"
UNIT = SYSTEMD / "dialerd.service"
ANALYZE = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed")


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    assert ANALYZE is not None
    return subprocess.run([ANALYZE, *arguments], capture_output=True, text=True, timeout=60, check=False)


@needs_systemd
def test_the_unit_has_no_mistake() -> None:
    # the exit code is 0 even for unknown keys; only the program may be missing on this machine
    found = [line for line in analyze("verify", "--man=no", str(UNIT)).stderr.splitlines() if "dialerd" in line]
    assert [line for line in found if "is not executable" not in line] == []


@needs_systemd
def test_the_unit_is_locked_down() -> None:
    found = re.search(r"exposure level for .*: ([0-9.]+)", analyze("security", "--offline=yes", str(UNIT)).stdout)
    assert found is not None
    assert float(found[1]) < 2.0


def test_the_unit_keeps_the_operators_uid_visible_and_a_bad_configuration_down() -> None:
    lines = UNIT.read_text(encoding="utf-8").splitlines()
    assert not [line for line in lines if line.startswith("PrivateUsers=")]
    assert "RestartPreventExitStatus=78" in lines and "Type=notify" in lines
    assert [line.partition("=")[0] for line in lines if line.startswith("Requires=")] == []


def test_the_daemon_stops_within_the_units_time() -> None:
    from dialerd.config_schema import DaemonSettings

    stop = re.search(r"^TimeoutStopSec=(\d+)", UNIT.read_text(encoding="utf-8"), re.M)
    assert stop is not None and DaemonSettings().drain_timeout_s < int(stop[1])


@pytest.mark.parametrize("abstract", [False, True])
def test_messages_reach_the_service_manager(tmp_path: Path, abstract: bool) -> None:
    name = f"@dialerd-test-{tmp_path.name}-{id(tmp_path)}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0" + name[1:] if abstract else name)
        manager.settimeout(5)
        service = ServiceManager({"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "30000000"})
        assert service.watchdog_s == 30.0
        assert service.ready("2 campaigns\nREADY=0")
        assert manager.recv(1000) == b"READY=1\nSTATUS=2 campaigns READY=0"
        assert service.alive() and manager.recv(1000) == b"WATCHDOG=1"
        assert service.stopping("draining") and manager.recv(1000) == b"STOPPING=1\nSTATUS=draining"


def test_without_a_service_manager_nothing_happens(tmp_path: Path) -> None:
    assert not ServiceManager({}).ready("x")
    assert not ServiceManager({"NOTIFY_SOCKET": str(tmp_path / "gone")}).ready("x")
    assert ServiceManager({"WATCHDOG_USEC": "5", "WATCHDOG_PID": "1"}).watchdog_s is None
    assert ServiceManager({"WATCHDOG_USEC": json.dumps("x")}).watchdog_s is None


def test_samples_do_not_grow_for_ever(tmp_path: Path) -> None:
    """systemd-tmpfiles removes what is older than 90 days below the default folder of samples, and nothing else."""
    tmpfiles = shutil.which("systemd-tmpfiles")
    if tmpfiles is None:
        pytest.skip("systemd-tmpfiles is not installed")
    assert RecordingSettings().folder == "/var/spool/asterisk/monitor/dialerd", "the folder that tmpfiles.d names"
    folder = tmp_path / "var/spool/asterisk/monitor/dialerd"
    files = {name: folder / name for name in ("amd/20260101/old.wav", "amd/20260402/new.wav", "20260101/talk.wav")}
    for file in files.values():
        file.parent.mkdir(parents=True)
        file.touch()
    rules = (SYSTEMD / "tmpfiles.d/dialerd.conf").read_text()
    # nobody can set a file's change time back, so here it counts when the file was written
    line = tmp_path / "rules.conf"
    line.write_text(rules.replace("90d", "m:90d"))
    old = time.time() - 91 * 86400
    for name in ("amd/20260101/old.wav", "20260101/talk.wav"):
        os.utime(files[name], (old, old))
    subprocess.run([tmpfiles, "--clean", f"--root={tmp_path}", str(line)], check=True, timeout=60)
    assert [name for name, file in files.items() if file.exists()] == ["amd/20260402/new.wav", "20260101/talk.wav"]


def test_the_folder_of_sounds_is_made_and_may_be_written() -> None:
    folder = AudioSettings().folder
    assert f"ReadWritePaths=-{folder}\n" in (SYSTEMD / "dialerd.service").read_text()
    (line,) = [
        line.split() for line in (SYSTEMD / "tmpfiles.d/dialerd-sounds.conf").read_text().splitlines() if line[0] != "#"
    ]
    assert line == ["d", folder, "0755", "dialerd", "dialerd", "-"]
