"""What breaks around dialerd, one by one: no new calls while the state is uncertain, calls that are up stay up."""
