"""Owns what dialerd hears for itself in a call's sound, in a process of its own. Knows no campaign, no dialplan."""
