"""The transparency log as pure functions: bytes in, bytes or the next trusted state out.

No Django, no I/O, no clock, no randomness: whoever calls passes bytes, times, keys and seeds in.
Hashing is RFC 9162 section 2.1, the formats are C2SP signed-note, tlog-checkpoint, tlog-cosignature,
tlog-tiles, tlog-proof, tlog-policy and tlog-witness at C2SP/C2SP commit 5ba5ee8.
"""
