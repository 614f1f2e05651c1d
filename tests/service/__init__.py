"""The service as a newcomer and an operator meet it: processes, signals, and the command."""
