"""Owns who is at the other end of a connection and what that person may do. Knows no methods.

The kernel says uid and groups (SO_PEERCRED, SO_PEERGROUPS); `[roles]` of dialerd.toml makes roles of them.
"""

from __future__ import annotations

import grp
import os
import pwd
import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from dialerd.config_schema import RoleSettings

SO_PEERGROUPS = 59
"""asm-generic/socket.h; Python has no name for it."""

_MOST_BYTES = 1024
"""CPython's limit for getsockopt: 256 groups."""


class Role(Enum):
    """What a user is to dialerd, the mightiest first."""

    ADMIN = "admin"
    SUPERVISOR = "supervisor"
    AUDITOR = "auditor"
    AGENT = "agent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What the kernel says of a peer."""

    pid: int
    uid: int
    gid: int
    groups: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A connected user. `agent_name` is the agent that `[agent_users]` names for this user, or empty."""

    uid: int
    user: str
    roles: frozenset[Role]
    agent_name: str = ""

    @property
    def role(self) -> str:
        """The mightiest role, for people; `none` without any."""
        return next((role.value for role in Role if role in self.roles), "none")


class Accounts(Protocol):
    """The user database: may be slow (LDAP), so it is asked in a thread."""

    def user_name(self, uid: int) -> str:
        """The name of a uid, or the number as text."""

    def group_id(self, name: str) -> int | None:
        """The gid of a group, or None."""

    def groups_of(self, uid: int, gid: int) -> frozenset[int]:
        """All groups of a user by the database (not by the process)."""


class SystemAccounts:
    """Accounts of this machine."""

    def user_name(self, uid: int) -> str:
        """See Accounts."""
        try:
            return pwd.getpwuid(uid).pw_name
        except KeyError:
            return str(uid)

    def group_id(self, name: str) -> int | None:
        """See Accounts."""
        try:
            return grp.getgrnam(name).gr_gid
        except KeyError:
            return None

    def groups_of(self, uid: int, gid: int) -> frozenset[int]:
        """See Accounts."""
        try:
            return frozenset(os.getgrouplist(pwd.getpwuid(uid).pw_name, gid))
        except KeyError:
            return frozenset({gid})


def read_credentials(connection: socket.socket, accounts: Accounts) -> Credentials:
    """Given a connected Unix socket, return what the kernel says of its peer; raise OSError if it says nothing."""
    packed = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    pid, uid, gid = struct.unpack("3i", packed)
    try:
        raw = connection.getsockopt(socket.SOL_SOCKET, SO_PEERGROUPS, _MOST_BYTES)
        groups = frozenset(struct.unpack(f"{len(raw) // 4}I", raw))
    except OSError:  # ERANGE: more groups than CPython can fetch
        groups = accounts.groups_of(uid, gid)
    return Credentials(pid=pid, uid=uid, gid=gid, groups=groups | {gid})


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleBook:
    """Who has which role: `[roles]`, `[agent_users]`, the socket's group and the daemon's own uid."""

    roles: RoleSettings
    agent_users: dict[str, str]
    socket_group: str
    own_uid: int
    accounts: Accounts

    def peer(self, found: Credentials) -> Peer:
        """Given credentials, return the peer with every role that names the user or one of the user's groups.

        root and the daemon's own user are admin; a user of [agent_users] is agent. A member of the socket's group
        that nothing of this names is supervisor.
        """
        user = self.accounts.user_name(found.uid)
        listed = {
            Role.ADMIN: self.roles.admin,
            Role.SUPERVISOR: self.roles.supervisor,
            Role.AUDITOR: self.roles.auditor,
            Role.AGENT: self.roles.agent,
        }
        roles = {role for role, members in listed.items() if self._named(user, found.groups, members)}
        if found.uid in (0, self.own_uid):
            roles.add(Role.ADMIN)
        if user in self.agent_users:
            roles.add(Role.AGENT)
        if not roles and self.accounts.group_id(self.socket_group) in found.groups:
            roles.add(Role.SUPERVISOR)
        return Peer(uid=found.uid, user=user, roles=frozenset(roles), agent_name=self.agent_users.get(user, ""))

    def _named(self, user: str, groups: frozenset[int], members: Iterable[str]) -> bool:
        for member in members:
            if member.startswith("@"):
                if self.accounts.group_id(member[1:]) in groups:
                    return True
            elif member == user:
                return True
        return False
