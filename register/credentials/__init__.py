"""Credentials: commitments and receipts of what issuers anchor, status lists, and the verifying of real credentials.

Everything here runs without Django, a database or a broker; what lies outside (web, registers) comes in through the
ports of `ports.py`, so that the node, the command line and an offline bundle share one code path.
"""
