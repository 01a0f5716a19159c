"""`dialerctl amd tune`: folders read and refused, figures on held-out recordings, proposals, a campaign changed."""

from __future__ import annotations

import json
import shutil
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_daemon import FakeDaemon, Run
from numpy.typing import NDArray

from dialerctl.commands.amd import tune_command as module
from dialerctl.commands.amd.recordings import of_folder, sound
from dialerd.core.amd import search
from dialerd.core.campaign import AMD_COLUMNS, AmdParameters

PRESENT = {column: getattr(AmdParameters(), field) for field, column in AMD_COLUMNS.items()}


@pytest.fixture(autouse=True)
def few_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    """The search itself is tested elsewhere."""
    monkeypatch.setattr(search, "SETS", 320)
    monkeypatch.setattr(search.search, "__kwdefaults__", {**(search.search.__kwdefaults__ or {}), "sets": 320})


def speech(random: np.random.Generator, words: int) -> NDArray[np.int16]:
    """Words of loud noise, with pauses."""
    parts = [np.zeros(int(random.integers(1000, 6000)))]
    for _ in range(words):
        parts.append(random.normal(0, 3000, int(random.integers(1600, 4000))))
        parts.append(np.zeros(int(random.integers(600, 4000))))
    return np.concatenate(parts).clip(-32768, 32767).astype(np.int16)


def write_wav(path: Path, samples: NDArray[np.int16], rate_hz: int = 8000, channels: int = 1) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(np.repeat(samples, channels).astype("<i2").tobytes())


def labelled_folder(folder: Path, *, alike: bool = False, count: int = 120) -> Path:
    """People say one to two words, machines many; `alike`: nobody can tell them apart."""
    folder.mkdir(exist_ok=True)
    random = np.random.default_rng(1)
    lines = ["file,label,group"]
    for number in range(count):
        person = number % 2 == 0
        words = int(random.integers(1, 3)) if person or alike else int(random.integers(5, 14))
        write_wav(folder / f"{number:03d}.wav", speech(random, words))
        lines.append(f"{number:03d}.wav,{'person' if person else 'machine'},voice {number % 9}")
    (folder / "labels.csv").write_text("\n".join(lines) + "\n")
    return folder


def test_a_folder_is_searched_on_one_half_and_measured_on_the_other(run: Run, tmp_path: Path) -> None:
    folder = labelled_folder(tmp_path / "calls")
    shown = run("amd", "tune", str(folder))
    assert shown.exit_code == 0, shown.output
    for name in ("asterisk-default", "original", "vicidial", "human-first", "proposal", "at most 0.5 %"):
        assert name in shown.stdout
    assert "dialerctl campaign edit NAME --amd-initial-silence" in shown.stdout
    values = json.loads(run("amd", "tune", str(folder), "--json").stdout)
    searched, held = values["searched"], values["proposal"]
    assert searched["people"] + searched["machines"] + held["people"] + held["machines"] == 120
    assert held["lost_interval"][0] <= held["lost_share"] <= held["lost_interval"][1]
    assert held["leaked_share"] < 0.2, "five words and more are easy to tell from two"
    assert set(values["columns"]) == set(AMD_COLUMNS.values())
    leaked = [row["leaked"] for row in values["frontier"]]
    assert values["refusal"] == "" and len(leaked) >= 1
    assert run("amd", "tune", str(folder), "--json").stdout == run("amd", "tune", str(folder), "--json").stdout


def test_what_is_held_out_may_be_said_for_each_file(run: Run, tmp_path: Path) -> None:
    folder = labelled_folder(tmp_path / "calls")
    rows = (folder / "labels.csv").read_text().splitlines()
    held = ["file,label,held_out"] + [
        ",".join([*row.split(",")[:2], "yes" if number < 80 else "no"]) for number, row in enumerate(rows[1:])
    ]
    (folder / "labels.csv").write_text("\n".join(held))
    values = json.loads(run("amd", "tune", str(folder), "--json").stdout)
    assert values["searched"] == {"people": 20, "machines": 20}
    assert (values["presets"][0]["people"], values["presets"][0]["machines"]) == (40, 40)


def test_where_nothing_helps_it_says_so_and_proposes_nothing(run: Run, tmp_path: Path) -> None:
    shown = run("amd", "tune", str(labelled_folder(tmp_path / "calls", alike=True)), "--lost-limit", "0.5")
    assert shown.exit_code == 6
    assert "nothing is proposed" in shown.stderr and "most machines have to be sent to agents" in shown.stderr
    assert "campaign edit" not in shown.stdout and "at most" in shown.stdout, "the frontier is shown all the same"
    impossible = run("amd", "tune", str(tmp_path / "calls"), "--delay-limit", "0.5")
    assert impossible.exit_code == 6 and "no parameter set loses at most 5 %" in impossible.stderr
    values = json.loads(run("amd", "tune", str(tmp_path / "calls"), "--lost-limit", "0.5", "--json").stdout)
    assert values["proposal"] is None and values["columns"] == {} and values["refusal"]


def test_every_unusable_file_is_named(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = labelled_folder(tmp_path / "calls", count=4)
    (folder / "empty.wav").touch()
    (folder / "no-sound.wav").write_bytes((folder / "000.wav").read_bytes()[:44])
    (folder / "text.mp3").write_text("no sound at all")
    rows = [
        "000.wav,person", "gone.wav,person", "001.wav,dog", ",machine", "empty.wav,machine", "no-sound.wav,person",
        "text.mp3,machine", "000.wav,person", "002.wav,person,maybe",
    ]  # fmt: skip
    (folder / "labels.csv").write_text("file,label,held_out\n" + "\n".join(rows))
    shown = run("amd", "tune", str(folder))
    assert shown.exit_code == 1 and shown.stdout == "" and "Traceback" not in shown.stderr
    for wanted in (
        "gone.wav is not there", "001.wav is labelled 'dog', not person or machine", "labels.csv:5: no file is named",
        "empty.wav is empty", "no-sound.wav holds no sound", "text.mp3 is no plain wav file",
        "000.wav is labelled twice", "held_out of 002.wav is 'maybe', not yes or no",
    ):  # fmt: skip
        assert wanted in shown.stderr, shown.stderr
    monkeypatch.setattr(shutil, "which", lambda name: None)
    write_wav(folder / "wide.wav", np.ones(8000, np.int16), rate_hz=16_000)
    with pytest.raises(ValueError, match=r"is 16000 Hz, 16 bit, 1 channels, and not 8000 Hz.*apt install sox"):
        sound(folder / "wide.wav")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (None, "has no labels.csv: write one"),
        ("name,who\n", "has no column file and no column label"),
        ("file,label\n", "too few recordings: 0 people and 0 machines"),
        ("file,label\n000.wav,person\n", "20 of each are needed"),
    ],
)
def test_a_folder_that_is_none(run: Run, tmp_path: Path, text: str | None, wanted: str) -> None:
    folder = labelled_folder(tmp_path / "calls", count=2)
    (folder / "labels.csv").unlink()
    if text is not None:
        (folder / "labels.csv").write_text(text)
    shown = run("amd", "tune", str(folder))
    assert shown.exit_code == 1 and wanted in shown.stderr
    assert run("amd", "tune", str(folder / "not-there")).exit_code == 5
    assert run("amd", "tune", str(folder), "--apply").exit_code == 2
    assert run("amd", "tune", "spring").exit_code == 3, "a campaign needs dialerd"


def test_labels_that_cannot_be_read(run: Run, tmp_path: Path) -> None:
    folder = labelled_folder(tmp_path / "calls", count=2)
    (folder / "labels.csv").write_bytes(b"file,label\n\xff\xfe,person\n")
    shown = run("amd", "tune", str(folder))
    assert shown.exit_code == 1 and "labels.csv cannot be read" in shown.stderr


@pytest.mark.skipif(shutil.which("sox") is None, reason="sox converts")
def test_other_formats_are_converted(tmp_path: Path) -> None:
    folder = labelled_folder(tmp_path / "calls", count=2)
    plain = sound(folder / "000.wav")
    write_wav(folder / "wide.wav", np.repeat(plain, 2), rate_hz=16_000, channels=2)
    converted = sound(folder / "wide.wav")
    assert abs(len(converted) - len(plain)) <= 2
    size = min(len(converted), len(plain))
    assert np.corrcoef(np.abs(converted[:size]), np.abs(plain[:size]))[0, 1] > 0.8
    (folder / "labels.csv").write_text("\ufefffile,label\nwide.wav,Person\n", encoding="utf-8")
    (only,) = of_folder(folder)
    assert only.person


def campaign_with(daemon: FakeDaemon, folder: Path) -> None:
    """The daemon's campaign has this folder's recordings for samples."""
    rows = [row.split(",") for row in (folder / "labels.csv").read_text().splitlines()[1:]]
    samples = [
        {"attempt_id": number, "file": str(folder / name), "heard": label, "parameters": "", "at": "2026-11-30"}
        for number, (name, label, _) in enumerate(rows)
    ]

    def answered(params: dict[str, Any]) -> dict[str, Any]:
        begin = params.get("offset") or 0
        page = samples[begin : begin + params["limit"]]
        seen = [each for each in page if Path(each["file"]).exists()]
        return {"samples": seen, "unseen": len(page) - len(seen), "total": len(samples)}

    daemon.methods["amd.samples"] = answered
    daemon.methods["campaign.show"] = lambda params: {"name": params["name"], "amd_unsure": "machine", **PRESENT}
    daemon.methods["campaign.edit"] = lambda params: {"name": params["name"], **PRESENT, **params["changes"]}


def test_a_campaigns_own_samples_and_its_change(
    daemon: FakeDaemon, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_LIST_ROWS", 50)
    campaign_with(daemon, labelled_folder(tmp_path / "calls"))
    values = json.loads(run("amd", "tune", "spring", "--since", "7d", "--json", socket=daemon.path).stdout)
    assert (values["source"], values["unsure"]) == ("campaign spring", "machine")
    assert values["present"]["parameters"] == AmdParameters().arguments()
    assert len(daemon.asked("amd.samples")) == 3 and not daemon.asked("campaign.edit")
    assert run("amd", "tune", "spring", "--apply", socket=daemon.path).exit_code == 2, "nobody is there to answer"
    assert not daemon.asked("campaign.edit")
    done = run("amd", "tune", "spring", "--apply", "--yes", socket=daemon.path)
    assert done.exit_code == 0 and "Campaign spring is changed." in done.stderr
    (edit,) = daemon.asked("campaign.edit")
    assert edit["name"] == "spring" and set(edit["changes"]) <= set(AMD_COLUMNS.values()) and edit["changes"]
    assert "dialerctl campaign edit spring --amd-" in done.stdout


def test_a_page_with_files_that_are_gone_is_not_taken_for_the_last(
    daemon: FakeDaemon, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_LIST_ROWS", 50)
    folder = labelled_folder(tmp_path / "calls")
    campaign_with(daemon, folder)
    for number in (3, 60):
        (folder / f"{number:03d}.wav").unlink()
    shown = run("amd", "tune", "spring", "--json", socket=daemon.path)
    values = json.loads(shown.stdout)
    sides = (values["searched"], values["presets"][0])
    assert sum(side["people"] + side["machines"] for side in sides) == 118
    assert [each.get("offset", 0) for each in daemon.asked("amd.samples")] == [0, 50, 100]
    assert "(left out: 2 samples that are not where dialerd looks" in shown.stderr


def test_a_careful_proposal_is_stricter_and_says_when_there_are_too_few(run: Run, tmp_path: Path) -> None:
    folder = labelled_folder(tmp_path / "calls")
    careless = json.loads(run("amd", "tune", str(folder), "--lost-limit", "30", "--json").stdout)
    stricter = json.loads(run("amd", "tune", str(folder), "--lost-limit", "30", "--careful", "--json").stdout)
    assert (careless["careful"], stricter["careful"]) == (False, True)
    assert stricter["proposal"]["leaked"] >= careless["proposal"]["leaked"]
    assert stricter["proposal"]["lost"] <= careless["proposal"]["lost"]
    refused = run("amd", "tune", str(folder), "--lost-limit", "2", "--careful")
    assert refused.exit_code == 6 and "is sure to lose at most 2 % of people like the" in refused.stderr


def test_files_without_a_label_are_named_and_left_out(run: Run, tmp_path: Path) -> None:
    folder = labelled_folder(tmp_path / "calls")
    (folder / "forgotten.wav").write_bytes((folder / "000.wav").read_bytes())
    assert "(not in labels.csv, left out: forgotten.wav)" in run("amd", "tune", str(folder), "--json").stderr


@pytest.mark.skipif(shutil.which("sox") is None, reason="sox converts")
def test_a_files_name_is_no_command_for_sox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("|touch run", "-n"):
        write_wav(tmp_path / name, np.ones(16_000, np.int16) * 900, rate_hz=16_000)
        assert len(sound(Path(name))) == 8000
    assert not (tmp_path / "run").exists()


def test_a_campaign_without_labelled_samples_says_how_they_come_about(daemon: FakeDaemon, run: Run) -> None:
    daemon.methods["amd.samples"] = lambda _: {"samples": [], "unseen": 4, "total": 4}
    daemon.methods["campaign.show"] = lambda params: {"name": params["name"], "amd_unsure": "agent", **PRESENT}
    shown = run("amd", "tune", "spring", socket=daemon.path)
    assert shown.exit_code == 1 and "--amd-sample" in shown.stderr and "(4 more" in shown.stderr


def test_presets_are_listed_without_a_daemon_and_set_by_name(daemon: FakeDaemon, run: Run) -> None:
    rows = json.loads(run("amd", "presets", "--json").stdout)["presets"]
    assert [row["name"] for row in rows] == ["asterisk-default", "original", "vicidial", "human-first"]
    assert {name: rows[1][name] for name in PRESENT} == PRESENT
    run("campaign", "edit", "spring", "--amd-preset", "vicidial", "--amd-max-words", "6", socket=daemon.path)
    assert daemon.asked("campaign.edit")[-1]["changes"] == {"amd_preset": "vicidial", "amd_max_words": 6}
    assert run("campaign", "edit", "spring", "--amd-preset", "best", socket=daemon.path).exit_code == 2
