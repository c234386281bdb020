"""Commands of this house for the `nigdt` command line."""
