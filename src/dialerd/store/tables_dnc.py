"""Owns the tables of numbers nobody may dial that do not come from a person: imported lists and prefixes."""

from __future__ import annotations

from peewee import BigAutoField, BigIntegerField, BooleanField, CompositeKey, TextField

from dialerd.store.tables import Table, reference


class DncList(Table):
    """One import of a list. Of one name the last complete one counts; `data_date` (ISO) is that of the data."""

    id = BigAutoField()
    name = TextField()
    data_date = TextField()
    imported_at = BigIntegerField()
    entries = BigIntegerField(default=0)
    complete = BooleanField(default=False)

    class Meta:
        table_name = "dnc_list"
        indexes = ((("name",), False),)


class DncNumber(Table):
    """A number on a list: the digits of its E.164 form. In the order of the key, for lists of ten millions."""

    number = BigIntegerField()
    list_id = BigIntegerField(constraints=reference("dnc_list"))

    class Meta:
        table_name = "dnc_number"
        primary_key = CompositeKey("number", "list_id")


class DncPrefix(Table):
    """All numbers that begin with this; `campaign_id` NULL: for every campaign."""

    id = BigAutoField()
    prefix = TextField()
    campaign_id = BigIntegerField(null=True, constraints=reference("campaign"))
    source = TextField(default="")
    added_at = BigIntegerField()

    class Meta:
        table_name = "dnc_prefix"
        indexes = ((("prefix", "campaign_id"), True),)
