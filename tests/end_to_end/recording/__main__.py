"""Records the AMI and AGI transcripts in tests/fixtures from a real Asterisk. Run by hand, as root:

    python -m tests.end_to_end.recording [flow …]

Knows the flows, not who reads the transcripts.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from ..farend import FarEnd
from ..pbx.ami import AmiClient
from ..pbx.asterisk import Asterisk
from ..pbx.transcript import decode, encode
from . import call_flows, connection_flows, machine_flows, waiting_flows
from .studio import FIXTURES, SECRET, Studio

FLOWS: dict[str, Callable[[Studio], None]] = {
    **{
        flow.__name__: flow
        for module in (connection_flows, call_flows, waiting_flows, machine_flows)
        for flow in module.FLOWS
    },
    **call_flows.REJECTIONS,
    "shutdown": connection_flows.shutdown,
}
_INDEX = """\
# AMI transcripts of a real Asterisk

Recorded with the shipped dialplan, AMI user and event filters (`asterisk-config/`) on Asterisk 22 by
`python -m tests.end_to_end.recording [flow …]`; not to be edited by hand. Each file is one AMI session, login included.
`tests/fixtures/agi/` has the FastAGI connections of some of the flows, in the same form.

Form (read and written by `tests/end_to_end/pbx/transcript.py`): lines that begin with `#`, then for each piece, as it
was read from or written to the connection, `--- <seconds> <server|client> <bytes>`, line feed, the raw bytes, line
feed. The pieces show the real chunking: one event in two pieces, several events in one. `server` is Asterisk; in the
AGI files too, though it is the TCP client there, and `client` is the script.

| file | flow |
|---|---|
"""


def main(names: list[str]) -> int:
    """Record the named flows, or all, and write the index; returns the exit code."""
    with FarEnd() as farend, Asterisk.for_farend(farend.sip_port) as pbx:
        studio = Studio(pbx, farend)
        for name, flow in FLOWS.items():
            if names and name not in names:
                continue
            farend.forget()
            for key in pbx.database():
                pbx.cli(f"database del {key[1:].replace('/', ' ', 1)}")
            with AmiClient(pbx.ports.ami, secret=SECRET) as studio.ami:
                flow(studio)
                said = (flow.__doc__ or "").strip()
                studio.ami.recording.save(FIXTURES / "ami" / f"{name}.txt", said, pbx.version if pbx.running() else "")
            farend.hang_up_all()
            time.sleep(0.2)
            print(name)
        studio.agi.close()
        write_index()
        _without_machine_paths(str(pbx.folder))
    return 0


def _without_machine_paths(folder: str) -> None:
    """Replace this machine's folder names in what was recorded (lengths are written anew)."""
    for path in FIXTURES.glob("a*i/*.txt"):
        raw = path.read_bytes()
        if folder.encode() in raw:
            comments = [line[2:].decode() for line in raw.split(b"\n--- ")[0].splitlines() if line.startswith(b"# ")]
            pieces = [p._replace(data=p.data.replace(folder.encode(), b"/srv/pbx")) for p in decode(raw)]
            path.write_bytes(encode(pieces, *comments))


def write_index() -> None:
    """Write the README beside the AMI transcripts, one line for each flow."""
    rows = [f"| `{name}.txt` | {' '.join((flow.__doc__ or '').split())} |\n" for name, flow in FLOWS.items()]
    (FIXTURES / "ami/README.md").write_text(_INDEX + "".join(rows))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
