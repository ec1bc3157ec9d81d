"""What callers may ask the ledger to do: one module a noun, each with its commands and the answers to them."""
