"""The bridge: the only code that knows both the protocol's words and the shop's."""
