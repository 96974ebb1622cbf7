public import Foundation

/// The bytes of data/reference/<name>.json of this checkout.
public func referenceData(_ name: String, from file: String = #filePath) throws -> Data {
  let root = URL(fileURLWithPath: file).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
  return try Data(contentsOf: root.appending(path: "data/reference/\(name).json"))
}
