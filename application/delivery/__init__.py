"""Carry orders out: find contact points, hand notifications over, take down what became of them."""
