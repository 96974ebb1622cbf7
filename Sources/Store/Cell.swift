package import NumericalMethods
package import PaperKit
package import Pipeline

/// The stored unit: one sweep point, one block of replicas. Arrays are stacked along a leading axis `replica`, which
/// holds the replicas that succeeded; a numerical failure of the others is a result too, kept with its reason.
package struct Cell: Sendable {
  package let manifest: Manifest
  /// The replicas whose results are here, in order.
  package let replicas: [Int]
  package let failures: [(replica: Int, reason: String)]
  /// By output name, shape [replica] + axes.
  package let arrays: [String: NDArray]
  /// The scales of the axes by name, the same for all replicas.
  package let coordinates: [String: NDArray]
  /// Where it was computed, as far as its bits depend on that; nil for a cell of a refig that did not record it.
  package let numericClass: NumericClass?
  /// Changes of code after which it was kept, in order; none for most cells.
  package let acceptances: [CodeAcceptance]

  package init(
    manifest: Manifest, replicas: [Int], failures: [(replica: Int, reason: String)], arrays: [String: NDArray],
    coordinates: [String: NDArray], numericClass: NumericClass?, acceptances: [CodeAcceptance] = []
  ) {
    self.manifest = manifest
    self.replicas = replicas
    self.failures = failures
    self.arrays = arrays
    self.coordinates = coordinates
    self.numericClass = numericClass
    self.acceptances = acceptances
  }

  /// Size of the text header before the HDF5 data.
  package static let headerSize = 512
  private static let format = 1
  private static let magic = "refig cell \(format)"

  /// The cell as the bytes of its file: a text header with the SHA-256 of the rest, then HDF5.
  package func encoded(outputs: [OutputArray]) throws -> [UInt8] {
    let manifestText = ManifestText(manifest)
    var attributes = [
      ("Conventions", "CF-1.8, refig-1"), ("key", "\(manifestText.key)"), ("manifest", manifestText.text),
      ("parameters", manifest.parametersJSON),
    ]
    // It may hold what somebody has set in the environment.
    if let numericClass { attributes.append(("numericClass", ErrorMessage.visible(numericClass.description))) }
    if !failures.isEmpty {
      let lines = failures.map { "\($0.replica) \(ErrorMessage.visible($0.reason))" }
      attributes.append(("failures", lines.joined(separator: "\n")))
    }
    if !acceptances.isEmpty { attributes.append(("accepted", CodeAcceptance.text(acceptances))) }
    let datasets =
      scales(outputs)
      + outputs.compactMap { output in
        arrays[output.name].map {
          HDF5File.Dataset(
            name: output.name, shape: $0.shape, axes: ["replica"] + output.axes, unit: output.unit,
            meaning: output.meaning, values: $0.values)
        }
      }
    var bytes = try HDF5File(attributes: attributes, datasets: datasets).encoded(headerSize: Self.headerSize)
    let digest = bytes.withUnsafeBytes {
      CellKey.digest(UnsafeRawBufferPointer(rebasing: $0.dropFirst(Self.headerSize)))
    }
    let header = Self.header(digest: digest, count: bytes.count)
    bytes.replaceSubrange(0..<Self.headerSize, with: header)
    return bytes
  }

  /// A scale for every axis: the declared coordinates, the numbers of the replicas, and plain indices for the rest.
  private func scales(_ outputs: [OutputArray]) -> [HDF5File.Dataset] {
    var lengths: [String: Int] = [:]
    for output in outputs {
      guard let array = arrays[output.name] else { continue }
      for (axis, length) in zip(["replica"] + output.axes, array.shape) { lengths[axis] = length }
    }
    return lengths.sorted { $0.key < $1.key }.map { axis, length in
      let declared = outputs.first { $0.isCoordinate && $0.name == axis }
      let values = coordinates[axis]?.values ?? (axis == "replica" ? replicas : Array(0..<length)).map(Double.init)
      return HDF5File.Dataset(
        name: axis, shape: [values.count], axes: [axis], unit: declared?.unit ?? "1",
        meaning: declared?.meaning ?? (axis == "replica" ? "number of the replica" : "index"), values: values)
    }
  }

  private static func header(digest: String, count: Int) -> [UInt8] {
    let text = "\(magic)\nsha256 \(digest)\nbytes \(count)\n"
    return Array(text.utf8) + Array(repeating: UInt8(ascii: "\n"), count: headerSize - text.utf8.count)
  }

  /// What is wrong with a file's bytes, or nil: header, length and digest are checked before libhdf5 sees a byte. Throws
  /// ``PipelineError/newerFormat(path:found:known:)`` for a file that a later refig wrote: it is not damaged.
  package static func damage(in bytes: UnsafeRawBufferPointer, path: String) throws -> String? {
    guard bytes.count > headerSize else { return "it has \(bytes.count) bytes" }
    let digest = CellKey.digest(UnsafeRawBufferPointer(rebasing: bytes.dropFirst(headerSize)))
    if bytes.prefix(headerSize).elementsEqual(header(digest: digest, count: bytes.count)) { return nil }
    if let format = newerFormat(bytes) {
      throw PipelineError.newerFormat(path: path, found: format, known: Self.format)
    }
    return bytes.starts(with: magic.utf8)
      ? "its SHA-256 is not the one in its header" : "it does not begin with '\(magic)'"
  }

  /// The format of a later refig's cell, from the first bytes of its file; nil for anything else.
  static func newerFormat(_ bytes: some Collection<UInt8>) -> Int? {
    let line = bytes.prefix(headerSize).prefix { $0 != UInt8(ascii: "\n") }
    guard line.starts(with: "refig cell ".utf8),
      let found = Int(String(decoding: line.dropFirst(11), as: UTF8.self)), found > format
    else { return nil }
    // A number that one flipped bit makes of ours is damage; formats to come leave such numbers out.
    return (found ^ format).nonzeroBitCount > 1 || found > 9 ? found : nil
  }
}

extension Results {
  /// Results from cells of one stage, see ``init(cells:)-([(cell:_,identity:_)])``.
  package init(cells: [Cell]) throws { try self.init(cells: cells.map { ($0, $0.manifest.identity()) }) }

  /// Results from cells. Those of one identity (``Manifest/identity(origins:)``) are one point: each of its replicas counts
  /// once, by its number, however often and in whatever blocks the cells hold it. Points keep the order in which they first
  /// appear. Throws ``PipelineError/damaged(path:reason:)`` for cells of one point that cannot be joined.
  package init(cells: [(cell: Cell, identity: String)]) throws {
    var order: [[Cell]] = []
    var position: [String: Int] = [:]
    for (cell, identity) in cells {
      if let index = position[identity] {
        order[index].append(cell)
      } else {
        position[identity] = order.count
        order.append([cell])
      }
    }
    self.init(points: try order.map(Results.point))
  }

  private static func point(_ cells: [Cell]) throws -> Point {
    let filled = cells.filter { !$0.replicas.isEmpty }
    if let first = filled.first, let other = filled.first(where: { !$0.fits(first) }) {
      throw PipelineError.damaged(
        path: "cells \(first.manifest.key.short) and \(other.manifest.key.short)",
        reason: "they are of one sweep point but differ in their arrays' axes; `refig store audit` tells which is wrong"
      )
    }
    var place: [Int: (cell: Int, row: Int)] = [:]
    for (index, cell) in filled.enumerated() {
      for (row, replica) in cell.replicas.enumerated() {
        guard let first = place[replica] else {
          place[replica] = (index, row)
          continue
        }
        guard filled[first.cell].agrees(inRow: first.row, with: cell, inRow: row) else {
          throw PipelineError.damaged(
            path: "cells \(filled[first.cell].manifest.key.short) and \(cell.manifest.key.short)",
            reason: "they hold other numbers for the same replica \(replica): a program draws random numbers not its "
              + "own, or a cell is wrong; `refig store audit` tells which")
        }
      }
    }
    let replicas = place.keys.sorted()
    let failed = Set(cells.flatMap { $0.failures.map(\.replica) }).subtracting(replicas)
    let rows = replicas.compactMap { place[$0] }
    var arrays = filled.first?.coordinates ?? [:]
    for (name, first) in filled.first?.arrays ?? [:] {
      let parts = filled.compactMap { $0.arrays[name] }
      let size = first.shape.dropFirst().reduce(1, *)
      arrays[name] = NDArray(
        shape: [rows.count] + first.shape.dropFirst(),
        values: rows.flatMap { parts[$0.cell].values[($0.row * size)..<(($0.row + 1) * size)] })
    }
    return Point(
      experiment: cells[0].manifest.experiment, parameters: cells[0].manifest.parameters, replicas: replicas,
      failedReplicas: failed.sorted(), arrays: arrays)
  }
}
