"""Each figure has one name and one number."""

from __future__ import annotations

import pycurl

from urlsession.engine.figures import FIGURES, Figures


def test_names_and_numbers_are_as_many() -> None:
    """They are matched by their order alone."""
    assert len(FIGURES) == len(Figures._fields)
    assert len(set(FIGURES)) == len(FIGURES)


def test_every_figure_can_be_read_from_a_fresh_handle() -> None:
    """And is a number: the account adds them up."""
    curl = pycurl.Curl()
    try:
        figures = Figures(*(curl.getinfo(one) for one in FIGURES))
    finally:
        curl.close()

    assert all(isinstance(one, int) for one in figures)
    assert figures.total_us == figures.download_size == 0


def test_order_of_the_names_is_that_of_the_numbers() -> None:
    """By libcurl's own names, where ours resembles them."""
    by_name = dict(zip(Figures._fields, FIGURES, strict=True))

    assert by_name["queue_us"] == pycurl.QUEUE_TIME_T
    assert by_name["app_connect_us"] == pycurl.APPCONNECT_TIME_T
    assert by_name["start_transfer_us"] == pycurl.STARTTRANSFER_TIME_T
    assert by_name["upload_size"] == pycurl.SIZE_UPLOAD_T
    assert by_name["download_size"] == pycurl.SIZE_DOWNLOAD_T
    assert by_name["new_connections"] == pycurl.NUM_CONNECTS
    assert by_name["used_proxy"] == pycurl.USED_PROXY
