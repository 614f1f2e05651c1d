"""What the composition root is put together from: ports meet adapters here, by what is wired."""
