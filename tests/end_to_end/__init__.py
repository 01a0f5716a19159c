"""End-to-end tests on a real Asterisk; see conftest.py for how to use the harness."""

from .prompts import Prompts

__all__ = ["Prompts"]
