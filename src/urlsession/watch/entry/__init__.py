"""Ways in and out: how a watch begins, when it looks, and where its report goes."""
