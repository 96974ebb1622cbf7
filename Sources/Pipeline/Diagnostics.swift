/// Collects the mistakes of one pass over the user's files, so that all are told at once.
package final class Diagnostics {
  /// Each once: what several profiles share is read for each of them, and what stands in an alias or has facets several
  /// times.
  private var found: [Diagnostic] = []
  private var known: Set<String> = []
  /// The files in the order in which they were read: mistakes of one may follow from those of an earlier one.
  private var files: [String] = []
  /// How often something was reported, repeats included.
  package private(set) var reportCount = 0

  package init() {}

  package func report(_ fact: Diagnostic.Fact, at location: SourceLocation, in context: String) {
    reportCount += 1
    let diagnostic = Diagnostic(location: location, context: context, fact: fact)
    if known.insert(diagnostic.identity).inserted { found.append(diagnostic) }
    if !files.contains(location.file) { files.append(location.file) }
  }

  /// Throws ``PipelineError/invalidFiles(_:)`` if anything was found, in other files than those that are left aside.
  package func throwIfAny(leavingAside others: Set<String> = []) throws {
    let found = found.filter { !others.contains($0.location.file) }
    guard !found.isEmpty else { return }
    let rank = Dictionary(uniqueKeysWithValues: files.enumerated().map { ($1, $0) })
    func place(_ diagnostic: Diagnostic) -> (Int, Int, Int) {
      (rank[diagnostic.location.file] ?? 0, diagnostic.location.line, diagnostic.location.column)
    }
    throw PipelineError.invalidFiles(found.sorted { place($0) < place($1) })
  }
}

extension Diagnostic {
  /// What tells it from another: the same fact at the same place is one mistake.
  fileprivate var identity: String {
    let fact =
      switch fact {
      // The names that there are may be many, and say nothing of the mistake.
      case .unknownKey(let key, _): "key \(key)"
      case .unknownName(let kind, let name, _): "\(kind) \(name)"
      case .selectsNothing(let name, let value, _): "\(name) \(value)"
      default: "\(fact)"
      }
    return "\(location): \(fact)"
  }
}

/// The candidate most like a misspelt name, or nil if none is near: at most a third of its letters may differ, or it is
/// the only one that begins so.
package func nearestSpelling(of name: String, among candidates: [String]) -> String? {
  // Longer ones are nobody's slip, and comparing takes the product of the lengths.
  guard name.utf8.count <= PipelineFile.nameLimit else { return nil }
  let allowance = max(1, name.count / 3)
  let candidates = candidates.prefix(1000)
  let best = candidates.filter { abs($0.count - name.count) <= allowance }
    .map { (name: $0, distance: editDistance(name.lowercased(), $0.lowercased())) }
    .min { $0.distance < $1.distance }
  if let best, best.distance <= allowance { return best.name }
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
