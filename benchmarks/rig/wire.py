"""Owns the latency as the wire sees it: a process that listens on the loopback device, with the kernel's time stamps.

    python benchmarks/rig/wire.py PORT      (root; prints one JSON line per verdict until it is ended)

Measured is the time from the last byte of an AGI's question to the first byte of dialerd's verdict. The kernel stamps
both packets, so neither the busy simulated PBX nor this process adds to it; waiting in dialerd's socket buffer, in its
event loop and in its queue, and waiting for a core, are all inside.
"""

from __future__ import annotations

import ctypes
import json
import socket
import struct
import sys

SO_ATTACH_FILTER, SO_TIMESTAMPNS = 26, 35
ETH_P_IP, PACKET_OUTGOING = 0x0800, 4
DONE = 0.0  # the verdict is out: the rest of this conversation is no answer to a question
VERDICTS = (b"DLR_AGENT_LEG", b"DLR_VERDICT")


def port_filter(port: int) -> tuple[bytes, int]:
    """A classic BPF program that lets TCP packets from or to `port` pass, and its number of steps."""
    code = [
        (0x30, 0, 0, 23),  # the IP protocol
        (0x15, 0, 6, 6),  # TCP, else drop
        (0xB1, 0, 0, 14),  # X = length of the IP header
        (0x48, 0, 0, 14),  # source port
        (0x15, 2, 0, port),
        (0x48, 0, 0, 16),  # destination port
        (0x15, 0, 1, port),
        (0x06, 0, 0, 0xFFFF),
        (0x06, 0, 0, 0),
    ]
    return b"".join(struct.pack("HBBI", *step) for step in code), len(code)


def listen(port: int) -> socket.socket:
    """A raw socket on the loopback device that gives the packets of `port` with their time stamps."""
    raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_IP))
    program, steps = port_filter(port)
    kept = ctypes.create_string_buffer(program)
    raw.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HL", steps, ctypes.addressof(kept)))
    raw.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    raw.bind(("lo", 0))
    return raw


def main() -> int:
    """Print a line for each verdict: its latency in milliseconds."""
    port = int(sys.argv[1])
    raw = listen(port)
    asked: dict[int, float] = {}
    print(json.dumps("listening"), flush=True)
    while True:
        data, ancillary, _, address = raw.recvmsg(65536, 64)
        if address[2] == PACKET_OUTGOING:  # the loopback device shows each packet twice
            continue
        ip = 14 + 4 * (data[14] & 15)
        source, target = struct.unpack("!HH", data[ip : ip + 4])
        total = 14 + struct.unpack("!H", data[16:18])[0]
        payload = data[ip + 4 * (data[ip + 12] >> 4) : total]
        if not payload:
            continue
        seconds, nanoseconds = struct.unpack("ll", ancillary[0][2][:16])
        at = seconds + nanoseconds / 1e9
        if target == port:
            if payload.startswith(b"agi_network") or asked.get(source) != DONE:
                asked[source] = at
        elif any(name in payload for name in VERDICTS) and asked.get(target, DONE) != DONE:
            print(json.dumps(round(1000 * (at - asked[target]), 3)), flush=True)
            asked[target] = DONE
        if len(asked) > 60_000:
            asked.clear()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(0)
