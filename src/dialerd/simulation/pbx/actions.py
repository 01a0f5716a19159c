"""Owns what each AMI action does to the switch, in one table. Knows nothing of connections beyond answering one."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

from dialerd.simulation.pbx.agent_leg import run_agent_leg
from dialerd.simulation.pbx.channels import Channel
from dialerd.simulation.pbx.customer import CustomerCall
from dialerd.simulation.pbx.dialing import OriginateOrder, open_channel, refuse
from dialerd.simulation.pbx.events import Headers, encode, snapshot
from dialerd.simulation.pbx.forget import forget_key, run_forget
from dialerd.simulation.pbx.session import Action, Session
from dialerd.simulation.pbx.switch import Switch

VERSION = "22.10.1-simulated"
FORBIDDEN = frozenset({"command", "dbdel", "dbdeltree", "dbput", "getconfig", "updateconfig", "moduleload"})
"""Actions that exist but need a right that dialerd's AMI user has not (the usual ones; not a complete list)."""
_DIGITS = re.compile(r"\+?\d+")


class Actions:
    """The actions that dialerd's AMI user may use. Everything else is an error, as for a user without the right."""

    def __init__(self, switch: Switch) -> None:
        """Given the switch, act on it."""
        self._switch = switch
        self._table: dict[str, Callable[[Session, Action], None]] = {
            "ping": self._ping,
            "events": self._events,
            "filter": self._filter,
            "coresettings": self._core_settings,
            "corestatus": self._core_status,
            "coreshowchannels": self._core_show_channels,
            "dbget": self._db_get,
            "dbgettree": self._db_get_tree,
            "originate": self._originate,
            "hangup": self._hangup,
            "getvar": self._get_variable,
            "setvar": self._set_variable,
            "redirect": self._redirect,
        }

    async def handle(self, session: Session, action: Action) -> None:
        """Carry out one action of a logged-in session and answer it."""
        known = self._table.get(action.get("Action").lower())
        if action.get("Action").lower() in FORBIDDEN:
            session.answer(action, "Error", [("Message", "Permission denied")])
        elif known is None:
            session.answer(action, "Error", [("Message", "Invalid/unknown command")])
        else:
            known(session, action)

    # ------------------------------------------------------------------------------ the link

    def _ping(self, session: Session, action: Action) -> None:
        session.answer(action, "Success", [("Ping", "Pong"), ("Timestamp", f"{self._switch.pace.wall():.6f}")])

    def _events(self, session: Session, action: Action) -> None:
        session.choose_events(action.get("EventMask"))
        session.answer(action, "Success", [("Events", "On" if session.classes else "Off")])

    def _filter(self, session: Session, action: Action) -> None:
        added = action.get("Operation").lower() == "add" and session.add_filter(action.get("Filter"))
        if added:
            session.answer(action, "Success", [("Success", "Filter added successfully")])
        else:
            session.answer(action, "Error", [("Message", "Filter format error")])

    def _core_settings(self, session: Session, action: Action) -> None:
        headers = [
            ("AMIversion", "11.0.0"), ("AsteriskVersion", VERSION), ("SystemName", ""), ("CoreMaxCalls", "0"),
            ("CoreMaxLoadAvg", "0.000000"), ("CoreRunUser", "asterisk"), ("CoreRunGroup", "asterisk"),
            ("CoreMaxFilehandles", "0"), ("CoreRealTimeEnabled", "No"), ("CoreCDRenabled", "No"),
            ("CoreHTTPenabled", "No"), ("SoundsSearchCustomDir", "No"),
        ]  # fmt: skip
        session.answer(action, "Success", headers)

    def _core_status(self, session: Session, action: Action) -> None:
        switch = self._switch
        started = datetime.fromtimestamp(switch.pace.wall() - (switch.now() - switch.started_at), UTC)
        day, hour = f"{started:%Y-%m-%d}", f"{started:%H:%M:%S}"
        headers = [
            ("CoreStartupDate", day), ("CoreStartupTime", hour), ("CoreReloadDate", day), ("CoreReloadTime", hour),
            ("CoreCurrentCalls", str(len(switch.channels))), ("CoreProcessedCalls", str(switch.calls_processed)),
        ]  # fmt: skip
        session.answer(action, "Success", headers)

    # ------------------------------------------------------------------------------ lists

    def _core_show_channels(self, session: Session, action: Action) -> None:
        listed = [self._channel_entry(channel) for channel in self._switch.channels.values()]
        self._list(session, action, "Channels will follow", "CoreShowChannel", "CoreShowChannelsComplete", listed)

    def _channel_entry(self, channel: Channel) -> Headers:
        seconds = int(self._switch.now() - channel.created_at)
        duration = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
        return [
            *snapshot(channel),
            ("Application", channel.application),
            ("ApplicationData", channel.application_data),
            ("Duration", duration),
            ("BridgeId", channel.bridge.unique_id if channel.bridge else ""),
        ]

    def _db_get_tree(self, session: Session, action: Action) -> None:
        prefix = "/" + "/".join(part for part in (action.get("Family").strip("/"), action.get("Key")) if part)
        found = sorted((k, v) for k, v in self._switch.database.items() if k == prefix or k.startswith(prefix + "/"))
        listed: list[Headers] = [[("Key", key), ("Val", value)] for key, value in found]
        self._list(session, action, "Result will follow", "DBGetTreeResponse", "DBGetTreeComplete", listed)

    def _db_get(self, session: Session, action: Action) -> None:
        family, key = action.get("Family"), action.get("Key")
        value = self._switch.database.get(f"/{family}/{key}")
        if value is None:
            session.answer(action, "Error", [("Message", "Database entry not found")])
            return
        listed: list[Headers] = [[("Family", family), ("Key", key), ("Val", value)]]
        self._list(session, action, "Result will follow", "DBGetResponse", "DBGetComplete", listed)

    def _list(
        self, session: Session, action: Action, message: str, item: str, last: str, listed: list[Headers]
    ) -> None:
        action_id: Headers = [("ActionID", action.get("ActionID"))] if action.get("ActionID") else []
        session.answer(action, "Success", [("EventList", "start"), ("Message", message)])
        for headers in listed:
            # The entries of AstDB end with the ActionID, those of channels begin with it.
            parts = [*headers, *action_id] if item.startswith("DB") else [*action_id, *headers]
            session.send_raw(encode([("Event", item), *parts]))
        end = [("Event", last), *action_id, ("EventList", "Complete"), ("ListItems", str(len(listed)))]
        session.send_raw(encode(end))

    # ------------------------------------------------------------------------------ channels

    def _originate(self, session: Session, action: Action) -> None:
        switch, order = self._switch, _order(action)
        technology, _, rest = order.dial_string.partition("/")
        if not order.dial_string:
            problem = "Channel not specified"
        elif not technology or not rest:
            problem = "Invalid channel"
        elif action.get("Application"):
            problem = "Originate Access Forbidden: app or data blacklisted"
        elif order.channel_id in switch.channels:
            problem = "Unique ID already in use"
        elif order.context not in ("dialerd-outbound", "dialerd-agent", "dialerd-forget"):
            problem = "Extension does not exist."
        else:
            session.answer(action, "Success", [("Message", "Originate successfully queued")])
            self._start(order)
            return
        session.answer(action, "Error", [("Message", problem)])

    def _start(self, order: OriginateOrder) -> None:
        switch = self._switch
        if order.dial_string.rpartition("@")[2] in switch.unknown_endpoints:
            refuse(switch, order)
            return
        if order.context == "dialerd-forget":
            switch.run(run_forget(switch, order, forget_key(order.dial_string)))
            return
        channel = open_channel(switch, order)
        if order.context == "dialerd-agent":
            switch.run(run_agent_leg(switch, channel, order))
            return
        number = dialed_number(order.dial_string)
        attempt_number = switch.attempts_by_number[number] = switch.attempts_by_number.get(number, 0) + 1
        fate = switch.world.fate(number, attempt_number, switch.simulated_now())
        switch.run(CustomerCall(switch, channel, order, number, fate).run())

    def _hangup(self, session: Session, action: Action) -> None:
        channel = self._switch.find_channel(action.get("Channel"))
        if channel is None:
            session.answer(action, "Error", [("Message", "No such channel")])
            return
        cause = action.get("Cause")
        channel.hang_up("dialer", int(cause) if cause.isdecimal() else 16)
        session.answer(action, "Success", [("Message", "Channel Hungup")])

    def _get_variable(self, session: Session, action: Action) -> None:
        channel = self._switch.find_channel(action.get("Channel"))
        if channel is None:
            session.answer(action, "Error", [("Message", "No such channel")])
            return
        name = action.get("Variable")
        session.answer(action, "Success", [("Variable", name), ("Value", channel.variables.get(name, ""))])

    def _set_variable(self, session: Session, action: Action) -> None:
        channel = self._switch.find_channel(action.get("Channel"))
        if channel is None:
            session.answer(action, "Error", [("Message", "No such channel")])
            return
        self._switch.set_variable(channel, action.get("Variable"), action.get("Value"))
        session.answer(action, "Success", [("Message", "Variable Set")])

    def _redirect(self, session: Session, action: Action) -> None:
        # dialerd does not use it yet: known, so that a later need shows here and not as an unknown action.
        session.answer(action, "Error", [("Message", "Redirect is not simulated")])


def dialed_number(dial_string: str) -> str:
    """Given `PJSIP/{number}@trunk`, `Local/{number}@context` or `PJSIP/trunk/sip:{number}@host`, return the number."""
    before_host = dial_string.rpartition("@")[0] or dial_string
    return max(_DIGITS.findall(before_host), key=len, default="")


def _order(action: Action) -> OriginateOrder:
    caller = re.fullmatch(r'\s*"?([^"<]*?)"?\s*<([^>]*)>\s*', action.get("CallerID"))
    name, number = caller.groups() if caller else ("", action.get("CallerID"))
    timeout = action.get("Timeout")
    # As observed: Asterisk cuts the value of a Variable header at its first comma.
    pairs = (text.partition(",")[0].partition("=") for text in action.all("Variable"))
    return OriginateOrder(
        dial_string=action.get("Channel"),
        channel_id=action.get("ChannelId"),
        context=action.get("Context"),
        exten=action.get("Exten"),
        timeout_s=(int(timeout) if timeout.isdecimal() else 30_000) / 1000,
        caller_number=number,
        caller_name=name,
        variables={key.lstrip("_"): value for key, _, value in pairs},
        action_id=action.get("ActionID"),
    )
