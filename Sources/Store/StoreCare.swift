private import FileFormats
private import Foundation
private import NumericalMethods
private import PaperKit
package import Pipeline
private import Platform

/// Looking after a store: checking, collecting what nothing needs any more, exchanging cells, recomputing samples.
package struct StoreCare {
  package let store: Store
  package let catalogue: Catalogue

  package init(store: Store, catalogue: Catalogue) {
    self.store = store
    self.catalogue = catalogue
  }

  // MARK: Check

  /// What a check found.
  package struct CheckReport: Sendable, Encodable {
    package var cells = 0
    /// Cells that a later refig wrote, which this one leaves alone.
    package var newer = 0
    package var bytes = 0
    /// Damaged cells, moved to quarantine, with the reason.
    package var damaged: [String] = []
    /// How many cells of each numeric class there are; empty unless they were read.
    package var classes: [String: Int] = [:]
  }

  /// Checks the digest of every cell; `deep` also reads each and compares its manifest with its name. Damaged cells are
  /// moved to quarantine.
  package func check(deep: Bool) throws -> CheckReport {
    var report = CheckReport()
    for key in try store.presentKeys().sorted() {
      report.cells += 1
      do {
        if deep, let cell = try store.cell(key) {
          report.classes[cell.numericClass?.description ?? "not recorded", default: 0] += 1
        }
        report.bytes += try store.verifiedBytes(key)?.count ?? 0
      } catch PipelineError.damaged(let path, let reason) {
        report.damaged.append("\(path): \(reason)")
      } catch PipelineError.newerFormat {
        report.newer += 1
      }
    }
    return report
  }

  // MARK: Garbage

  /// What no profile of pipeline.yaml needs.
  package struct Garbage: Sendable {
    package var keys: [CellKey] = []
    /// Other files: what killed processes left under private names, damaged cells that were moved aside, and reasons
    /// of failures of cells that nothing asks for any more.
    package var leftovers: [String] = []
    package var bytes = 0
    /// How many cells stay only because ``StoreCare/accept(_:)`` could still take them over.
    package var acceptableCount = 0
  }

  /// A process that is still writing may be on a machine whose clock is some hours off.
  private static let shortestGrace = 86400.0

  /// Cells that are not among the needed ones and were not touched within the grace time, and leftovers. Cells of a later
  /// refig are nobody's garbage here. What ``accept(_:)`` could take over for `wanted` cells that are missing, which may
  /// stand for days of computing, has a grace time of its own.
  package func garbage(
    needed: Set<CellKey>, wanted: [Manifest] = [], graceSeconds: Double, acceptanceSeconds: Double = 0, now: Double
  ) throws -> Garbage {
    var garbage = Garbage()
    let acceptable = Set(try predecessors(of: wanted).map(\.old))
    for key in try store.presentKeys().sorted() where !needed.contains(key) {
      let path = store.path(of: key)
      guard let (size, changed) = Files.sizeAndTime(path), now - changed >= graceSeconds,
        try !Store.isNewerCell(path)
      else { continue }
      if acceptable.contains(key), now - changed < acceptanceSeconds {
        garbage.acceptableCount += 1
        continue
      }
      garbage.keys.append(key)
      garbage.bytes += size
    }
    for folder in ["tmp", "quarantine", "failed"].map({ "\(store.root)/\($0)" })
    where FileManager.default.fileExists(atPath: folder) {
      for name in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() {
        if folder.hasSuffix("failed"), CellKey(name.dropLast(4)).map(needed.contains) ?? false { continue }
        guard let (size, changed) = Files.sizeAndTime("\(folder)/\(name)"),
          now - changed >= max(graceSeconds, Self.shortestGrace)
        else { continue }
        garbage.leftovers.append("\(folder)/\(name)")
        garbage.bytes += size
      }
    }
    return garbage
  }

  /// Removes it.
  package func remove(_ garbage: Garbage) throws {
    for path in garbage.keys.map(store.path(of:)) + garbage.leftovers {
      guard unlink(path) == 0 || errno == ENOENT else {
        throw FileError(.write, path, code: errno)
      }
    }
  }

  // MARK: Exchange

  /// An archive of cells, sorted by key: the same bytes wherever it is made.
  package func archive(_ keys: some Sequence<CellKey>) throws -> [UInt8] {
    var archive: [UInt8] = []
    try export(keys) { archive += $0 }
    return archive
  }

  /// The same in parts, one cell at a time.
  package func export(_ keys: some Sequence<CellKey>, write: ([UInt8]) throws -> Void) throws {
    for key in Set(keys).sorted() {
      try Interruption.check()
      guard let bytes = try store.verifiedBytes(key) else {
        throw PipelineError.cellsMissing(count: 1, command: "refig run")
      }
      try write(TarArchive.member(name: "\(key).h5", bytes))
    }
    try write(TarArchive.end)
  }

  /// What an import did.
  package struct ImportReport: Sendable, Encodable {
    package var added = 0
    package var present = 0
    /// Members that are not valid cells, with the reason; they were left out.
    package var refused: [String] = []
  }

  /// Takes cells from an archive, compressed by gzip or not, in any folders of it. It is read twice: an archive that is
  /// damaged anywhere throws ``PipelineError/damaged(path:reason:)`` before a cell is taken. Each member is then held in
  /// memory alone, and published only if it is exactly the cell that its name says.
  package func take(_ path: String) throws -> ImportReport {
    // Not to wait for the other end, should it be a pipe.
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else {
      if errno == ENOENT {
        throw PipelineError.badOption(
          name: "store import", value: path, allowed: "no such file; name an archive that `refig store export` made")
      }
      throw FileError(.read, path, code: errno)
    }
    defer { close(file) }
    var report = ImportReport()
    do {
      guard lseek(file, 0, SEEK_END) >= 0, lseek(file, 0, SEEK_SET) == 0 else {
        throw FileError(.read, path, reason: "it is read twice, so it must be a file")
      }
      try Self.members(of: file, path) { _, _ in }
      guard lseek(file, 0, SEEK_SET) == 0 else { throw FileError(.read, path, code: errno) }
      var seen: Set<CellKey> = []
      try Self.members(of: file, path) { member, contents in
        guard member.kind != .folder else { return }
        if let problem = try take(member, contents, &report, &seen) {
          report.refused.append("\(ErrorMessage.visible(member.name)): \(problem)")
        }
      }
    } catch let malformed as Malformed {
      throw PipelineError.damaged(path: path, reason: malformed.reason)
    }
    return report
  }

  private static func members(
    of file: Int32, _ path: String, _ body: (ArchiveReader.Member, () throws -> [UInt8]) throws -> Void
  ) throws {
    var reader = try ArchiveReader { buffer in
      while true {
        let count = read(file, buffer.baseAddress, buffer.count)
        if count >= 0 { return count }
        guard errno == EINTR else { throw FileError(.read, path, code: errno) }
      }
    }
    while let member = try reader.next() { try body(member) { try reader.contents() } }
  }

  /// Takes one member; returns why it is refused.
  private func take(
    _ member: ArchiveReader.Member, _ contents: () throws -> [UInt8], _ report: inout ImportReport,
    _ seen: inout Set<CellKey>
  ) throws -> String? {
    if case .other(let kind) = member.kind { return kind }
    let parts = member.name.split(separator: "/", omittingEmptySubsequences: false)
    guard let name = parts.last, name.hasSuffix(".h5"), let key = CellKey(name.dropLast(3)) else {
      return "not the name of a cell"
    }
    // Its folder does not matter, but an honest archive leads to no other place.
    guard parts.first != "", !parts.contains("..") else { return "it leads out of the archive" }
    guard seen.insert(key).inserted else { return "a second member of this name" }
    guard member.size <= Store.cellLimit else { return "it has \(member.size) bytes, more than any cell" }
    let bytes = try contents()
    let problem = try bytes.withUnsafeBytes { raw -> String? in
      do {
        if let damage = try Cell.damage(in: raw, path: name.description) { return damage }
        let cell = try Cell(verified: raw, key: key, catalogue: catalogue)
        // Which of two cells is right an import cannot know.
        let outputs = catalogue.experiments[cell.manifest.experiment]?.outputs ?? []
        return try sound(key).flatMap { cell.difference(from: $0, outputs: outputs) }.map {
          "the store has another cell: \($0)"
        }
      } catch let malformed as Malformed {
        return ErrorMessage.visible(malformed.reason)
      }
    }
    if let problem { return problem }
    if store.contains(key) {
      report.present += 1
    } else {
      try store.publish(bytes, as: key)
      report.added += 1
    }
    return nil
  }

  /// A cell of the store, nil if it is not there or was damaged and is now in quarantine.
  private func sound(_ key: CellKey) throws -> Cell? {
    do { return try store.cell(key) } catch PipelineError.damaged { return nil }
  }

  private func readable(_ key: CellKey) throws -> Manifest? {
    do { return try store.manifest(key) } catch PipelineError.damaged, PipelineError.newerFormat { return nil }
  }

  // MARK: Accept

  /// Gives cells of older code the keys they have with this build's, without computing them again. `pairs` are old and new
  /// manifests that differ in code alone. Each cell keeps on record who accepted what, and why. Returns how many were taken
  /// over.
  package func accept(
    _ pairs: [(old: CellKey, new: Manifest)], sampled: Int, who: String, reason: String, time: String
  ) throws -> Int {
    var count = 0
    for (old, new) in pairs where !store.contains(new.key) {
      guard let cell = try store.cell(old), let experiment = catalogue.experiments[new.experiment],
        cell.mismatch(with: experiment.outputs) == nil
      else { continue }
      let renamed = Cell(
        manifest: new, replicas: cell.replicas, failures: cell.failures, arrays: cell.arrays,
        coordinates: cell.coordinates, numericClass: cell.numericClass,
        acceptances: cell.acceptances.suffix(CodeAcceptance.countLimit - 1) + [
          CodeAcceptance(
            time: time, who: who, reason: reason, sampled: sampled, from: cell.manifest.codeDigest, to: new.codeDigest)
        ])
      try store.publish(renamed.encoded(outputs: experiment.outputs), as: new.key)
      count += 1
    }
    return count
  }

  /// For each wanted manifest that is missing: of the stored cells whose manifests differ in code alone, the one with the
  /// fewest different parts of code, and of those the last written. Damaged cells, and those of a later refig, are none.
  ///
  /// Why so: a cell of code further away may come from before a correction.
  package func predecessors(of wanted: [Manifest]) throws -> [(old: CellKey, new: Manifest)] {
    func withoutCode(_ manifest: Manifest) -> String {
      var manifest = manifest
      manifest.code = []
      return manifest.canonicalText
    }
    var missing: [String: Manifest] = [:]
    for manifest in wanted where !store.contains(manifest.key) { missing[withoutCode(manifest)] = manifest }
    guard !missing.isEmpty else { return [] }
    let names = Set(missing.values.map(\.experiment))
    var nearest: [String: (key: CellKey, distance: Int, written: Double)] = [:]
    for key in try store.presentKeys().sorted() {
      guard let manifest = try readable(key), names.contains(manifest.experiment) else { continue }
      let text = withoutCode(manifest)
      guard let new = missing[text], let written = Files.sizeAndTime(store.path(of: key))?.changed else { continue }
      let distance = zip(manifest.code, new.code).count { $0 != $1 } + abs(manifest.code.count - new.code.count)
      if nearest[text].map({ (distance, -written) < ($0.distance, -$0.written) }) ?? true {
        nearest[text] = (key, distance, written)
      }
    }
    return wanted.compactMap { manifest in
      let text = withoutCode(manifest)
      return missing[text] == nil ? nil : nearest[text].map { ($0.key, manifest) }
    }
  }
}

extension Store {
  /// Whether a file begins like a cell of a later refig.
  fileprivate static func isNewerCell(_ path: String) throws -> Bool {
    do {
      return try Files.bytes(of: path, limit: cellLimit).flatMap { Cell.newerFormat($0) } != nil
    } catch is FileError {
      return false  // Nothing that can be read.
    }
  }
}
