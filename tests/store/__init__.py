"""Tests of dialerd.store, on SQLite and on PostgreSQL."""
