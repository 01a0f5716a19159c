"""Owns the table of commands that work without a running dialerd and what they import when called.

A test holds the commands to it: whatever is not listed here must exit with 3 when the daemon is down.
"""

from __future__ import annotations

OFFLINE_COMMANDS: dict[str, tuple[str, ...]] = {
    "config check": ("dialerd.config", "dialerd.rule_files", "dialerd.core"),
    "config show": ("dialerd.config",),  # with --running it asks dialerd
    "rules list": ("dialerd.rule_files", "dialerd.core"),
    "rules show": ("dialerd.rule_files", "dialerd.core"),
    "rules check": ("dialerd.rule_files", "dialerd.core"),
    "amd tune": ("dialerd.core",),  # a folder; a campaign is asked for
    "amd presets": ("dialerd.core",),
    "simulate": ("dialerd.simulation", "dialerd.core"),  # with --campaign it asks dialerd
    "completion": (),
    "lead import": (),  # only with --dry-run
    "dnc import": (),  # only with --dry-run
}
"""Command → the modules of dialerd that it imports inside its function."""
