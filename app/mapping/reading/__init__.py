"""In charge of reading mapping.yaml against one shop: words, rules, sections; every mistake with its place."""
