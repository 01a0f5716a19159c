"""What breaks around dialerd, one after the other: no new calls while the state is uncertain, calls that are up stay."""
