"""Owns the handlers of the protocol's methods, one module for each noun. The table of them is in table.py."""
