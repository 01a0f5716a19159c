"""Owns the one table of the protocol: each method with the roles that may call it. Prose: docs/control-protocol.md."""

from __future__ import annotations

from dialerd.control.context import Binder, Handler, Method
from dialerd.control.methods import (
    agents,
    amd,
    audio,
    calls,
    campaigns,
    daemon,
    dnc,
    leads,
    ledger,
    lists,
    pacing,
    previews,
)
from dialerd.control.params import NoParams, columns, named
from dialerd.control.peer import Role

ANYBODY: frozenset[Role] = frozenset()
ADMIN = frozenset({Role.ADMIN})
SUPERVISOR = ADMIN | {Role.SUPERVISOR}
READER = SUPERVISOR | {Role.AUDITOR}
AGENT = SUPERVISOR | {Role.AGENT}
EVERY_ROLE = frozenset(Role)

NOTHING = named(NoParams)
CAMPAIGN = named(campaigns.CampaignParams)
AGENT_NAME = named(agents.AgentParams)
CALL = named(calls.CallParams)

_READS: tuple[tuple[str, frozenset[Role], Binder, Handler], ...] = (
    ("hello", ANYBODY, named(daemon.HelloParams), daemon.hello),
    ("version", ANYBODY, NOTHING, daemon.version),
    ("status", READER, NOTHING, daemon.status),
    ("config.show", ADMIN, NOTHING, daemon.config_show),
    ("campaign.list", READER, NOTHING, campaigns.list_all),
    ("campaign.show", READER, CAMPAIGN, campaigns.show),
    ("campaign.explain", READER, CAMPAIGN, campaigns.explain),
    ("campaign.ledger", READER, named(ledger.LedgerParams), ledger.show),
    ("pacing.show", READER, named(pacing.ShowParams), pacing.show),
    ("campaign.replay", READER, named(campaigns.ReplayParams), campaigns.replay),
    ("lead.list", READER, named(leads.ListParams), leads.list_some),
    ("lead.explain", READER, named(leads.LeadParams), leads.explain),
    ("lead.show", READER, named(leads.LeadParams), leads.show),
    ("list.list", READER, named(lists.ListsParams), lists.list_all),
    ("list.show", READER, named(lists.ListParams), lists.show),
    ("retry.list", READER, named(lists.ListsParams), lists.rules),
    ("callback.list", EVERY_ROLE, named(dnc.CallbacksParams), dnc.callbacks),
    ("dnc.list", READER, named(dnc.EntriesParams), dnc.entries),
    ("dnc.lists", READER, NOTHING, dnc.lists),
    ("dnc.check", EVERY_ROLE, named(dnc.NumbersParams), dnc.check),
    ("agent.list", EVERY_ROLE, NOTHING, agents.list_all),
    ("agent.preview", EVERY_ROLE, AGENT_NAME, previews.show),
    ("call.list", READER, named(calls.ListParams), calls.list_some),
    ("call.show", READER, CALL, calls.show),
    ("amd.report", READER, named(amd.ReportParams), amd.report),
    ("amd.calls", READER, named(amd.CallsParams), amd.calls),
    ("amd.queue", READER, named(amd.QueueParams), amd.queue),
    ("amd.samples", READER, named(amd.SamplesParams), amd.samples),
    ("audio.list", EVERY_ROLE, NOTHING, audio.list_all),
    ("audio.check", EVERY_ROLE, named(audio.CheckParams), audio.check),
    ("audio.send", SUPERVISOR, named(audio.SendParams), audio.send),
    ("disposition.list", EVERY_ROLE, NOTHING, calls.dispositions),
)

_CHANGES: tuple[tuple[str, frozenset[Role], Binder, Handler], ...] = (
    ("campaign.add", ADMIN, columns, campaigns.add),
    ("campaign.edit", ADMIN, named(campaigns.EditParams), campaigns.edit),
    ("campaign.start", SUPERVISOR, CAMPAIGN, campaigns.start),
    ("campaign.pause", SUPERVISOR, CAMPAIGN, campaigns.pause),
    ("campaign.resume", SUPERVISOR, CAMPAIGN, campaigns.resume),
    ("campaign.stop", SUPERVISOR, CAMPAIGN, campaigns.stop),
    ("lead.import", ADMIN, named(leads.ImportParams), leads.import_rows),
    ("lead.add", ADMIN, named(lists.AddLeadParams), lists.add_lead),
    ("lead.edit", ADMIN, named(lists.EditLeadParams), lists.edit_lead),
    ("lead.remove", ADMIN, named(leads.LeadParams), lists.remove_lead),
    ("list.edit", SUPERVISOR, named(lists.EditListParams), lists.edit),
    ("list.recycle", SUPERVISOR, named(lists.RecycleParams), lists.recycle),
    ("list.remove", ADMIN, named(lists.ListParams), lists.remove),
    ("retry.set", ADMIN, named(lists.SetRuleParams), lists.set_rule),
    ("retry.remove", ADMIN, named(lists.RuleParams), lists.remove_rule),
    ("callback.add", AGENT, named(dnc.CallbackParams), dnc.add_callback),
    ("callback.cancel", SUPERVISOR, named(dnc.CallbackIdParams), dnc.cancel_callback),
    ("dnc.add", AGENT, named(dnc.AddParams), dnc.add),
    ("dnc.remove", ADMIN, named(dnc.NumbersParams), dnc.remove),
    ("dnc.begin", ADMIN, named(dnc.BeginParams), dnc.begin),
    ("dnc.add_chunk", ADMIN, named(dnc.ChunkParams), dnc.add_chunk),
    ("dnc.finish", ADMIN, named(dnc.ImportParams), dnc.finish),
    ("dnc.remove_list", ADMIN, named(dnc.NameParams), dnc.remove_list),
    ("agent.add", ADMIN, named(agents.AddParams), agents.add),
    ("agent.login", AGENT, AGENT_NAME, agents.login),
    ("agent.logout", AGENT, named(agents.LogoutParams), agents.logout),
    ("agent.pause", AGENT, named(agents.PauseParams), agents.pause),
    ("agent.unpause", AGENT, AGENT_NAME, agents.unpause),
    ("agent.dispose", AGENT, named(agents.DisposeParams), agents.dispose),
    ("agent.accept", AGENT, AGENT_NAME, previews.accept),
    ("agent.skip", AGENT, named(previews.SkipParams), previews.skip),
    ("audio.put", SUPERVISOR, named(audio.PutParams), audio.put),
    ("audio.remove", SUPERVISOR, named(audio.NameParams), audio.remove),
    ("call.review", AGENT, named(amd.ReviewParams), amd.review),
    ("call.hangup", SUPERVISOR, CALL, calls.hangup),
    ("call.reconcile", SUPERVISOR, named(calls.ReconcileParams), calls.reconcile),
    ("call.test", ADMIN, named(calls.TestParams), calls.test),
)

METHODS: dict[str, Method] = {
    name: Method(name=name, roles=roles, bind=bind, handler=handler, changes=changes)
    for changes, rows in ((False, _READS), (True, _CHANGES))
    for name, roles, bind, handler in rows
}
"""Every method by name. `changes` True: each request is audited; a refusal for lack of a role always is."""
