"""The commands: ``urlsession fetch`` and ``urlsession watch``."""
