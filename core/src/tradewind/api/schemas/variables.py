"""Variables in requests and answers."""

from __future__ import annotations

from tradewind.api.fields import Name, Text
from tradewind.api.schemas.common import PageQuery, Query, Schema, collection, order_by, update_mask
from tradewind.metadata.statements.variables import ORDERS

LONGEST_VALUE = 1_000_000


class VariableSchema(Schema):
    """A variable; where its key tells of a secret, or a name inside a value that is JSON, the value is stars."""

    key = Name(metadata={"example": "region"})
    value = Text(longest=LONGEST_VALUE, metadata={"example": "eu-central-1"})
    description = Text(allow_none=True, metadata={"example": "Where the buckets are"})


class VariableBody(Schema):
    """A variable to be created."""

    key = Name(required=True, metadata={"example": "region"})
    value = Text(required=True, longest=LONGEST_VALUE, metadata={"example": "eu-central-1"})
    description = Text(allow_none=True, metadata={"example": "Where the buckets are"})


class VariableChange(Schema):
    """What is to be changed of a variable; stars in place of a secret leave it as it is."""

    key = Name(metadata={"example": "region"})
    value = Text(longest=LONGEST_VALUE, metadata={"example": "eu-west-1"})
    description = Text(allow_none=True, metadata={"example": "Where the buckets are"})


class VariableChangeQuery(Query):
    """Which fields count."""

    update_mask = update_mask(VariableChange)


class VariableListQuery(PageQuery):
    """Which variables are asked for."""

    order_by = order_by(ORDERS)


VariableCollection = collection("variables", VariableSchema)
