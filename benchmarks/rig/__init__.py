"""What the benchmarks share: processes measured from outside, the daemon with its simulated PBX, the wire."""
