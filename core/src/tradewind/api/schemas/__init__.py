"""Marshmallow schemas: what requests must be like and what answers are; the document is made from them."""
