"""Where recipients would be reached, before anything is ordered."""
