"""Tables as files that others read into their warehouses."""
