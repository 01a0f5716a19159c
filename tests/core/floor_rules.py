"""What may happen on the floor, at random: each rule one thing that store, Asterisk, phones or people do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from dialerd.core.agent import AgentState
from dialerd.core.call import AttemptState, HungUpBy
from dialerd.core.campaign import AmdAction, AmdPolicy, CampaignVerb, DialMode, OnTimeout
from dialerd.core.machine_messages import MachineActionFailed, VoicemailEnded, VoicemailStarted
from dialerd.core.messages import (
    AgentAccept,
    AgentDispose,
    AgentLogin,
    AgentLogout,
    AgentPause,
    AgentSaved,
    AgentSkip,
    AgentUnpause,
    CallAnswered,
    CallBridged,
    CallRinging,
    CallUnbridged,
    CampaignOrder,
    CampaignSaved,
    Event,
    HangupAttempt,
    LeadsClaimed,
    LegUp,
    MessageEnded,
    MessageStarted,
    OriginateFailed,
    PbxConnected,
    PbxLost,
    ShutdownBegan,
    StoreFailed,
    StoreRecovered,
    TestCall,
    UnattendedTrace,
    VerdictAbandoned,
    VerdictAsked,
)

from .hostile import hostile_events
from .model_shell import UP, Channel, Leg, Model
from .values import NODE, agent, campaign, lead

A, S = AttemptState, AgentState
PICK = st.integers(0, 10_000)


class FloorRules(RuleBasedStateMachine):
    """The rules; the invariants stand in `test_invariants.py`."""

    model: Model

    @initialize(
        start=st.booleans(),
        preview=st.sampled_from([None, None, OnTimeout.SKIP, OnTimeout.DIAL]),
        action=st.sampled_from(AmdAction),
        doubt=st.sampled_from(AmdPolicy),
    )
    def begin(
        self,
        start: bool,
        preview: OnTimeout | None,
        action: AmdAction = AmdAction.HANGUP,
        doubt: AmdPolicy = AmdPolicy.AGENT,
    ) -> None:
        leads = [lead(i, 1 + i % 2, number=f"39{i % 14:08d}") for i in range(1, 41)]
        self.model = Model(
            [
                campaign(
                    1,
                    dial_mode=DialMode.PROGRESSIVE if preview is None else DialMode.PREVIEW,
                    preview_on_timeout=preview or OnTimeout.SKIP,
                    amd_enabled=True,
                    amd_action=action,
                    amd_unsure=doubt,
                    voicemail_file="ours",
                    amd_transfer_extension="700",
                    wrapup_time_s=5.0,
                    max_lines=6,
                ),
                campaign(2, priority=60, dial_mode=DialMode.POWER, dial_ratio=2.0, wrapup_time_s=0.0, max_lines=5),
            ],
            [agent(1, campaigns=(1, 2)), agent(2), agent(3, campaigns=(1, 2), on_hook=True), agent(4, on_hook=True)],
            leads,
        )
        if start:
            self.model.connect()
            for agent_id in (1, 2, 3, 4):
                self.model.tell(AgentLogin(agent_id=agent_id))
            for leg in list(self.model.legs.values()):
                self._pick_up(leg)
            self._pass(1.0)

    # -- time

    @rule(seconds=st.sampled_from([0.01, 0.1, 0.3, 1.0, 2.0]))
    def time_passes(self, seconds: float) -> None:
        self._pass(seconds)

    @rule()
    def long_time_passes(self) -> None:
        self._pass(31.0)

    def _pass(self, seconds: float) -> None:
        m = self.model
        end = m.now.mono + seconds
        while (due := m.dialer.next_deadline()) is not None and due <= end:
            m.now = m.now.plus(max(0.0, due - m.now.mono))
            m.obey(m.dialer.expire(m.now))
        m.now = m.now.plus(end - m.now.mono)
        m.obey(m.dialer.tick(m.now))

    # -- everything as usual, so that the unusual meets calls in every state

    @rule(steps=st.integers(1, 3), hurry=st.booleans(), amd=st.sampled_from(["HUMAN", "HUMAN", "MACHINE", "NOTSURE"]))
    def life_goes_on(self, steps: int, hurry: bool, amd: str = "HUMAN") -> None:
        m = self.model
        for _ in range(steps):
            while m.claims:
                m.answer_claim()
            while m.opens and m.store_ok:
                m.commit(refuse=False)
            while m.hangups:
                m.carry_out_hangup()
            for leg in [leg for leg in m.legs.values() if not leg.up]:
                self._pick_up(leg)
            for channel in list(m.channels.values()):
                self._next_step(channel, amd)
            self._pass(0.2 if hurry else 1.0)

    def _next_step(self, channel: Channel, amd: str) -> None:
        match channel.phase:
            case "sent" | "ringing":
                channel.phase = "up"
                self.model.hear(CallAnswered(attempt_id=channel.attempt_id))
            case "up":
                self._ask(channel, amd)
            case "connecting":
                self._bridge(channel)
            case "message":
                self.model.hear(MessageStarted(attempt_id=channel.attempt_id))
            case "dropping":
                self.model.hear(VoicemailStarted(attempt_id=channel.attempt_id, cue="beep"))
                channel.phase = "over"
            case "over" | "moved":
                self.model.end_channel(channel.id)

    # -- the store

    @precondition(lambda self: self.model.claims)
    @rule()
    def claim_is_answered(self) -> None:
        self.model.answer_claim()

    @precondition(lambda self: self.model.opens and self.model.store_ok)
    @rule(refuse=st.sampled_from([False, False, False, True]))
    def intents_are_committed(self, refuse: bool) -> None:
        self.model.commit(refuse)

    @precondition(lambda self: self.model.store_ok)
    @rule(lost=st.booleans())
    def store_fails(self, lost: bool) -> None:
        m = self.model
        ids = tuple(a.id for batch in m.opens for a in batch.attempts) if lost else ()
        if lost:
            m.opens.clear()
        m.store_ok = False
        m.tell(StoreFailed(what="disk full", attempt_ids=ids))

    @precondition(lambda self: not self.model.store_ok)
    @rule()
    def store_recovers(self) -> None:
        self.model.store_ok = True
        self.model.tell(StoreRecovered())

    # -- the link and dialerd itself

    @precondition(lambda self: self.model.link_up)
    @rule()
    def link_is_lost(self) -> None:
        self.model.link_up = False
        self.model.tell(PbxLost(node=NODE, reason="cable"))

    @precondition(lambda self: not self.model.link_up)
    @rule()
    def link_comes_up(self) -> None:
        self.model.connect()

    @rule(really=st.integers(0, 3))
    def dialerd_is_killed_and_started(self, really: int) -> None:
        if really == 0:
            self.model.store_ok = True
            self.model.restart()

    @rule(really=st.integers(0, 15))
    def shutdown_begins(self, really: int) -> None:
        if really == 0:
            self.model.tell(ShutdownBegan())

    # -- the far end

    def _channel(self, pick: int, *phases: str) -> Channel | None:
        fitting = [c for c in self.model.channels.values() if c.phase in phases]
        return fitting[pick % len(fitting)] if fitting else None

    @rule(pick=PICK, answer=st.booleans(), told=st.booleans())
    def phone_rings_or_is_answered(self, pick: int, answer: bool, told: bool) -> None:
        channel = self._channel(pick, "sent", "ringing")
        if channel is None:
            return
        channel.phase = "up" if answer else "ringing"
        event = CallAnswered(attempt_id=channel.attempt_id) if answer else CallRinging(attempt_id=channel.attempt_id)
        if told or not answer:  # the AGI may ask before AMI tells of the answer
            self.model.hear(event)

    @rule(pick=PICK, status=st.sampled_from(["HUMAN", "HUMAN", "", "NOTSURE", "MACHINE", "HANGUP"]))
    def agi_asks(self, pick: int, status: str) -> None:
        channel = self._channel(pick, "up")
        if channel is not None:
            self._ask(channel, status)

    def _ask(self, channel: Channel, status: str) -> None:
        m = self.model
        m.next_request += 1
        m.requests[m.next_request] = channel.attempt_id
        channel.phase = "asking"
        m.tell(
            VerdictAsked(
                request_id=m.next_request,
                attempt_id=channel.attempt_id,
                token=channel.token,
                amd_status=status,
                amd_cause="",
            )
        )

    @rule(pick=PICK, works=st.integers(0, 4))
    def dialplan_bridges(self, pick: int, works: int) -> None:
        channel = self._channel(pick, "connecting")
        if channel is not None and works == 0:
            self._ask(channel, "HUMAN")
        elif channel is not None:
            self._bridge(channel)

    def _bridge(self, channel: Channel) -> None:
        leg = self.model.legs.get(channel.leg_id)
        if leg is None or not leg.up or leg.talks_to is not None:
            self._ask(channel, "HUMAN")
            return
        channel.phase, leg.talks_to = "bridged", channel.attempt_id
        self.model.hear(CallBridged(attempt_id=channel.attempt_id, agent_id=leg.agent_id, leg_id=leg.id))

    @rule(pick=PICK, by=st.sampled_from([HungUpBy.AGENT, HungUpBy.CUSTOMER]))
    def talk_ends(self, pick: int, by: HungUpBy) -> None:
        channel = self._channel(pick, "bridged")
        leg = self.model.legs.get(channel.leg_id) if channel else None
        if channel is None or leg is None:
            return
        channel.phase, leg.talks_to = "over", None
        self.model.hear(CallUnbridged(attempt_id=channel.attempt_id, agent_id=leg.agent_id, by=by))

    @rule(pick=PICK)
    def customer_hangs_up(self, pick: int) -> None:
        channel = self._channel(pick, "sent", "ringing", *UP)
        if channel is not None:
            self.model.end_channel(channel.id)

    @rule(pick=PICK, ended=st.booleans())
    def message_plays(self, pick: int, ended: bool) -> None:
        channel = self._channel(pick, "message")
        if channel is not None:
            kind = MessageEnded if ended else MessageStarted
            self.model.hear(kind(attempt_id=channel.attempt_id))

    @rule(pick=PICK, what=st.sampled_from(["start", "end", "failed"]))
    def machine_gets_something(self, pick: int, what: str) -> None:
        channel = self._channel(pick, "dropping", "moved")
        if channel is None or (what != "failed" and channel.phase == "moved"):
            return
        if what == "start":
            self.model.hear(VoicemailStarted(attempt_id=channel.attempt_id, cue="silence"))
            return
        channel.phase = "over"
        ended, failed = (
            VoicemailEnded(attempt_id=channel.attempt_id),
            MachineActionFailed(attempt_id=channel.attempt_id, why="no such thing"),
        )
        self.model.hear(ended if what == "end" else failed)

    @rule(pick=PICK)
    def dialplan_acts_alone(self, pick: int) -> None:
        m, channel = self.model, self._channel(pick, "up", "asking")
        if channel is None:
            return
        asked, channel.phase = channel.phase == "asking", "message"
        of = channel.attempt_id
        trace = UnattendedTrace(
            attempt_id=of,
            token=channel.token,
            answered_at=m.now.wall,
            message_started_at=m.now.wall,
            message_ended_at=None,
            reason="timeout" if asked else "amd",
            key=f"unattended/{of}",
        )
        m.traces[trace.key] = trace
        for request in [r for r, asked_for in m.requests.items() if asked_for == of]:
            del m.requests[request]
            m.tell(VerdictAbandoned(request_id=request, attempt_id=of))
        m.hear(trace, MessageStarted(attempt_id=of))

    @rule(pick=PICK, certain=st.booleans())
    def originate_fails(self, pick: int, certain: bool) -> None:
        channel = self._channel(pick, "sent")
        if channel is not None:
            del self.model.channels[channel.attempt_id]
            self.model.hear(OriginateFailed(channel_id=channel.id, reason="no route", certain=certain))

    @precondition(lambda self: self.model.hangups)
    @rule()
    def hangup_takes_effect(self) -> None:
        self.model.carry_out_hangup()

    # -- agents

    def _pick_up(self, leg: Leg) -> None:
        leg.up = True
        self.model.hear(LegUp(agent_id=leg.agent_id, leg_id=leg.id))

    @rule(pick=PICK)
    def phone_is_picked_up(self, pick: int) -> None:
        ringing = [leg for leg in self.model.legs.values() if not leg.up]
        if ringing:
            self._pick_up(ringing[pick % len(ringing)])

    @rule(pick=PICK)
    def phone_is_put_down(self, pick: int) -> None:
        legs = list(self.model.legs)
        if legs:
            self.model.end_channel(legs[pick % len(legs)])

    @rule(
        agent_id=st.integers(1, 4), order=st.sampled_from(["login", "logout", "force", "pause", "unpause", "unpause"])
    )
    def agent_orders(self, agent_id: int, order: str) -> None:
        orders: dict[str, Event] = {
            "login": AgentLogin(agent_id=agent_id),
            "logout": AgentLogout(agent_id=agent_id),
            "force": AgentLogout(agent_id=agent_id, force=True),
            "pause": AgentPause(agent_id=agent_id, reason="tea"),
            "unpause": AgentUnpause(agent_id=agent_id),
        }
        self.model.tell(orders[order])

    @rule(agent_id=st.integers(1, 4), code=st.sampled_from(["sale", "callback", "machine", "nonsense"]))
    def agent_disposes(self, agent_id: int, code: str) -> None:
        self.model.tell(AgentDispose(agent_id=agent_id, code=code))

    @rule(agent_id=st.integers(1, 4), skip=st.sampled_from([False, False, True]))
    def agent_answers_a_preview(self, agent_id: int, skip: bool) -> None:
        self.model.tell(AgentSkip(agent_id=agent_id) if skip else AgentAccept(agent_id=agent_id))

    @rule(agent_id=st.integers(1, 4), campaigns=st.sampled_from([(1,), (2,), (1, 2), ()]), on_hook=st.booleans())
    def agent_is_edited(self, agent_id: int, campaigns: tuple[int, ...], on_hook: bool) -> None:
        self.model.agents[agent_id] = agent(agent_id, campaigns=campaigns, on_hook=on_hook)
        self.model.tell(AgentSaved(profile=self.model.agents[agent_id]))

    # -- operators

    @rule(campaign_id=st.integers(1, 3), verb=st.sampled_from(CampaignVerb))
    def campaign_order(self, campaign_id: int, verb: CampaignVerb) -> None:
        self.model.tell(CampaignOrder(campaign_id=campaign_id, verb=verb))

    @rule(
        campaign_id=st.integers(1, 2),
        change=st.sampled_from(
            [
                {"dial_mode": DialMode.POWER, "dial_ratio": 1.5},
                {"dial_mode": DialMode.PROGRESSIVE},
                {"dial_mode": DialMode.PREDICTIVE},
                {"dial_mode": DialMode.PREVIEW, "preview_time_s": 5.0},
                {"dial_mode": DialMode.PREVIEW, "preview_on_timeout": OnTimeout.DIAL},
                {"amd_action": AmdAction.VOICEMAIL},
                {"amd_not_run": AmdPolicy.MACHINE},
                {"trunk": "gone"},
                {"trunk": "out"},
                {"max_lines": 3},
                {"wrapup_time_s": 0.0},
                {"priority": 99},
            ]
        ),
    )
    def campaign_is_edited(self, campaign_id: int, change: dict[str, Any]) -> None:
        now = self.model.dialer.floor.campaigns[campaign_id].campaign
        self.model.tell(CampaignSaved(campaign=replace(now, **change)))

    @rule(pick=PICK, by_agent=st.booleans())
    def operator_hangs_up(self, pick: int, by_agent: bool) -> None:
        ids = [*self.model.dialer.floor.calls, 999_999]
        self.model.tell(HangupAttempt(attempt_id=ids[pick % len(ids)], by_agent=by_agent))

    @rule(number=st.integers(0, 13))
    def test_call(self, number: int) -> None:
        self.model.tell(TestCall(campaign_id=1, lead=lead(500 + number, number=f"39{number:08d}")))

    # -- late, repeated and hostile

    @precondition(lambda self: self.model.history)
    @rule(pick=PICK)
    def event_is_repeated(self, pick: int) -> None:
        event = self.model.history[pick % len(self.model.history)]
        if isinstance(event, PbxConnected | StoreRecovered | StoreFailed | TestCall):
            return  # those change the model itself
        if isinstance(event, LeadsClaimed) and event.leads:
            return  # the store answers a claim once: leads that come again would be others, that nothing else knows
        if isinstance(event, PbxLost):
            self.model.link_up = False
        if isinstance(event, VerdictAsked):
            self.model.next_request += 1
            event = replace(event, request_id=self.model.next_request)
            self.model.requests[event.request_id] = event.attempt_id
        self.model.tell(event)

    @rule(pick=PICK, leg=PICK, kind=st.integers(0, 15))
    def hostile_event(self, pick: int, leg: int, kind: int) -> None:
        m = self.model
        events = hostile_events(m, pick, leg)
        event = events[kind % len(events)]
        if isinstance(event, VerdictAsked):
            m.requests[event.request_id] = event.attempt_id
        m.tell(event)
