"""Tasks: what one load is to its user, and how its callbacks are delivered."""
