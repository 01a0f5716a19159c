"""The far end of a test PBX: carrier, agents' phones and callers, with audio. Knows nothing of dialerd or Asterisk."""

from .behaviour import RING_FOREVER, Behaviour, rejecting
from .call_log import CallLog
from .listening import Span
from .server import FarEnd

__all__ = ["RING_FOREVER", "Behaviour", "CallLog", "FarEnd", "Span", "rejecting"]
