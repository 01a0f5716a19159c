"""Fixtures of the end-to-end tests: one real Asterisk and one far end for the whole session.

How to use them (everything on 127.0.0.1, nothing needs asyncio; in async tests use asyncio.to_thread):

    pytestmark = pytest.mark.real_asterisk

    def test_something(pbx: Asterisk, farend: FarEnd, ami: AmiClient) -> None:
        farend.behaves("5550001", Behaviour(plays=human_hello(), then=tone(1400)))  # a person with a 1400 Hz voice
        farend.behaves("1001", Behaviour(then=tone(1000)))                          # agent's phone, 1000 Hz
        ...  # originate PJSIP/5550001@trunk and PJSIP/1001 with your own client on pbx.ports.ami
        customer = farend.wait_for_call("5550001")
        farend.wait_for_tone(customer, 1000, seconds=1)
        farend.hang_up(customer)

`pbx`      running Asterisk with the shipped asterisk-config. AMI: 127.0.0.1:`pbx.ports.ami`, user `dialerd`, secret
           `pbx.configuration.ami_secret`. `pbx.cli("core show channels")`, `pbx.restart()`, `pbx.kill()`,
           `pbx.start()`, `pbx.reload_dialplan()`, `pbx.database()`, `pbx.log()`.
           `pbx.folder` has the same path inside and outside the chroot: prompts go to `pbx.folder`/sounds
           (DLR_MESSAGE = absolute path without suffix), the verdict socket to `pbx.folder`/verdict (that is
           /run/dialerd/verdict inside), the AGI script is `pbx.folder`/agi-bin/dialerd-amd.agi.
`farend`   carrier behind the endpoint `trunk` (`PJSIP/<number>@trunk`), phones `PJSIP/1001` to `PJSIP/1020`, and
           caller: `farend.dial(pbx.ports.sip, caller="39333…", number="390612345678", behaviour=…)` reaches
           dialerd-inbound. Each call is a CallLog: times, codes, who hung up, heard_tone(Hz), heard_sound(), digits.
`ami`      a logged-in scripted AMI client that keeps all events; `agi` a scripted FastAGI server.
`prompts`  `prompts.abandon` is the abandon message's sound name, with a pilot tone of `prompts.abandon_hz`;
           likewise `prompts.inbound`, which the displayed number plays.

A machine that cannot run Asterisk (no root, no Debian) skips these tests; with CI=true it fails them.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from .farend import FarEnd
from .pbx.agi import AgiServer
from .pbx.ami import AmiClient
from .pbx.asterisk import Asterisk
from .pbx.host import HarnessUnavailable
from .product import Product
from .prompts import Prompts, write_prompts

DISPLAYED_NUMBER = "390612345678"


@pytest.fixture(scope="session")
def farend_session() -> Iterator[FarEnd]:
    """One far end for all tests."""
    with FarEnd() as made:
        yield made


@pytest.fixture(scope="session")
def pbx(farend_session: FarEnd) -> Iterator[Asterisk]:
    """One running Asterisk for all tests."""
    try:
        made = Asterisk.for_farend(farend_session.sip_port)
        inbound = write_prompts(made.folder / "sounds").inbound
        made.write_test_dialplan(
            f"[from-trunk]\nexten => {DISPLAYED_NUMBER},1,Set(DLR_MESSAGE={inbound})\n"
            " same => n,Set(DLR_OPTOUT=9)\n same => n,Goto(dialerd-inbound,s,1)\n"
            f"[dialerd-transfer]\nexten => 700,1,Playback({inbound})\n same => n,Hangup()\n"
        )
    except HarnessUnavailable as error:
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI must run the real Asterisk: {error}")
        pytest.skip(str(error))
    with made:
        yield made


@pytest.fixture
def farend(farend_session: FarEnd) -> Iterator[FarEnd]:
    """The far end with no behaviours and no calls; hangs up what a test leaves behind."""
    farend_session.forget()
    yield farend_session
    farend_session.hang_up_all()


@pytest.fixture
def ami(pbx: Asterisk) -> Iterator[AmiClient]:
    """A fresh AMI session of the shipped user."""
    with AmiClient(pbx.ports.ami, secret=pbx.configuration.ami_secret) as client:
        yield client


@pytest.fixture
def agi() -> Iterator[AgiServer]:
    """A scripted FastAGI server."""
    with AgiServer() as server:
        yield server


@pytest.fixture(scope="session")
def prompts(pbx: Asterisk) -> Prompts:
    """The sound names of the messages."""
    return write_prompts(pbx.folder / "sounds")


@contextlib.contextmanager
def running_product(
    pbx: Asterisk, *, agi: str = "fastagi", ami_port: int | None = None, ears: bool = True
) -> Iterator[Product]:
    """dialerd, running and connected, on a store of its own; see Product."""
    folder = Path(tempfile.mkdtemp(prefix="dlr"))  # short: a Unix socket's path has 108 bytes
    made = Product(folder, pbx, agi=agi, ami_port=ami_port, ears=ears)
    try:
        made.start()
        yield made
    finally:
        made.close()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def product(pbx: Asterisk) -> Iterator[Product]:
    """dialerd with FastAGI."""
    with running_product(pbx) as made:
        yield made
