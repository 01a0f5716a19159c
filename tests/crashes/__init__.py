"""dialerd is killed with -9, again and again, in front of a simulated PBX that lives on: what must hold afterwards."""
