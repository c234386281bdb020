"""Commands of the training package, registered in the entry-point group `nigdt.commands`."""
