"""The configuration: every mistake found at once, secrets kept apart and masked, the sample in step."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from tests.asterisk.rig import ORIGINATE, TRUNKS

from dialerd import config, config_checks, config_sample
from dialerd.asterisk.actions import Trunks, originate_customer
from dialerd.config_schema import ALL_TABLES, LISTS, TABLES, options_of
from dialerd.core.amd.sampling import sample_file
from dialerd.core.errors import DialerError

DOCS = Path(__file__).resolve().parent.parent / "docs"
GOOD = """
[[asterisk]]
secret = "s3cret"
[[trunk]]
name = "carrier"
dial_string = "PJSIP/{number}@carrier"
"""


def write(folder: Path, text: str, name: str = "dialerd.toml", mode: int = 0o640) -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def problems(folder: Path, text: str) -> list[str]:
    return [str(p) for p in config.check(write(folder, text), environ={})]


def only(folder: Path, text: str) -> str:
    found = problems(folder, text)
    assert len(found) == 1, found
    return found[0]


def test_defaults_follow_from_the_folders(tmp_path: Path) -> None:
    loaded = config.load(write(tmp_path, '[dialerd]\nstate_dir="/srv/d/"\nruntime_dir="/run/d"\n' + GOOD), environ={})
    assert loaded.store.url == "sqlite:////srv/d/dialerd.db"
    assert loaded.control.socket == "/run/d/control.sock"
    assert loaded.asterisk[0].verdict_socket == "/run/d/verdict/verdict.sock"
    assert loaded.asterisk[0].agi_url == "agi://127.0.0.1:4573/verdict"
    assert loaded.trunks[0].node == loaded.asterisk[0].name == "pbx"
    assert loaded.dialerd.tick_s == 1.0


def test_all_mistakes_at_once_with_file_line_table_key_and_nearest_key(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        '[dialerd]\ntick_s = 9\nlog_levl = "info"\nmask_numbers = 1\n[stor]\nurl = "x"\n[control]\n'
        'max_connections = true\nsocket = "relative"\n' + GOOD.replace("{number}", "{number}{number}"),
    )
    path = tmp_path / "dialerd.toml"
    assert f"{path}:2: [dialerd] tick_s: must be from 0.25 to 5, not 9" in found
    assert f"{path}:3: [dialerd] log_levl: unknown key (did you mean 'log_level'?)" in found
    assert f"{path}:4: [dialerd] mask_numbers: must be true or false, not 1" in found
    assert f"{path}:5: [stor]: unknown table (did you mean 'store'?)" in found
    assert f"{path}:8: [control] max_connections: must be a whole number, not true" in found
    assert f"{path}:9: [control] socket: 'relative' must be an absolute path" in found
    assert any("[[trunk]] carrier dial_string:" in line and "2 times" in line for line in found)
    assert len(found) == 7


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("[dialerd\n", ":1: syntax error"),
        ("[dialerd]\ntick_s = \n", ":2: syntax error"),
        ("[dialerd]\ntick_s = nan\n", "tick_s: must be from 0.25 to 5, not nan"),
        ("[dialerd]\ntick_s = true\n", "tick_s: must be a number, not true"),
        ('[dialerd]\ntick_s = "1"\n', "tick_s: must be a number, not the text '1'"),
        (f"[dialerd]\ntick_s = {'9' * 400}\n", "such a large number"),
        ("[dialerd]\ntick_s = 1979-05-27\n", "tick_s: must be a number"),
        ('[dialerd]\nlog_level = "loud"\n', "must be one of debug, info, warning, error"),
        ('[dialerd]\nstate_dir = "/var/../etc"\n', "must not contain '..'"),
        ('[dialerd]\nstate_dir = "/a\\nb"\n', "control character"),
        (f'[dialerd]\nruntime_dir = "/{"x" * 120}"\n', "socket: its default follows from other keys"),
        ('[store]\nurl = "mysql://a/b"\n', "url: is neither sqlite:///PATH nor postgresql"),
        ('[store]\nurl = "postgresql://h:port/db"\n', "url: is neither"),
        ('[roles]\nadmin = "alice"\n', "admin: must be a list of texts"),
        ('[roles]\nadmin = ["al ice"]\n', "neither a user name nor '@'"),
        ("[agent_users]\nalice = 1001\n", "alice: must be the name of an agent in quotes"),
        ("roles = 1\n", "[roles]: is a table: write [roles]"),
        ("nothing = 1\n", "unknown key outside any table"),
        ('[metrics]\ntextfile = "/tmp/x.txt"\n', "must end in .prom"),
        ('[recording]\nformat = "mp3"\n', "must be one of wav"),
    ],
)
def test_mistakes(tmp_path: Path, text: str, part: str) -> None:
    # a syntax error hides the rest of the file, so other problems may stand beside it
    assert any(part in line for line in problems(tmp_path, text + GOOD)), problems(tmp_path, text + GOOD)


@pytest.mark.parametrize(
    "dial_string",
    [
        "PJSIP/x@carrier",
        "PJSIP/{number}{number}",
        "PJSIP/{number}&SIP/1",
        "PJSIP/{number},30",
        "PJSIP/{number}|x",
        "Local/${EXTEN}{number}",
        "{number}",
        "PJSIP/{number}\\n",
        "PJSIP/{number}@carrier\\r\\nAction: Command",
        "PJSIP/{number}{other}",
        "PJSIP/ {number}",
    ],
)
def test_dial_strings_that_asterisk_would_take_for_more(tmp_path: Path, dial_string: str) -> None:
    text = GOOD.replace("PJSIP/{number}@carrier", dial_string)
    assert "[[trunk]] carrier dial_string:" in only(tmp_path, text)


@pytest.mark.parametrize(
    "dial_string", ["PJSIP/{number}@trunk-1", "Local/{number}@out", "SIP/carrier/00{number}", "DAHDI/g0/{number}"]
)
def test_dial_strings_that_are_good(tmp_path: Path, dial_string: str) -> None:
    assert problems(tmp_path, GOOD.replace("PJSIP/{number}@carrier", dial_string)) == []


def test_several_nodes_are_refused_with_a_sentence(tmp_path: Path) -> None:
    line = only(tmp_path, GOOD + '[[asterisk]]\nname = "two"\nsecret = "x"\n')
    assert ":7: [[asterisk]] two: several Asterisk nodes are not supported yet" in line


def test_no_node_and_single_brackets(tmp_path: Path) -> None:
    assert "[[asterisk]]: is missing" in only(tmp_path, "[dialerd]\n")
    assert any("double brackets" in line for line in problems(tmp_path, '[asterisk]\nsecret = "x"\n'))


def test_trunks_names_and_nodes(tmp_path: Path) -> None:
    trunk = '[[trunk]]\nname = "carrier"\ndial_string = "Local/{number}@x"\nnode = "pbxx"\n'
    found = problems(tmp_path, GOOD + trunk)
    assert any("'carrier' is there twice" in line for line in found)
    assert any("no [[asterisk]] entry has the name 'pbxx' (did you mean 'pbx'?)" in line for line in found)
    assert "name: is missing" in only(tmp_path, GOOD + '[[trunk]]\ndial_string = "Local/{number}@x"\n')


def test_no_file_at_all(tmp_path: Path) -> None:
    with pytest.raises(config.ConfigInvalid, match=r"no such file.*dialerd\.toml\.sample") as caught:
        config.load(tmp_path / "dialerd.toml", environ={})
    assert isinstance(caught.value, DialerError)
    assert len(caught.value.problems) == 1


def test_conf_d_in_name_order_and_merging_by_name(tmp_path: Path) -> None:
    main = write(tmp_path, "[dialerd]\ntick_s = 1\n" + GOOD)
    write(tmp_path, "[dialerd]\ntick_s = 3\n", "conf.d/20.toml")
    write(
        tmp_path,
        '[dialerd]\ntick_s = 2\ncalls_per_second = 5\n[[trunk]]\nname = "carrier"\nmax_channels = 7\n',
        "conf.d/10.toml",
    )
    write(tmp_path, '[[trunk]]\nname = "second"\ndial_string = "Local/{number}@y"\n', "conf.d/30.toml")
    write(tmp_path, "nonsense", "conf.d/40.conf")
    loaded = config.load(main, environ={})
    assert (loaded.dialerd.tick_s, loaded.dialerd.calls_per_second) == (3.0, 5.0)
    assert [(t.name, t.max_channels) for t in loaded.trunks] == [("carrier", 7), ("second", 30)]
    rows = {(row["table"], row["key"]): row for row in config.effective(loaded)}
    assert rows["dialerd", "tick_s"]["origin"] == f"{tmp_path}/conf.d/20.toml:2"
    assert rows["trunk.carrier", "max_channels"]["origin"] == f"{tmp_path}/conf.d/10.toml:6"
    assert rows["dialerd", "log_level"] == {
        "table": "dialerd",
        "key": "log_level",
        "value": "info",
        "origin": "default",
    }


class TestSecrets:
    NO_SECRET = GOOD.replace('secret = "s3cret"\n', "")

    def test_own_file_beside(self, tmp_path: Path) -> None:
        main = write(tmp_path, '[store]\nurl = "postgresql://d@db/x"\n' + self.NO_SECRET, mode=0o644)
        write(tmp_path, '[asterisk.pbx]\nsecret = "ami"\n[store]\npassword = "p/w"\n', "secrets.toml")
        loaded = config.load(main, environ={})
        assert loaded.asterisk[0].secret == "ami"
        assert loaded.store.url == "postgresql://d:p%2Fw@db/x"
        shown = str(config.effective(loaded)) + repr(loaded)
        assert "ami'" not in shown and "p/w" not in shown and "p%2Fw" not in shown
        assert "postgresql://d:********@db/x" in shown

    def test_open_to_everybody(self, tmp_path: Path) -> None:
        main = write(tmp_path, self.NO_SECRET)
        write(tmp_path, '[asterisk.pbx]\nsecret = "ami"\n', "secrets.toml", 0o644)
        found = [str(p) for p in config.check(main, environ={})]
        assert found == [
            f"{tmp_path}/secrets.toml: holds a secret and is open to everybody (mode 0644): "
            f"chmod 0640 {tmp_path}/secrets.toml"
        ]

    def test_key_in_a_file_open_to_everybody(self, tmp_path: Path) -> None:
        found = config.check(write(tmp_path, GOOD, mode=0o644), environ={})
        assert ["chmod 0640" in str(p) for p in found] == [True]

    def test_secret_file(self, tmp_path: Path) -> None:
        main = write(tmp_path, GOOD.replace('secret = "s3cret"', 'secret_file = "ami"'))
        assert "cannot be read" in str(config.check(main, environ={})[0])
        write(tmp_path, "from-file\n", "ami", 0o600)
        assert config.load(main, environ={}).asterisk[0].secret == "from-file"
        write(tmp_path, "two\nlines\n", "ami", 0o600)
        assert "on one line" in str(config.check(main, environ={})[0])

    def test_systemd_credential(self, tmp_path: Path) -> None:
        main = write(tmp_path, GOOD.replace('secret = "s3cret"', 'credential = "ami-secret"'))
        assert config.check(main, environ={}) == []  # `config check` runs outside the unit
        with pytest.raises(config.ConfigInvalid, match="LoadCredential=ami-secret"):
            config.load(main, environ={})
        write(tmp_path, "from-systemd", "credentials/ami-secret", 0o400)
        loaded = config.load(main, environ={"CREDENTIALS_DIRECTORY": str(tmp_path / "credentials")})
        assert loaded.asterisk[0].secret == "from-systemd"

    def test_missing_and_twice(self, tmp_path: Path) -> None:
        assert "secret: is missing: put it into secrets.toml" in only(tmp_path, self.NO_SECRET)
        twice = GOOD.replace("[[asterisk]]", '[[asterisk]]\ncredential = "a"')
        assert "only one of secret, credential may be set" in only(tmp_path, twice)
        write(tmp_path, '[asterisk.pbx]\nsecret = "ami"\n[asterisk.pxb]\nsecret = "x"\n[trunk]\n', "secrets.toml")
        found = problems(tmp_path, GOOD)
        assert any("too: keep one of the two" in line for line in found)
        assert any("no [[asterisk]] entry has the name 'pxb' (did you mean 'pbx'?)" in line for line in found)
        assert any("[trunk]: has no place here" in line for line in found)

    def test_a_wrong_secret_is_never_repeated(self, tmp_path: Path) -> None:
        text = '[store]\nurl = "postgre://u:hunter2@h/d"\n' + GOOD.replace('"s3cret"', "31337")
        assert not any("hunter2" in line or "31337" in line for line in problems(tmp_path, text))


def test_sample_and_documentation_are_in_step() -> None:
    cure = "run `python -m dialerd.config_sample sample > docs/dialerd.toml.sample` (and docs > docs/configuration.md)"
    assert (DOCS / "dialerd.toml.sample").read_text(encoding="utf-8") == config_sample.sample(), cure
    assert (DOCS / "configuration.md").read_text(encoding="utf-8") == config_sample.documentation(), cure


def test_the_sample_is_a_good_configuration_and_names_every_key(tmp_path: Path) -> None:
    text = config_sample.sample()
    main = write(tmp_path, text)
    write(tmp_path, '[asterisk.pbx]\nsecret = "ami"\n', "secrets.toml")
    assert config.check(main, environ={}) == []
    assert set(tomllib.loads(text)) == set(ALL_TABLES)
    for shape in (*TABLES.values(), *LISTS.values()):
        for key, _, _ in options_of(shape):
            assert f"\n#{key} = " in text or f"\n{key} = " in text


def test_the_sample_with_every_key_switched_on_has_no_wrong_value(tmp_path: Path) -> None:
    text = "\n".join(
        line[1:] if line.startswith("#") and not line.startswith("# ") else line
        for line in config_sample.sample().splitlines()
    )
    write(tmp_path, '[asterisk.pbx]\nsecret = "ami"\n', "secrets.toml")
    assert problems(tmp_path, text) == []


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=300) | st.binary(max_size=300).map(lambda b: b.decode("latin-1")))
def test_any_text_gives_problems_and_no_other_exception(tmp_path: Path, text: str) -> None:
    assert problems(tmp_path, text.replace("\x00", "").encode("utf-8", "replace").decode())


VALUES = st.recursive(
    st.sampled_from(["1", "-1", "1.5", "nan", "inf", "true", '""', '"x"', "1979-05-27", "07:32:00", '"/x"', '"{"']),
    lambda inner: st.lists(inner, max_size=3).map(lambda items: "[" + ", ".join(items) + "]"),
    max_leaves=4,
)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_value_for_any_key_gives_a_sentence_or_settings(tmp_path: Path, data: st.DataObject) -> None:
    lines = []
    for table, shape in (*TABLES.items(), *LISTS.items()):
        lines.append(f"[[{table}]]" if table in LISTS else f"[{table}]")
        for key, _, _ in options_of(shape):
            if data.draw(st.booleans()):
                lines.append(f"{key} = {data.draw(VALUES)}")
    for line in problems(tmp_path, "\n".join(lines)):
        assert "Traceback" not in line and "\n" not in line


def test_deep_nesting_and_binary(tmp_path: Path) -> None:
    assert any("nested too deeply" in line for line in problems(tmp_path, "a = " + "[" * 100_000))
    path = tmp_path / "dialerd.toml"
    path.write_bytes(b"\xff\xfe\x00")
    assert "not UTF-8" in str(config.check(path, environ={})[0])


def test_a_syntax_error_does_not_make_the_rest_missing(tmp_path: Path) -> None:
    line = only(tmp_path, GOOD + '[dialerd]\nstate_dir = "/x\n')
    assert "syntax error" in line


def test_a_folder_is_no_file_and_known_words_are_told_once(tmp_path: Path) -> None:
    assert [str(p) for p in config.check(tmp_path, environ={})] == [
        f"{tmp_path}: is a folder: name the file in it, like dialerd.toml"
    ]
    line = only(tmp_path, '[dialerd]\nlog_level = "loud"\n' + GOOD)
    assert line.endswith("must be one of debug, info, warning, error, not the text 'loud'")


@pytest.mark.parametrize(
    "folder", ["/srv/my recordings", "/srv/ré", "/a,b", "/srv/./x", "/a" * 10, "/" + "/".join(["b" * 99] * 5)]
)
def test_a_recording_folder_that_asterisk_cannot_be_told(tmp_path: Path, folder: str) -> None:
    assert "must be at most nine folders" in only(tmp_path, f'{GOOD}\n[recording]\nfolder = "{folder}"\n')


@pytest.mark.parametrize(
    "folder", ["/var/spool/asterisk/monitor/dialerd", "/" + "a" * 100, "/x.y_z-0" * 9, "/" + "/".join(["b" * 79] * 5)]
)
def test_every_recording_folder_gives_files_that_asterisk_can_be_told(folder: str) -> None:
    accepted = config_checks.recording_folder(folder)
    sample = sample_file(accepted, ORIGINATE.channel_id, datetime(2026, 3, 2, tzinfo=UTC))
    headers = originate_customer(replace(ORIGINATE, sample_file=sample), Trunks(TRUNKS), "agi://127.0.0.1:4573/verdict")
    assert f"DLR_SAMPLE={sample}" in headers["Variable"] and len(sample) < 900, "a header has 1000 characters"
