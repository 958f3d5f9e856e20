"""Readings that cannot be counts of this account: what a source, not the account, has done."""
