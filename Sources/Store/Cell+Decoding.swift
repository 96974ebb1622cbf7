private import FileFormats
private import NumericalMethods
package import PaperKit
package import Pipeline

extension Cell {
  /// Reads the bytes of a file whose digest was found right. Anybody may have made them all the same: nothing is believed.
  /// Checked: the manifest is the key's; replicas and failures are together the manifest's, each once; the arrays are
  /// those that its experiment declares, in number, axes and lengths; and their numbers are finite where they must be.
  /// Throws `Malformed`.
  package init(verified bytes: UnsafeRawBufferPointer, key: CellKey, catalogue: Catalogue?) throws {
    var file = try HDF5Reader(bytes, headerSize: Self.headerSize)
    let manifest = try Self.manifest(of: file, key: key)
    let failures = try Self.failures(of: file, manifest: manifest)
    let headers = try file.datasetNames.map { try file.dataset($0) }
    let outputs = catalogue?.outputs(of: manifest)
    // Before any number is read: shapes say how much memory the numbers take.
    let shapes = CellShapes(
      arrays: headers.filter { !$0.isScale }.map { ($0.name, $0.shape) },
      scales: headers.filter(\.isScale).map { ($0.name, $0.shape) })
    let replicaCount = manifest.replicas.count - failures.count
    if let problem = shapes.problem(replicaCount: replicaCount, outputs: outputs) { throw Malformed(problem) }

    var arrays: [String: NDArray] = [:]
    var coordinates: [String: NDArray] = [:]
    for header in headers {
      let array = NDArray(shape: header.shape, values: try file.values(of: header))
      if header.isScale { coordinates[header.name] = array } else { arrays[header.name] = array }
    }
    let replicas = (coordinates.removeValue(forKey: "replica")?.values ?? []).map { Int(exactly: $0) ?? -1 }
    guard (replicas + failures.map(\.replica)).sorted().elementsEqual(manifest.replicas),
      zip(replicas, replicas.dropFirst()).allSatisfy(<)
    else { throw Malformed("its replicas are not those of its manifest") }
    self.init(
      manifest: manifest, replicas: replicas, failures: failures, arrays: arrays, coordinates: coordinates,
      numericClass: try Self.numericClass(of: file),
      acceptances: try file.attributes["accepted"].map(CodeAcceptance.all) ?? [])
    if let problem = outputs.flatMap(refusedNumber) { throw Malformed(problem) }
  }

  /// The manifest in a file whose digest was found right. Throws `Malformed` unless it is the key's.
  package static func manifest(verified bytes: UnsafeRawBufferPointer, key: CellKey) throws -> Manifest {
    try manifest(of: HDF5Reader(bytes, headerSize: headerSize), key: key)
  }

  /// The manifest and why replicas failed, with how many for each reason. Throws `Malformed` unless it is the key's.
  static func manifestAndFailures(
    verified bytes: UnsafeRawBufferPointer, key: CellKey
  ) throws -> (manifest: Manifest, failures: [String: Int]) {
    let file = try HDF5Reader(bytes, headerSize: headerSize)
    let manifest = try manifest(of: file, key: key)
    let failures = try failures(of: file, manifest: manifest).reduce(into: [:]) { $0[$1.reason, default: 0] += 1 }
    return (manifest, failures)
  }

  private static func manifest(of file: HDF5Reader, key: CellKey) throws -> Manifest {
    let known: Set = ["Conventions", "key", "manifest", "parameters", "numericClass", "failures", "accepted"]
    if let other = file.attributes.keys.sorted().first(where: { !known.contains($0) }) {
      throw Malformed("it has an attribute '\(other)', which refig does not write")
    }
    guard let text = file.attributes["manifest"], ErrorMessage.isVisibleInLines(text),
      let manifest = Manifest(canonicalText: text)
    else { throw Malformed("it holds no manifest this refig can read") }
    let rendered = ManifestText(manifest)
    guard rendered.text == text else { throw Malformed("it holds no manifest this refig can read") }
    guard rendered.key == key, file.attributes["key"] == key.description else {
      throw Malformed("it holds another cell's manifest")
    }
    guard file.attributes["parameters"].map({ $0 == manifest.parametersJSON }) ?? true else {
      throw Malformed("its parameters are not those of its manifest")
    }
    return manifest
  }

  /// Bytes that the name of a numeric class may have: settings of the C library, which it repeats, can be long.
  private static let classLimit = 2000

  /// The numeric class it was computed in, nil for a cell from before classes were recorded.
  private static func numericClass(of file: HDF5Reader) throws -> NumericClass? {
    guard let name = file.attributes["numericClass"] else { return nil }
    guard ErrorMessage.isVisibleInLines(name), !name.contains(where: \.isNewline), name.utf8.count <= classLimit else {
      throw Malformed("its numeric class is not a name")
    }
    return NumericClass(name)
  }

  /// The replicas that failed, in order, one in a line with its reason.
  private static func failures(of file: HDF5Reader, manifest: Manifest) throws -> [(replica: Int, reason: String)] {
    guard let text = file.attributes["failures"] else { return [] }
    let failures = try text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { line in
      let parts = line.split(separator: UInt8(ascii: " "), maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, let replica = Int(Substring(parts[0])), manifest.replicas.contains(replica) else {
        throw Malformed("its list of failures names no replica of its manifest")
      }
      return (replica: replica, reason: String(Substring(parts[1])))
    }
    guard ErrorMessage.isVisibleInLines(text),
      zip(failures, failures.dropFirst()).allSatisfy({ $0.replica < $1.replica })
    else {
      throw Malformed("its list of failures is out of order")
    }
    return failures
  }

  /// How the arrays differ from declared ones, nil if they do not.
  package func mismatch(with outputs: [OutputArray]) -> String? {
    var scales = coordinates.map { ($0.key, $0.value.shape) }
    if !replicas.isEmpty { scales.append(("replica", [replicas.count])) }
    let shapes = CellShapes(arrays: arrays.map { ($0.key, $0.value.shape) }, scales: scales)
    return shapes.problem(replicaCount: replicas.count, outputs: outputs) ?? refusedNumber(outputs)
  }

  /// An array with a number that its declaration excludes, in words.
  private func refusedNumber(_ outputs: [OutputArray]) -> String? {
    for output in outputs {
      let values = (output.isCoordinate ? coordinates : arrays)[output.name]?.values ?? []
      if !values.allSatisfy({ $0.isFinite || output.allowsNaN && $0.isNaN }) {
        return "its '\(output.name)' holds numbers that are not finite"
      }
    }
    // Axes without a coordinate are numbered.
    for (name, scale) in coordinates where !outputs.contains(where: { $0.isCoordinate && $0.name == name }) {
      if !scale.values.elementsEqual(scale.values.indices.lazy.map(Double.init)) {
        return "its axis '\(name)' is not numbered from 0"
      }
    }
    return nil
  }

  /// Whether two cells of one sweep point can be joined along the replicas.
  func fits(_ other: Cell) -> Bool {
    arrays.count == other.arrays.count
      && arrays.allSatisfy { $0.value.shape.dropFirst() == other.arrays[$0.key]?.shape.dropFirst() }
      && coordinates.count == other.coordinates.count
      && coordinates.allSatisfy { name, scale in
        // Bits, because NaN is a number like others here.
        other.coordinates[name].map { $0.values.map(\.bitPattern) == scale.values.map(\.bitPattern) } ?? false
      }
  }
}

/// Names and shapes of a cell's datasets.
private struct CellShapes {
  let arrays: [String: [Int]]
  let scales: [String: [Int]]

  /// Names occur once among arrays and once among scales.
  init(arrays: [(String, [Int])], scales: [(String, [Int])]) {
    self.arrays = Dictionary(uniqueKeysWithValues: arrays)
    self.scales = Dictionary(uniqueKeysWithValues: scales)
  }

  /// Why these are not the datasets of so many replicas with the given outputs, or nil. Unknown outputs may be any.
  func problem(replicaCount: Int, outputs: [OutputArray]?) -> String? {
    guard replicaCount > 0 else { return arrays.isEmpty && scales.isEmpty ? nil : "it has arrays without replicas" }
    for (name, shape) in scales.sorted(by: { $0.key < $1.key }) where shape.count != 1 {
      return "its axis '\(name)' has a scale of shape \(shape)"
    }
    guard let found = scales["replica"], found == [replicaCount] else {
      return "it has \(scales["replica"]?[0] ?? 0) replicas, its manifest \(replicaCount) that did not fail"
    }
    for (name, shape) in arrays.sorted(by: { $0.key < $1.key }) where shape.first != replicaCount {
      return "its array '\(name)' of shape \(shape) does not have \(replicaCount) replicas"
    }
    guard let outputs else { return nil }
    let declared = outputs.filter { !$0.isCoordinate }
    let names = (Set(arrays.keys).union(scales.keys), Set(declared.flatMap { [$0.name] + $0.axes } + ["replica"]))
    if let name = names.0.symmetricDifference(names.1).min() {
      return names.1.contains(name) ? "it lacks '\(name)'" : "its experiment declares no '\(name)'"
    }
    for output in declared {
      guard let shape = arrays[output.name],
        shape.dropFirst().elementsEqual(output.axes.map { scales[$0]?[0] ?? -1 })
      else { return "its array '\(output.name)' does not have the lengths of its axes \(output.axes)" }
    }
    return nil
  }
}
