package import Pipeline
private import Platform

extension Store {
  /// Where the digests of a program's files are kept, under the digest of them all, which is part of a key.
  private func sourcesPath(_ digest: String) -> String { "\(root)/sources/\(digest).txt" }

  /// Keeps the digests of the files of an experiment's program, so that ``changedSources(of:from:to:)`` can tell later which of
  /// them is another. Nothing for an experiment that is no program. Throws ``FileError`` and `PipelineError`.
  package func keepSources(of experiment: ExperimentDescription) throws {
    guard case .program(let program) = experiment.implementation else { return }
    let text = try program.sourcesText()
    let digest = CellKey.digest(text)
    let path = sourcesPath(digest)
    if Files.sizeAndTime(path)?.size == text.utf8.count { return }
    try Files.makeFolder(root + "/sources")
    try Files.makeFolder(root + "/tmp")
    try Files.write(Array(text.utf8), to: path, by: "\(root)/tmp/\(UInt32.random(in: 0 ... .max))-sources")
  }

  /// What became of an experiment's files between two digests of them all: ": walk.py"; where one of them was not kept, the
  /// files that count.
  func changedSources(of experiment: ExperimentDescription, from old: String, to new: String) throws -> String {
    guard case .program(let program) = experiment.implementation else { return "" }
    let text = try program.sourcesText()
    let now = CellKey.digest(text) == new ? Self.digests(text) : try sources(new)
    guard let now else { return "" }
    guard let before = try sources(old) else {
      return "; those that count: \(Self.list(now.keys.sorted()))"
    }
    let names = Set(now.keys).union(before.keys).sorted().filter { now[$0] != before[$0] }
    return ": " + Self.list(names.map { $0 + (before[$0] == nil ? " (new)" : now[$0] == nil ? " (gone)" : "") })
  }

  private static func list(_ names: [String]) -> String {
    names.prefix(8).map(ErrorMessage.visible).joined(separator: ", ") + (names.count > 8 ? ", …" : "")
  }

  /// The digests by file that were kept under one; nil if none were, or not these.
  private func sources(_ digest: String) throws -> [String: String]? {
    guard CellKey(digest) != nil, let bytes = try Files.bytes(of: sourcesPath(digest), limit: 64 << 20),
      bytes.withUnsafeBytes({ CellKey.digest($0) }) == digest
    else { return nil }
    return Self.digests(String(decoding: bytes, as: UTF8.self))
  }

  /// A file's name may hold spaces, its digest none.
  private static func digests(_ text: String) -> [String: String] {
    let pairs = text.split(separator: "\n").compactMap { line in
      line.lastIndex(of: " ").map { (String(line[..<$0]), String(line[$0...].dropFirst())) }
    }
    return Dictionary(pairs) { first, _ in first }
  }
}
