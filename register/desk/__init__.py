"""The desk: where agencies, issuers and operators prepare, approve and publish what goes on the ledger."""
