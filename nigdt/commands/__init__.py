"""Commands of this package for the `nigdt` command line."""
