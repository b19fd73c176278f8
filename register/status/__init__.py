"""Status: the published lists of which credentials are revoked or suspended, signed by the node, and the node's DID."""
