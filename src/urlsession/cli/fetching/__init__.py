"""The parts of ``urlsession fetch``; `urlsession.cli.fetch` puts them together."""
