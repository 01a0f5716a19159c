"""Runs one program inside the chroot in mount and process namespaces of its own. Knows nothing of Asterisk.

The kernel does the cleaning: when the program or the test run ends, however it ends, the process namespace
and with it every process and every mount in it disappears.
"""

from __future__ import annotations

import shlex
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

# The shell is process 1 of the namespace: when it ends, the kernel kills whatever is left there. Its standard
# input is a pipe held by the test run: end of file there means that the test run is gone, even if by SIGKILL.
_SUPERVISOR = """
set -e
{mounts}
exec 3<&0
set +e
chroot {root} {program} </dev/null >>{log} 2>&1 &
program=$!
(cat <&3 >/dev/null; kill -KILL $program) &
wait $program
"""


class ChrootProcess:
    """A running program in the chroot, with folders of the host bind-mounted into it."""

    def __init__(
        self, chroot: Path, program: list[str], *, binds: Mapping[Path, str], log: Path, env: Mapping[str, str]
    ) -> None:
        """Start `program`; `binds` maps host files or folders to absolute paths in the chroot."""
        self._chroot = chroot
        lines = [f"mount -t proc proc {_quoted(chroot / 'proc')}", f"mount --rbind /dev {_quoted(chroot / 'dev')}"]
        for source, inside in binds.items():
            target = chroot / inside.lstrip("/")
            if source.is_dir():
                target.mkdir(parents=True, exist_ok=True)
            elif not target.exists():
                target.touch()
            lines.append(f"mount --bind {_quoted(source)} {_quoted(target)}")
        script = _SUPERVISOR.format(
            mounts="\n".join(lines), root=_quoted(chroot), program=shlex.join(program), log=_quoted(log)
        )
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", script],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(env),
                start_new_session=True,  # a Ctrl-C of the test run must not reach the PBX before the tests' cleaning
            )

    def alive(self) -> bool:
        """Return whether the program still runs."""
        return self._process.poll() is None

    def run_inside(self, command: list[str], timeout_s: float) -> str:
        """Run another command in the same chroot and mounts; return its output (both streams).

        Raises subprocess.CalledProcessError or TimeoutExpired.
        """
        child = self._first_process()
        done = subprocess.run(
            ["nsenter", f"--target={child}", "--mount", "chroot", str(self._chroot), *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=timeout_s,
            check=True,
        )
        return done.stdout.decode("utf-8", "replace")

    def wait(self, timeout_s: float) -> bool:
        """Wait for the end of the program; return whether it ended in time."""
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return False
        self._close_pipe()
        return True

    def kill(self) -> None:
        """End the program and everything in its namespaces with SIGKILL; harmless when it is gone already."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(10)
        self._close_pipe()

    def _close_pipe(self) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()

    def _first_process(self) -> int:
        path = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            children = path.read_text().split() if path.exists() else []
            if children:
                return int(children[0])
            time.sleep(0.02)
        raise RuntimeError("the chroot's first process is not there")


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))
