"""What persons keep here about themselves, under the paths of Altinn's Profile."""
