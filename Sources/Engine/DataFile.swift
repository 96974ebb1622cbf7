package import NumericalMethods
package import PaperKit

/// A committed HDF5 file that a stage reads, as it was when pipeline.yaml was read. Its digest is a line of the manifest;
/// its bytes are kept in the store under that digest, which is where workers find them.
package struct DataFile: Sendable {
  /// The name the experiment knows it under.
  package let name: String
  /// Where it lies in the project.
  package let path: String
  /// Where pipeline.yaml names it.
  package let location: SourceLocation
  package let bytes: [UInt8]
  /// SHA-256 of the bytes.
  package let digest: String

  package init(name: String, path: String, location: SourceLocation, bytes: [UInt8]) {
    self.name = name
    self.path = path
    self.location = location
    self.bytes = bytes
    digest = bytes.withUnsafeBytes { CellKey.digest($0) }
  }

  /// The declared arrays of a file. Throws `EvidenceError` where the file does not hold what is declared.
  package static func arrays(_ declared: [DataArray], in bytes: [UInt8]) throws -> [DataArray: NDArray] {
    // libhdf5 need not see what git-lfs, a proxy or an editor put in a file's place.
    guard bytes.starts(with: [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]) else {
      throw EvidenceError("it does not begin as an HDF5 file does")
    }
    let datasets = try bytes.withUnsafeBytes { try HDF5File(verified: $0) }.datasets
    var arrays: [DataArray: NDArray] = [:]
    var lengths: [String: Int] = [:]
    for array in declared {
      guard let found = datasets.first(where: { $0.name == array.name }) else {
        throw EvidenceError("it has no dataset '\(array.name)', only \(datasets.map(\.name).joined(separator: ", "))")
      }
      guard found.shape.count == array.axes.count else {
        throw EvidenceError("its dataset '\(array.name)' has shape \(found.shape) for the axes \(array.axes)")
      }
      for (axis, length) in zip(array.axes, found.shape) {
        guard length > 0, lengths[axis, default: length] == length else {
          throw EvidenceError("its dataset '\(array.name)' has length \(length) along '\(axis)'")
        }
        lengths[axis] = length
      }
      guard found.values.allSatisfy(\.isFinite) else {
        throw EvidenceError("its dataset '\(array.name)' holds numbers that are not finite")
      }
      arrays[array] = NDArray(shape: found.shape, values: found.values)
    }
    return arrays
  }
}

extension Store {
  private func dataPath(_ digest: String) -> String { "\(root)/data/\(digest).h5" }

  /// Keeps a file's bytes under their digest, unless they are there.
  package func keep(_ file: DataFile) throws {
    let path = dataPath(file.digest)
    guard try Self.bytes(of: path) != file.bytes else { return }
    try Self.makeFolder(root + "/data")
    try Self.makeFolder(root + "/tmp")
    try Self.write(
      file.bytes, to: path, by: "\(root)/tmp/\(UInt32.random(in: 0 ... .max))-data-\(file.digest.prefix(10))")
  }

  /// The bytes of a kept file, nil if they are not there; throws ``PipelineError/damaged`` if they are others.
  func data(_ digest: String) throws -> [UInt8]? {
    let path = dataPath(digest)
    guard let bytes = try Self.bytes(of: path) else { return nil }
    guard bytes.withUnsafeBytes({ CellKey.digest($0) }) == digest else {
      throw PipelineError.damaged(path: path, reason: "its SHA-256 is not its name; the next run writes it anew")
    }
    return bytes
  }
}
