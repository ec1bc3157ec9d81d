"""What may happen: rules, worked examples, refusals in their order, and the laws that hold for any sequence."""
