"""libcurl, by way of pycurl: pools, transfers and what drives them."""
