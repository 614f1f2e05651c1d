"""What is known of an owner: whether it may order here, on what terms, and whether it is suspended."""
