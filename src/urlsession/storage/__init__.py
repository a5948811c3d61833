"""What outlives a load: cookies, cached responses, credentials.

Rules are pure and take the time as an argument; what touches the disk is apart.
"""
