"""Owns everything that knows AMI and AGI: the edge between the dialer and Asterisk. Must not import other edges."""
