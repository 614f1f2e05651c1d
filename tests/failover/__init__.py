"""The service on a cluster that fails over: three hosts of a Patroni, and harm done to them under load."""
