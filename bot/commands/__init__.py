"""What people ask: one table of commands for every platform."""
