import Engine
import ToyPaper

// usage: toy-worker STORE
try Worker(catalogue: toyCatalogue(), store: Store(root: CommandLine.arguments[1])).serve(input: 0, output: 1)
