"""Take orders in, change them, and cancel them."""
