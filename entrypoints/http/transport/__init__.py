"""How requests and answers are carried: routes, bodies, callers, problems; nothing of what they are about."""
