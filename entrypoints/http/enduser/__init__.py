"""What people see of what was sent to them."""
