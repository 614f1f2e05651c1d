"""How organisations change their own addresses in the register."""
