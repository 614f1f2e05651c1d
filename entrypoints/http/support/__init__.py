"""What support sees of a person or an organisation."""
