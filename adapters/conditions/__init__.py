"""The sender's condition over HTTP, guarded: the address is the sender's, the network is ours."""
