"""The simulated PBX: Asterisk's part of docs/asterisk-contract.md behind real AMI and AGI sockets."""

from dialerd.simulation.pbx.server import SimulatedPbx

__all__ = ["SimulatedPbx"]
