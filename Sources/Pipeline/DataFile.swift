/// A committed HDF5 file that a stage reads, as it was when pipeline.yaml was read. Its digest stands there and is a line of
/// the manifest; its bytes are kept in the store under that digest, which is where workers find them. Without the file, or with
/// another in its place, cells have the same keys: those that are there can be read, others not computed.
package struct DataFile: Sendable {
  /// No data file is larger, in bytes: 4 GiB.
  package static let byteLimit = 4 << 30

  /// The name the experiment knows it under.
  package let name: String
  /// Where it lies in the project.
  package let path: String
  /// Where pipeline.yaml names it.
  package let location: SourceLocation
  /// Nil if there is no such file.
  package let bytes: [UInt8]?
  /// SHA-256 of the bytes, in hexadecimal digits.
  package let digest: String
  /// What lies in the file's place and is not it; nil where nothing does, or the file itself.
  package let impostor: String?

  package init(name: String, path: String, location: SourceLocation, bytes: [UInt8]) {
    self.name = name
    self.path = path
    self.location = location
    self.bytes = bytes
    digest = bytes.withUnsafeBytes { CellKey.digest($0) }
    impostor = nil
  }

  /// A file that is not there, by the digest that it must have; `impostor` says what is there in its place, such as
  /// "has the SHA-256 …".
  package init(
    name: String, path: String, location: SourceLocation, absent digest: CellKey, impostor: String? = nil
  ) {
    self.name = name
    self.path = path
    self.location = location
    bytes = nil
    self.digest = "\(digest)"
    self.impostor = impostor
  }

  /// What to tell where the file is needed and is not there.
  package var absence: Absence {
    let problem =
      impostor.map { "\($0); restore the file with the SHA-256 \(digest) or, if another is right, state that one's" }
      ?? "is not there; put the file with the SHA-256 \(digest) at this path of the project"
    return Absence("\(location): data file '\(path)' \(problem)")
  }
}

/// Something that a cell is computed from is not here, which says nothing against the cell: what, and what to do.
package struct Absence: Error, CustomStringConvertible, Equatable {
  package let description: String

  package init(_ description: String) { self.description = description }
}
