"""In charge of the operator's commands, a module for each family; thin, they call what the endpoints call."""
