"""The documents of the JSON interface, from which its OpenAPI description is made."""
