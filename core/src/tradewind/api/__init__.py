"""The REST API: schemas, routes, errors as problem+json, and the document that OpenAPI clients are made from."""
