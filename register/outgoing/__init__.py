"""HTTP to strangers: to checked public addresses only, bounded in time and size, suspicious of every answer.

No Django and no settings: who opens a client says where it may go. Other nodes are asked through
`federation.transport`, DID documents and status lists through `fetching`.
"""
