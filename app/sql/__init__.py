"""The way to the database: several statements in one message, and answers read quickly. Knows no shop and no ledger."""
