"""Questions to the read model: facts for a trust decision, records, histories, lists and searches.

Reading only. Every answer can be had as it was known at an earlier size of the ledger (`cuts`).
"""
