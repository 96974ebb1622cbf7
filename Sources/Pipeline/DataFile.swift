/// A committed HDF5 file that a stage reads, as it was when pipeline.yaml was read. Its digest stands there and is a line of
/// the manifest; its bytes are kept in the store under that digest, which is where workers find them.
package struct DataFile: Sendable {
  /// No data file is larger, in bytes: 4 GiB.
  package static let byteLimit = 4 << 30

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
}
