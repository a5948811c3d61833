# connections: 1
"""A handler of the program's own, which the logging package holds."""

import logging
import sys

import requests


class Shipper(logging.Handler):
    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self.session = requests.Session()

    def emit(self, record: logging.LogRecord) -> None:
        self.session.get(self.url, timeout=5)

    def close(self) -> None:
        super().close()
        self.session.close()


logging.getLogger("app").addHandler(Shipper(sys.argv[1]))
logging.getLogger("app").warning("ready")
logging.getLogger("app").handlers[0].close()
