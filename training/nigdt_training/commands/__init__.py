"""Commands of the training house, registered in the entry-point group `nigdt.commands`."""
