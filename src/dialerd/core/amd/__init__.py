"""Answering machines: what Asterisk's AMD says, and what it would say. Knows nothing of calls and channels."""
