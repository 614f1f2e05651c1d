"""Where people see and change the official addresses of organisations that they may act for."""
