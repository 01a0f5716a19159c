"""Roles from injected credentials, and what the kernel really says of a peer."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from dialerd.config_schema import RoleSettings
from dialerd.control.peer import Credentials, Role, RoleBook, SystemAccounts, read_credentials


class FakeAccounts:
    """A user database in a dictionary."""

    users = {0: "root", 500: "dialerd", 1001: "alice", 1002: "bob", 1003: "carl"}
    gids = {"dialerd": 50, "staff": 60, "audit": 70}

    def user_name(self, uid: int) -> str:
        return self.users.get(uid, str(uid))

    def group_id(self, name: str) -> int | None:
        return self.gids.get(name)

    def groups_of(self, uid: int, gid: int) -> frozenset[int]:
        return frozenset({gid, 60})


def book(**roles: tuple[str, ...]) -> RoleBook:
    return RoleBook(
        roles=RoleSettings(**roles),
        agent_users={"carl": "1001"},
        socket_group="dialerd",
        own_uid=500,
        accounts=FakeAccounts(),
    )


def who(uid: int, *groups: int) -> Credentials:
    return Credentials(pid=1, uid=uid, gid=uid, groups=frozenset(groups))


@pytest.mark.parametrize(
    ("found", "roles"),
    [
        (who(0), {Role.ADMIN}),
        (who(500), {Role.ADMIN}),
        (who(1001), {Role.ADMIN}),  # named
        (who(1002, 60), {Role.SUPERVISOR}),  # by @staff
        (who(1002, 50), {Role.SUPERVISOR}),  # a member of the socket's group
        (who(1002, 50, 70), {Role.AUDITOR}),  # … that is listed elsewhere
        (who(1002, 60, 70), {Role.SUPERVISOR, Role.AUDITOR}),
        (who(1003, 50), {Role.AGENT}),  # by [agent_users]
        (who(1002), set()),
        (who(4711, 99), set()),
    ],
)
def test_roles(found: Credentials, roles: set[Role]) -> None:
    peer = book(admin=("alice",), supervisor=("@staff",), auditor=("@audit", "@nosuchgroup")).peer(found)
    assert peer.roles == roles


def test_names() -> None:
    assert book().peer(who(1003)).agent_name == "1001"
    assert book().peer(who(1002)).agent_name == ""
    assert book().peer(who(4711)).user == "4711"
    assert book().peer(who(0)).role == "admin"
    assert book().peer(who(4711)).role == "none"


def test_the_kernel_says_who_we_are() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        found = read_credentials(ours, SystemAccounts())
    assert (found.pid, found.uid, found.gid) == (os.getpid(), os.geteuid(), os.getegid())
    assert found.groups >= set(os.getgroups())


def test_more_groups_than_python_can_fetch() -> None:
    class ManyGroups(socket.socket):
        def getsockopt(self, level: int, option: int, size: int = 0) -> bytes:  # type: ignore[override]
            if option == 59:
                raise OSError(34, "Numerical result out of range")
            return super().getsockopt(level, option, size)

    ours, theirs = socket.socketpair()
    with ManyGroups(fileno=ours.detach()) as strange, theirs:
        assert read_credentials(strange, FakeAccounts()).groups == {os.getegid(), 60}


def test_unknown_accounts_of_this_machine(tmp_path: Path) -> None:
    assert SystemAccounts().user_name(3_999_999) == "3999999"
    assert SystemAccounts().group_id("no-such-group") is None
    assert SystemAccounts().groups_of(3_999_999, 7) == {7}
