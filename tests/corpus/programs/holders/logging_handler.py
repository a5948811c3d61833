# cause: H
# report: elasticsearch-py #2349
# library: requests
# connections: 1
# leaks: 1
# kind: unclosed
# owner: requests.Session
# held_by: logging.Logger.manager | Manager.loggerDict['app'] | Logger.handlers[0] | Shipper.session | Session
"""A handler of the program's own, which the logging package holds."""

import logging
import sys

import requests


class Shipper(logging.Handler):
    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self.session = requests.Session()  # made here

    def emit(self, record: logging.LogRecord) -> None:
        self.session.get(self.url, timeout=5)  # opened here

    def end(self) -> None:
        self.session.close()


logging.getLogger("app").addHandler(Shipper(sys.argv[1]))
logging.getLogger("app").warning("ready")
