"""Builds and caches the chroot that holds a real Asterisk. Knows nothing of instances or their configuration.

`python -m tests.end_to_end.pbx.chroot` prepares it beforehand and prints the Asterisk version.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from .host import HarnessUnavailable, cache_folder, ensure_programs, locked, require_root_on_debian, run_logged

# Raise when the recipe below changes: an older cache is then rebuilt.
RECIPE = "1"
# Debian 12 and 13 ship no asterisk; the release after them does.
SUITE = "forky"
INCLUDED = ("asterisk", "asterisk-core-sounds-en-gsm", "python3")
_STAMP = ".dialerd-recipe"
# bookworm's debootstrap knows no forky; sid's script builds it.
_SCRIPT = Path("/usr/share/debootstrap/scripts/sid")


def ready_chroot() -> Path:
    """Return the chroot's folder, building it (about a minute, 500 MB) when absent or of an older recipe.

    Raises HarnessUnavailable when this machine cannot build it.
    """
    require_root_on_debian()
    cache = cache_folder()
    target = cache / "asterisk-chroot"
    with locked(cache / "asterisk-chroot.lock"):
        if _is_complete(target):
            return target
        _build(target)
    return target


def asterisk_version(chroot: Path) -> str:
    """Return the version line of the Asterisk in the chroot, e.g. `Asterisk 22.10.0~…`."""
    return run_logged(["chroot", str(chroot), "/usr/sbin/asterisk", "-V"], timeout_s=20).strip()


def _is_complete(target: Path) -> bool:
    stamp = target / _STAMP
    return stamp.is_file() and stamp.read_text().strip() == RECIPE


def _build(target: Path) -> None:
    ensure_programs("debootstrap")
    mirror = _mirror()
    for leftover in target.parent.glob("asterisk-chroot.building-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    building = Path(tempfile.mkdtemp(prefix="asterisk-chroot.building-", dir=target.parent))
    building.chmod(0o755)
    command = ["debootstrap", "--variant=minbase", f"--include={','.join(INCLUDED)}", SUITE, str(building)]
    # In a mount namespace of its own: whatever debootstrap mounts is gone with it, even when it is killed.
    run_logged(["unshare", "--mount", *command, mirror, str(_SCRIPT)], env=_proxy_environment())
    shutil.rmtree(building / "var/cache/apt/archives", ignore_errors=True)
    (building / _STAMP).write_text(RECIPE + "\n")
    if target.exists():
        shutil.rmtree(target)
    building.rename(target)


def _mirror() -> str:
    """Return the URI of the Debian mirror that this machine's own apt is set up with."""
    for attempt in (1, 2):
        listing = run_logged(["apt-get", "indextargets", "--format", "$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(ORIGIN)"])
        for line in sorted(set(listing.splitlines())):
            uri, release, component, origin = ([*line.split("|"), "", "", ""])[:4]
            if component == "main" and origin == "Debian" and "-" not in release:
                return uri
        if attempt == 1:
            # indextargets only names lists that were fetched: a fresh machine has none yet
            run_logged(["apt-get", "update", "-q"])
    raise HarnessUnavailable("apt on this machine names no Debian mirror")


def _proxy_environment() -> dict[str, str]:
    """Return the proxy variables for debootstrap's wget when apt itself is set up with a proxy."""
    found: dict[str, str] = {}
    for scheme in ("http", "https"):
        shell = run_logged(["apt-config", "shell", "PROXY", f"Acquire::{scheme}::Proxy"]).strip()
        value = shell.removeprefix("PROXY=").strip("'")
        if value and value != "DIRECT":
            found[f"{scheme}_proxy"] = value
    return found


def main() -> int:
    """Prepare the chroot and print its folder and Asterisk version; exit code 0, or 1 with the reason."""
    try:
        chroot = ready_chroot()
        print(f"{asterisk_version(chroot)} in {chroot}")
    except (HarnessUnavailable, subprocess.SubprocessError, OSError) as error:
        print(f"no real Asterisk here: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
