"""Owns the named parameter sets of AMD and where each is from. Knows nothing of recordings, campaigns and searches."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from dialerd.core.campaign import AmdParameters

PRESETS: Mapping[str, AmdParameters] = MappingProxyType(
    {
        # Asterisk 22's amd.conf as shipped: the original's but for one word less
        "asterisk-default": AmdParameters(maximum_number_of_words=2),
        "original": AmdParameters(),
        # VICIdial's AMD(2000,2000,1000,5000,120,50,4,256), which leaves the longest word to Asterisk
        "vicidial": AmdParameters(
            initial_silence=2000,
            greeting=2000,
            after_greeting_silence=1000,
            minimum_word_length=120,
            maximum_number_of_words=4,
        ),
        # found by dialerd's search on synthetic voices (docs/amd.md): fewest people lost while most machines are caught
        "human-first": AmdParameters(
            initial_silence=4500,
            greeting=2600,
            after_greeting_silence=900,
            minimum_word_length=60,
            maximum_number_of_words=8,
            silence_threshold=720,
            maximum_word_length=600,
        ),
    }
)
"""Every preset by its name, in the order in which they are shown."""
