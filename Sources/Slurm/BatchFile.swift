private import Foundation
package import Pipeline
private import Platform
package import Runner
package import Store

/// The cells of a batch cut into slices, in a file that a task on another machine reads its own slice of. It holds all
/// that workers need, so that pipeline.yaml may change while tasks wait.
///
/// After the first line come the slices, one after the other, then where each begins and the last ends, in decimal lines
/// of one width, so that a slice is found without reading the others. In a slice, cells follow their stage:
///
///     stage <time limit or -> <memory limit or -> <bytes>
///     <the lines of the manifests that all its cells share>
///     cell <key> <bytes>
///     <the other lines of the cell's manifest>
package struct BatchFile {
  private static let magic = "refig batch 1\n"
  private static let offsetWidth = 20
  /// No list of slices and no slice is larger, in bytes: Slurm takes no such arrays, and ``SlurmExecutor`` makes no such
  /// tasks.
  private static let (listLimit, sliceLimit) = (UInt64(1 << 20), UInt64(Files.usualLimit))

  /// Writes the file, slice after slice: all cells together may be more than memory should hold.
  static func write(_ slices: some Collection<[Batch.Item]>, of batch: Batch, to path: String) throws {
    let temporary = "\(path).tmp"
    guard FileManager.default.createFile(atPath: temporary, contents: nil),
      let handle = FileHandle(forWritingAtPath: temporary)
    else { throw FileError(.write, path, code: errno) }
    var offsets = [magic.utf8.count]
    do {
      try handle.write(contentsOf: Data(magic.utf8))
      for slice in slices {
        let text = Data(text(of: slice, in: batch).utf8)
        try handle.write(contentsOf: text)
        offsets.append(offsets[offsets.count - 1] + text.count)
      }
      let lines = offsets.map { String(repeating: "0", count: offsetWidth - "\($0)".count) + "\($0)\n" }
      try handle.write(contentsOf: Data(lines.joined().utf8))
      // Tasks outlive this machine's power.
      try handle.synchronize()
      try handle.close()
    } catch {
      unlink(temporary)
      throw FileError(.write, path, error)
    }
    guard rename(temporary, path) == 0 else {
      throw FileError(.write, path, code: errno)
    }
  }

  private static func text(of slice: [Batch.Item], in batch: Batch) -> String {
    var text = ""
    var stage: Int?
    for item in slice {
      let manifest = batch.manifest(item)
      let shared = manifest.stageText
      if item.stage != stage {
        let limits = batch.limits(item)
        func word(_ value: (some Any)?) -> String { value.map { "\($0)" } ?? "-" }
        text += "stage \(word(limits.time)) \(word(limits.memory)) \(shared.utf8.count)\n\(shared)"
        stage = item.stage
      }
      let own = manifest.cellText
      text += "cell \(batch.key(item)) \(own.utf8.count)\n\(own)"
    }
    return text
  }

  /// A slice as it is in the file.
  package struct Slice {
    private struct Stage {
      let limits: Batch.Limits
      let text: String
    }

    private var stages: [Stage] = []
    private var cells: [(stage: Int, key: CellKey, text: String)] = []

    package var keys: [CellKey] { cells.map(\.key) }

    fileprivate init?(_ bytes: ArraySlice<UInt8>) {
      var rest = bytes
      func take(_ count: Int?) -> String? {
        guard let count, count >= 0, count <= rest.count else { return nil }
        defer { rest.removeFirst(count) }
        return String(decoding: rest.prefix(count), as: UTF8.self)
      }
      while !rest.isEmpty {
        guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        let words = String(decoding: rest[..<end], as: UTF8.self).split(separator: " ")
        rest = rest[(end + 1)...]
        switch (words.first, words.count) {
        case ("stage", 4):
          let limits = Batch.Limits(time: Double(words[1]), memory: Int(words[2]))
          // Those that a stage can have; what is no number is a dash.
          guard limits.time.map({ $0 > 0 && $0 <= 1e9 }) ?? (words[1] == "-"),
            limits.memory.map({ (0...1_000_000_000_000_000).contains($0) }) ?? (words[2] == "-"),
            let text = take(Int(words[3]))
          else { return nil }
          stages.append(Stage(limits: limits, text: text))
        case ("cell", 3):
          guard let key = CellKey(words[1]), !stages.isEmpty, let text = take(Int(words[2])) else { return nil }
          cells.append((stages.count - 1, key, text))
        default: return nil
        }
      }
    }

    /// The slice as a batch; nil if a manifest is not what its key says.
    fileprivate func batch(store: Store) -> Batch? {
      var manifests: [Manifest] = []
      for cell in cells {
        guard let manifest = Manifest(canonicalText: stages[cell.stage].text + cell.text), manifest.key == cell.key
        else { return nil }
        manifests.append(manifest)
      }
      return Batch(
        items: cells.indices.map { Batch.Item(stage: cells[$0].stage, cell: $0) }, store: store,
        manifest: { manifests[$0.cell] }, key: { cells[$0.cell].key }, limits: { stages[$0.stage].limits })
    }
  }

  private let path: String
  private let handle: FileHandle
  /// Where the slices begin, and where the last one ends.
  private let offsets: [UInt64]

  package var sliceCount: Int { offsets.count - 1 }

  /// Opens the file. Throws ``PipelineError`` if it is not there or not a whole batch.
  package init(path: String) throws {
    guard Files.isOrdinaryOrAbsent(path) else {
      throw PipelineError.damaged(path: path, reason: "it is no file")
    }
    guard let handle = FileHandle(forReadingAtPath: path) else {
      throw FileError(.read, path, code: errno)
    }
    func bytes(from start: UInt64, count: Int) throws -> Data {
      try handle.seek(toOffset: start)
      return try handle.read(upToCount: count) ?? Data()
    }
    let line = Self.offsetWidth + 1
    do {
      let size = try handle.seekToEnd()
      let last = try size < line ? Data() : bytes(from: size - UInt64(line), count: line)
      guard let end = UInt64(String(decoding: last.dropLast(), as: UTF8.self)), end < size,
        try bytes(from: 0, count: Self.magic.utf8.count) == Data(Self.magic.utf8),
        (size - end) % UInt64(line) == 0, size - end >= 2 * UInt64(line), size - end <= Self.listLimit
      else { throw PipelineError.damaged(path: path, reason: "it is not a batch, or not all of one") }
      let lines = String(decoding: try bytes(from: end, count: Int(size - end)), as: UTF8.self)
      offsets = lines.split(separator: "\n").compactMap { UInt64($0) }
      guard offsets.count == Int(size - end) / line, offsets.first == UInt64(Self.magic.utf8.count),
        offsets.last == end,
        zip(offsets, offsets.dropFirst()).allSatisfy({ $0 <= $1 && $1 - $0 <= Self.sliceLimit })
      else { throw PipelineError.damaged(path: path, reason: "its slices are not where it says") }
    } catch let error as PipelineError {
      throw error
    } catch {
      throw FileError(.read, path, error)
    }
    self.path = path
    self.handle = handle
  }

  /// The slice with this number, counted from 1.
  package func slice(_ number: Int) throws -> Slice {
    let (start, end) = (offsets[number - 1], offsets[number])
    do {
      try handle.seek(toOffset: start)
      let bytes = end > start ? try handle.read(upToCount: Int(end - start)) ?? Data() : Data()
      if bytes.count == Int(end - start), let slice = Slice(Array(bytes)[...]) { return slice }
    } catch {
      throw FileError(.read, path, error)
    }
    throw PipelineError.damaged(path: path, reason: "slice \(number) cannot be read")
  }

  /// The same as a batch for an executor.
  package func batch(_ number: Int, store: Store) throws -> Batch {
    guard let batch = try slice(number).batch(store: store) else {
      throw PipelineError.damaged(path: path, reason: "slice \(number) holds a manifest that is not its key's")
    }
    return batch
  }
}
