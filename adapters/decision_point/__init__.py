"""Who decides what users may do for organisations: a table of grants, or a decision point over HTTP."""
