"""What is done around orders and not to them: by operators, by support, by whoever reads a history."""
