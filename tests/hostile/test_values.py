"""Values of bad will in leads, agents, campaigns, notes and files: refused, or exactly where they belong and inert."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings, strategies as st
from tests.faults.plant import Plant, Refused
from tests.faults.telephone_world import People
from tests.hostile.malice import TEXTS
from tests.hostile.recording_proxy import RecordingProxy

from dialerd.asterisk.actions import Trunks, originate_agent, originate_customer
from dialerd.asterisk.ami_headers import checked_headers
from dialerd.core.campaign import MeasuredFrom
from dialerd.core.errors import Invalid
from dialerd.core.messages import Originate, RingAgent
from dialerd.store.campaign_settings import COLUMNS
from dialerd.store.setup_records import _AGENT_CHECKS

ACTIONS = {"Login", "Ping", "CoreSettings", "CoreShowChannels", "DBGetTree", "DBGet", "Originate", "Hangup"}
HEADERS = {
    "Action", "ActionID", "Username", "Secret", "Events", "Async", "Channel", "ChannelId", "OtherChannelId", "Context",
    "Exten", "Priority", "Timeout", "Variable", "CallerID", "Family", "Key",
}  # fmt: skip
PLAIN = {"caller_name": "", "caller_id": "+390612345678", "abandon_message": "dialerd/sorry", "trunk": "main"}
MARKS = (b"evil", b"DROP TABLE", b"SHELL", b"SYSTEM", b"alert(", b"owned", b"passwd", b"xxxxxxxx", "é".encode() * 9)
"""Some of it stands in nearly every hostile text; none of it may ever be seen by Asterisk."""


@pytest.fixture
def plant(short_folder: Path) -> Iterator[Plant]:
    """A daemon whose AMI bytes are kept."""
    made = Plant(short_folder, People())
    made.people.talk_s = 0.1
    proxy = RecordingProxy(made.world.port)
    made.config.write_text(made.config.read_text().replace(f"port = {made.world.port}", f"port = {proxy.port}"))
    made.ami = proxy  # type: ignore[attr-defined]
    try:
        made.start()
        yield made
    finally:
        made.close()
        proxy.close()


def dialerctl(plant: Plant, *words: str) -> subprocess.CompletedProcess[bytes]:
    """The real program."""
    program = Path(sys.executable).parent / "dialerctl"
    return subprocess.run([program, "--socket", plant.folder / "control.sock", *words], capture_output=True, timeout=60)


def taken(plant: Plant, method: str, **params: Any) -> bool:
    """Whether the daemon accepted it; anything else must be a refusal in one printable sentence."""
    try:
        plant.ask(method, **params)
    except Refused as refused:
        assert "unexpected" not in str(refused) and len(str(refused)) < 2000, (method, str(refused)[:500])
        return False
    return True


def names_of(number: int, text: str) -> dict[str, Any]:
    """A lead in which every free field is hostile."""
    return {
        "number": f"+3907{number:08d}", "name": text, "zones": ["Etc/UTC"], "postal_code": text[:20],
        "attributes": {"note": text, (text[:64] or "-"): "x"},
    }  # fmt: skip


class Markup(HTMLParser):
    """Tags and attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.handlers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.handlers += [name for name, _ in attrs if name.startswith("on") or name in ("src", "href")]


def test_hostile_values_never_leave_their_field(plant: Plant, tmp_path: Path) -> None:
    plant.campaign(3, 0, wrapup_time=30)
    # 1. leads: what is taken stands in the store exactly as it came, in its own row and column
    for n, text in enumerate(TEXTS):
        answer = plant.ask("lead.import", campaign="spring", list="evil", rows=[names_of(n, text)])
        assert answer["added"] + len(answer["rejected"]) == 1, answer
        rows = plant.rows(f"SELECT name, postal_code, attributes, state FROM lead WHERE number = '+3907{n:08d}'")
        assert len(rows) == answer["added"]
        for row in rows:
            assert (row["name"], row["postal_code"]) == (text.strip(), text[:20].strip())
            assert json.loads(row["attributes"])["note"] == text and len(json.loads(row["attributes"])) == 2
            assert not set(row["name"]) & {"\r", "\n", "\0", "\u202e", "\x1b"}
    leads = len(plant.rows("SELECT 1 FROM lead"))
    assert 8 <= leads < len(TEXTS), "quotes, formulas and expressions are texts; control characters are not"
    # 2. campaigns, agents, reasons: a refusal, or the very text
    for n, text in enumerate(TEXTS):
        for method, params in (
            ("campaign.add", {"name": text}),
            ("campaign.edit", {"name": "spring", "changes": {text: 1}}),
            ("campaign.edit", {"name": "spring", "changes": {"abandon_message": text}}),
            ("campaign.edit", {"name": "spring", "changes": {"caller_id": text}}),
            ("campaign.edit", {"name": "spring", "changes": {"trunk": text or "x y"}}),
            ("campaign.start", {"name": text}),
            ("agent.add", {"name": text, "endpoint": "PJSIP/9"}),
            ("agent.add", {"name": f"a{n}", "endpoint": text}),
            ("lead.show", {"lead": text}),
            ("lead.import", {"campaign": "spring", "list": text, "rows": [{"number": "+39069999999"}]}),
            ("call.test", {"campaign": "spring", "number": text, "timezone": "Etc/UTC"}),
            ("call.test", {"campaign": "spring", "number": "+390699", "timezone": text}),
            ("call.list", {"campaign": text}),
            ("call.list", {"since": text}),
        ):
            accepted = taken(plant, method, **params)
            # an empty opt-in field and plain digits or letters are no attack
            assert not accepted or text in ("", "null") or params == {"since": ""}, (method, params)
        if taken(plant, "campaign.edit", name="spring", changes={"caller_name": text}):
            assert plant.rows("SELECT caller_name FROM campaign")[0]["caller_name"] == text
        if taken(plant, "agent.add", name=f"b{n}", endpoint="PJSIP/9", full_name=text):
            assert plant.rows(f"SELECT full_name FROM agent WHERE name = 'b{n}'")[0]["full_name"] == text
        taken(plant, "agent.pause", name="1001", reason=text)
        taken(plant, "agent.unpause", name="1001")
    taken(
        plant,
        "campaign.edit",
        name="spring",
        changes=PLAIN,
    )
    assert plant.rows("SELECT COUNT(*) AS n FROM lead")[0]["n"] >= leads, "no table was dropped"
    # 3. calls with hostile notes
    notes = [text for text in TEXTS if len(text) <= 2000]
    given_: dict[int, str] = {}
    plant.leads(len(notes) + 10)
    while notes:
        plant.wait(lambda: any(a.get("state") == "wrap_up" for a in plant.ask("agent.list")), 15, plant.why())
        for agent in plant.ask("agent.list"):
            if agent.get("state") == "wrap_up" and notes:
                text = notes.pop()
                if taken(plant, "agent.dispose", name=agent["name"], disposition="not_interested", note=text):
                    given_[agent["attempt_id"]] = text
                else:
                    plant.ask("agent.dispose", name=agent["name"], disposition="not_interested")
    plant.ask("campaign.stop", name="spring")
    plant.wait(lambda: plant.status()["store"]["backlog"] == 0, 5, "written")
    for attempt_id, text in given_.items():
        row = plant.rows(f"SELECT note, number FROM call_log WHERE id = {attempt_id}")[0]
        kept = text.replace("\0", "").encode("utf-8", "replace").decode()
        assert row["note"] in (text, kept) and row["number"].startswith("+39")
    # 4. what Asterisk was sent: our own actions with our own headers, and nothing of it all
    sent = bytes(plant.ami.sent)  # type: ignore[attr-defined]
    for raw in sent.split(b"\r\n\r\n")[:-1]:
        lines = raw.decode().split("\r\n")
        assert lines[0].partition(": ")[0] == "Action" and lines[0].partition(": ")[2] in ACTIONS, lines
        assert {line.partition(": ")[0] for line in lines} <= HEADERS, lines
        assert [line for line in lines if line.startswith("Action: ")] == lines[:1]
    assert sent.count(b"Action: Originate") == len(plant.people.dialled) + 3
    assert not [mark for mark in MARKS if mark in sent]
    # 5. what people open: workbook, CSV, page, terminal
    outputs_are_inert(plant, tmp_path)
    assert plant.rows("PRAGMA integrity_check") == [{"integrity_check": "ok"}]
    assert "Traceback" not in plant.log()


def outputs_are_inert(plant: Plant, folder: Path) -> None:
    """No formula, no markup, no terminal sequence in anything that dialerctl writes."""
    for kind in ("csv", "xlsx", "html"):
        done = dialerctl(plant, "call", "export", "--to", str(folder / f"calls.{kind}"))
        assert done.returncode == 0, done.stderr
    csv.field_size_limit(1 << 20)
    with (folder / "calls.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert len({len(row) for row in rows}) == 1, "a comma or a line break has made a column or a row"
    tables = [rows]
    for noun in ("lead", "campaign", "agent"):
        done = dialerctl(plant, noun, "list", "-o", "csv")
        assert done.returncode == 0 and b"\x1b" not in done.stdout and b"\0" not in done.stdout, done.stderr
        tables.append(list(csv.reader(done.stdout.decode().splitlines())))
        assert len({len(row) for row in tables[-1]}) == 1
    for cell in (cell for table in tables for row in table for cell in row):
        harmless = cell[1:].replace(".", "", 1).isdigit()
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r")) or harmless or cell == "-", cell[:80]
    book = openpyxl.load_workbook(folder / "calls.xlsx")
    for sheet in book.worksheets:
        for line in sheet.iter_rows():
            for one in line:
                assert one.data_type != "f", f"a formula in {one.coordinate}: {one.value!r:.80}"
    page = Markup()
    page.feed((folder / "calls.html").read_text())
    assert "script" not in page.tags and "img" not in page.tags and "iframe" not in page.tags and not page.handlers
    for words in (["call", "list"], ["lead", "list"], ["agent", "list"], ["campaign", "list"], ["status"]):
        shown = dialerctl(plant, *words).stdout.decode()
        assert not set(shown) & {"\x1b", "\x07", "\0", "\r", "\u202e", "\u2066"}, words


def test_a_hostile_file(plant: Plant, tmp_path: Path) -> None:
    plant.ask("campaign.add", name="spring", dial_mode="progressive", trunk="main")
    path = tmp_path / "leads.csv"
    with path.open("w", newline="", encoding="utf-8", errors="replace") as file:
        writer = csv.writer(file)
        writer.writerow(["number", "name", "timezone", "=cmd|x", "'; DROP TABLE lead"])
        for n, text in enumerate(text.replace("\0", "") for text in TEXTS):  # with a NUL the whole file is refused
            writer.writerow([f"+39075{n:07d}", text, "Europe/Rome", text, text])
    done = dialerctl(plant, "lead", "import", str(path), "--campaign", "spring", "--rejected", str(tmp_path / "no.csv"))
    assert done.returncode in (0, 1), done.stderr
    assert b"Traceback" not in done.stderr and b"\x1b" not in done.stdout + done.stderr
    rows = plant.rows("SELECT number, name FROM lead ORDER BY id")
    assert rows, (done.stdout[:1500], done.stderr[:1500])
    assert len(rows) >= len(TEXTS) - 6
    for row in rows:
        assert row["name"].isprintable() and len(row["name"]) <= 120, row
    outputs_are_inert(plant, tmp_path)


# -- what the store accepts, the adapter can send: otherwise a campaign that starts fails with every call

ANY = st.text(max_size=90) | st.sampled_from(TEXTS) | st.text("ab/.&-_0+ ,'()é$", max_size=60)


def customer(**changes: Any) -> Originate:
    """An Originate with one campaign's texts in it."""
    plain: dict[str, Any] = {"caller_id": "+390600", "caller_name": "", "message": "x", "opt_out_key": "9"}
    return Originate(
        node="pbx", attempt_id=1, channel_id="dlr-1-0badcafe", token="0" * 32, number="+390612345", trunk="main",
        ring_timeout_s=30, amd=None, guard_from=MeasuredFrom.ANSWER, guard_s=1.9, recording_file="",
        **(plain | changes),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("column", "field"),
    [("caller_name", "caller_name"), ("caller_id", "caller_id"), ("abandon_message", "message"),
     ("opt_out_key", "opt_out_key")],
)  # fmt: skip
def test_what_a_campaign_may_hold_can_be_sent(column: str, field: str) -> None:
    @settings(max_examples=600, deadline=None)
    @given(ANY)
    def play(text: str) -> None:
        try:
            stored = COLUMNS[column](text)
        except (ValueError, Invalid):
            return
        headers = originate_customer(
            customer(**{field: stored}), Trunks({"main": "PJSIP/{number}@main"}), "agi://h/verdict"
        )
        checked_headers(headers)

    play()


@settings(max_examples=600, deadline=None)
@given(ANY | st.from_regex(r"[A-Za-z0-9]{1,17}/[A-Za-z0-9_.@:/+-]{1,82}", fullmatch=True))
def test_what_an_agents_endpoint_may_hold_can_be_rung(text: str) -> None:
    try:
        stored = _AGENT_CHECKS["endpoint"](text)
    except ValueError:
        return
    headers = originate_agent(
        RingAgent(node="pbx", agent_id=7, leg_id="agt-7-0badcafe", endpoint=stored, ring_timeout_s=15)
    )
    checked_headers(headers)
