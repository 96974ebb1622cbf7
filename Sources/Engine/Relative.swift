extension Manifest {
  /// The lines that differ from another manifest, as "fact: theirs → ours", most telling first.
  package func difference(from other: Manifest) -> [String] {
    func facts(_ manifest: Manifest) -> [String: String] {
      var facts: [String: String] = [:]
      for line in manifest.canonicalText.split(separator: "\n") {
        let fields = line.split(separator: " ", maxSplits: line.hasPrefix("parameter ") ? 2 : 1).map(String.init)
        facts[fields.dropLast().joined(separator: " ")] = fields.last
      }
      return facts
    }
    let theirs = facts(other)
    let ours = facts(self)
    return Set(theirs.keys).union(ours.keys).sorted().filter { theirs[$0] != ours[$0] }.map { name in
      if name.hasPrefix("code.") { return "\(Self.words[name] ?? name) changed" }
      return "\(name): \(theirs[name] ?? "nothing") → \(ours[name] ?? "nothing")"
    }
  }

  private static let words = [
    "code.experiment": "code of the experiment", "code.paper": "code its paper's experiments share",
    "code.methods": "code of the numerical methods", "code.compiler": "the compiler",
  ]
}

extension Store {
  /// The stored cell of the same experiment whose manifest differs in the fewest lines, with these lines. Looks at no more
  /// than `limit` cells.
  package func nearestRelative(of manifest: Manifest, among keys: Set<CellKey>, limit: Int = 2000) throws -> (
    key: CellKey, difference: [String]
  )? {
    var best: (key: CellKey, difference: [String])?
    for key in keys.sorted().prefix(limit) {
      guard let other = try cell(key)?.manifest, other.experiment == manifest.experiment else { continue }
      let difference = manifest.difference(from: other)
      if difference.count < best?.difference.count ?? .max { best = (key, difference) }
    }
    return best
  }
}
