"""The registers of contact points and names, as local copies that follow the registers' own feeds.

The copies are registers themselves: they hold what the registers publish to those who may use them,
in clear, and are read at every sending; nothing of them is kept with an order but what was used, sealed.
"""
