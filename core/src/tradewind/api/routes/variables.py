"""Variables."""

from __future__ import annotations

from tradewind.api.route import Route
from tradewind.api.schemas.places import PlacesSchema
from tradewind.api.schemas.variables import (
    VariableBody,
    VariableChange,
    VariableChangeQuery,
    VariableCollection,
    VariableListQuery,
    VariableSchema,
)
from tradewind.operations import variables

ROUTES = (
    Route(
        "GET",
        "/variables",
        variables.list_variables,
        query=VariableListQuery,
        answer=VariableCollection,
        name="get_variables",
    ),
    Route(
        "POST",
        "/variables",
        variables.create_variable,
        body=VariableBody,
        answer=VariableSchema,
        name="post_variables",
    ),
    Route("GET", "/variables/{variable_key}", variables.get_variable, answer=VariableSchema),
    Route("GET", "/variables/{variable_key}/explanation", variables.explain_variable, answer=PlacesSchema),
    Route(
        "PATCH",
        "/variables/{variable_key}",
        variables.change_variable,
        query=VariableChangeQuery,
        body=VariableChange,
        body_as="values",
        answer=VariableSchema,
        name="patch_variable",
    ),
    Route("DELETE", "/variables/{variable_key}", variables.delete_variable, status=204),
)
