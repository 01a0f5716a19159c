"""Tests of the control edge."""
