"""A lean world in which pacing laws are compared: scenarios, world, laws and bounds. Knows no production code."""
