"""Edge 2: peewee tables, migrations, the one writer, queries. Imports core, and nothing of the other edges."""

from dialerd.store.restart import AgentAtRestart, RestartState
from dialerd.store.store import Store

__all__ = ["AgentAtRestart", "RestartState", "Store"]
