private import FileFormats
package import NumericalMethods
package import PaperKit
package import Pipeline
private import Platform

extension DataFile {
  /// The declared arrays of a file. Throws `EvidenceError` where the file does not hold what is declared.
  package static func arrays(_ declared: [DataArray], in bytes: [UInt8]) throws -> [DataArray: NDArray] {
    // libhdf5 need not see what git-lfs, a proxy or an editor put in a file's place.
    guard bytes.starts(with: [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]) else {
      throw EvidenceError("it does not begin as an HDF5 file does")
    }
    let datasets: [(shape: [Int], values: [Double])]
    do {
      datasets = try bytes.withUnsafeBytes { try HDF5File.datasets(declared.map(\.name), in: $0) }
    } catch let malformed as Malformed {
      throw EvidenceError(ErrorMessage.visible(malformed.reason))
    }
    var arrays: [DataArray: NDArray] = [:]
    var lengths: [String: Int] = [:]
    for (array, found) in zip(declared, datasets) {
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

  /// Keeps a file's bytes, if it has any, under their digest, unless they are there.
  package func keep(_ file: DataFile) throws {
    guard let bytes = file.bytes else { return }
    let path = dataPath(file.digest)
    if Files.sizeAndTime(path)?.size == bytes.count, try Files.bytes(of: path, limit: bytes.count) == bytes {
      return
    }
    try Files.makeFolder(root + "/data")
    try Files.makeFolder(root + "/tmp")
    try Files.write(bytes, to: path, by: "\(root)/tmp/\(UInt32.random(in: 0 ... .max))-data-\(file.digest.prefix(10))")
  }

  /// Why cells that need a file cannot be computed; nil if its bytes are in the project or here.
  package func absence(of file: DataFile) -> Absence? {
    file.bytes == nil && Files.sizeAndTime(dataPath(file.digest)) == nil ? file.absence : nil
  }

  /// The bytes of a kept file, nil if they are not there; throws ``PipelineError/damaged`` if they are others.
  package func data(_ digest: String) throws -> [UInt8]? {
    let path = dataPath(digest)
    guard let bytes = try Files.bytes(of: path, limit: DataFile.byteLimit) else { return nil }
    guard bytes.withUnsafeBytes({ CellKey.digest($0) }) == digest else {
      throw PipelineError.damaged(path: path, reason: "its SHA-256 is not its name; the next run writes it anew")
    }
    return bytes
  }
}
