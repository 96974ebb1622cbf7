/// Collects the mistakes of one pass over the user's files, so that all are told at once.
package final class Diagnostics {
  package private(set) var found: [Diagnostic] = []

  package init() {}

  package func report(_ fact: Diagnostic.Fact, at location: SourceLocation, in context: String) {
    found.append(Diagnostic(location: location, context: context, fact: fact))
  }

  /// Forgets those found after the first `count` that repeat an earlier one.
  package func removeRepeats(from count: Int) {
    let earlier = found.prefix(count)
    found = earlier + found.dropFirst(count).filter { !earlier.contains($0) }
  }

  /// Throws ``PipelineError/invalidFiles(_:)`` if anything was found.
  package func throwIfAny() throws {
    guard !found.isEmpty else { return }
    throw PipelineError.invalidFiles(
      found.sorted {
        ($0.location.file, $0.location.line, $0.location.column)
          < ($1.location.file, $1.location.line, $1.location.column)
      })
  }
}

/// The candidate most like a misspelt name, or nil if none is near: at most a third of its letters may differ, or it is
/// the only one that begins so.
package func nearestSpelling(of name: String, among candidates: [String]) -> String? {
  let best = candidates.map { (name: $0, distance: editDistance(name.lowercased(), $0.lowercased())) }
    .min { $0.distance < $1.distance }
  if let best, best.distance <= max(1, name.count / 3) { return best.name }
  let longer = Set(candidates.filter { name.count > 2 && $0.hasPrefix(name) })
  return longer.count == 1 ? longer.first : nil
}

/// Number of insertions, deletions, replacements and swaps of neighbours that turn one text into the other.
private func editDistance(_ first: String, _ second: String) -> Int {
  let a = Array(first.unicodeScalars)
  let b = Array(second.unicodeScalars)
  var beforeLast: [Int] = []
  var last = Array(0...b.count)
  for i in 0..<a.count {
    var row = [i + 1]
    for j in 0..<b.count {
      var best = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, beforeLast[j - 1] + 1) }
      row.append(best)
    }
    beforeLast = last
    last = row
  }
  return last[b.count]
}
