"""Cookies: what one is, which are taken, which are sent, and where they are kept."""
