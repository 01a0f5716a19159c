"""The corpus itself: every greeting differs, is labelled, has a telephone's level, and is made the same again."""

from __future__ import annotations

import shutil
from collections import Counter
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from tests.end_to_end.ulaw import decoded

from . import greetings, tones
from .corpus import read, ready_corpus, write
from .greetings import KINDS, LONGEST_S, Greeting, greeting

pytestmark = pytest.mark.skipif(
    not (shutil.which("espeak-ng") and shutil.which("flite") and shutil.which("sox")),
    reason="espeak-ng, flite and sox make the voices",
)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> list[Greeting]:
    """Five of each kind, made anew."""
    folder = tmp_path_factory.mktemp("corpus")
    write(folder, 5 * len(KINDS), seed=1)
    return read(folder)


def test_all_kinds_and_parties(corpus: list[Greeting]) -> None:
    assert Counter(each.kind for each in corpus) == dict.fromkeys(KINDS, 5)
    assert {each.party for each in corpus} == {"person", "machine", "carrier", "fax", "nobody", "signal"}
    assert all(each.party == KINDS[each.kind][0] for each in corpus)


def test_every_greeting_is_another(corpus: list[Greeting]) -> None:
    assert len({each.name for each in corpus}) == len({each.samples.tobytes() for each in corpus}) == len(corpus)


def test_levels_and_lengths(corpus: list[Greeting]) -> None:
    for each in corpus:
        assert 0.1 < len(each.samples) / tones.RATE_HZ <= LONGEST_S, each.name
        clipped = np.mean(np.abs(each.samples.astype(int)) >= 32767)
        assert clipped < 0.001, each.name
        if each.kind not in ("dead-air", "blocks"):
            level = tones.level(each.samples.astype(float))
            assert -40 < level < -15, f"{each.name}: {level:.1f} dB"


def test_the_same_again(corpus: list[Greeting]) -> None:
    for each in corpus[:: len(KINDS) + 2]:
        again = greeting(each.kind, int(each.name[-3:]), 1)
        assert np.array_equal(again.samples, each.samples), each.name
    assert not np.array_equal(greeting("hello", 0, 2).samples, greeting("hello", 0, 1).samples), "another seed"


def test_two_halves_have_no_voice_and_no_text_in_common(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[tuple[str, str]] = []

    def heard(text: str, *, voice: str, **_: object) -> tones.Sound:
        said.append((voice, text))
        return np.full(800, 1000.0)

    monkeypatch.setattr(greetings, "say", heard)
    halves: list[set[tuple[str, str]]] = [set(), set()]
    for number, kind in product(range(40), ("hello", "business", "mailbox", "short-mailbox", "carrier")):
        said.clear()
        greeting(kind, number, 1)
        halves[number % 2] |= set(said)
    for place in (0, 1):
        assert {each[place] for each in halves[0]}.isdisjoint(each[place] for each in halves[1])
        assert len({voice for voice, _ in halves[place]}) > 8
    assert any(voice.startswith("flite:") for voice, _ in halves[0] | halves[1])


def test_labels_for_tuning_name_people_machines_and_the_half(tmp_path: Path) -> None:
    write(tmp_path, 2 * len(KINDS), seed=1)
    rows = [line.split(",") for line in (tmp_path / "labels.csv").read_text().splitlines()]
    assert rows[0] == ["file", "label", "held_out"]
    assert {(name[:-8], label) for name, label, _ in rows[1:]} >= {("hello", "person"), ("fax", "machine")}
    assert not any(name.startswith(("blocks", "crackle", "dead-air")) for name, _, _ in rows)
    assert Counter(held for _, _, held in rows[1:]) == {"no": 13, "yes": 13}


def test_the_cache_gives_what_was_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIALERD_CACHE", str(tmp_path))
    made, cached = ready_corpus(2), ready_corpus(2)
    assert [(a.name, a.samples.tobytes()) for a in made] == [(b.name, b.samples.tobytes()) for b in cached]
    assert len(list(tmp_path.glob("amd-corpus/*/*.wav"))) == 2


@pytest.mark.parametrize("mean", [0, 240, 255.5, 256, 699.5, 700, 990])
def test_steady_sounds_keep_their_loudness_in_ulaw(mean: float) -> None:
    through = decoded(tones.to_int16(tones.steady(mean, 0.1)))
    assert np.mean(np.abs(through.astype(int)).reshape(-1, 160), axis=1) == pytest.approx(mean, abs=0.2)


def test_tones() -> None:
    random = np.random.default_rng(3)
    for made in (tones.tone(1400, 1.0, -20), tones.noise(random, 1.0, -20, 1.0), tones.sit(-20), tones.hum(1.0, -20)):
        assert tones.level(made) == pytest.approx(-20, abs=0.3)
    spectrum = np.abs(np.fft.rfft(tones.sit(-20)))
    for hz in tones.SIT_HZ:
        near = spectrum[round((hz - 20) * 0.99) : round((hz + 20) * 0.99)]  # 0.99 s: one bin is 1.01 Hz
        assert near.max() > 20 * np.median(spectrum)
    with pytest.raises(ValueError, match="silence has no level"):
        tones.at_level(tones.silence(1), -20)
