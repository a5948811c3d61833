"""URL protocols: how a request becomes transactions and a response."""
