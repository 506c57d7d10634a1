"""The server's own administration API, `/som/v1`."""
