private import Foundation
internal import NumericalMethods
internal import PaperKit
internal import Pipeline
private import Synchronization

/// One cell as a program is asked for it: a line of JSON, then arrays. See docs/protocol.md.
struct ProgramRequest {
  private static let count = Atomic(0)
  /// Another one for each request of a worker: the answer repeats it, so that one too many is not taken for the next.
  let number: Int
  let replicas: [Int]
  /// The cell, for messages.
  let cell: String
  /// The bytes to send.
  let bytes: [UInt8]

  init(
    _ manifest: Manifest, of program: ProgramExperiment, outputs: [OutputArray], inputs: CellInputs,
    data: [DataArray: NDArray]
  ) {
    number = Self.count.add(1, ordering: .relaxed).newValue
    replicas = inputs.replicas
    let values = manifest.parameters.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value.plainText)" }
    let text = ([manifest.experiment] + values).joined(separator: " ")
    cell =
      "\(ErrorMessage.visible(String(text.prefix(120)))) replica\(replicas.count == 1 ? "" : "s") \(replicas.first ?? 0)"
      + (replicas.count > 1 ? "–\(replicas[replicas.count - 1])" : "")
    var arrays: [(place: String, array: NDArray)] = []
    var inputTexts: [String] = []
    for (name, results) in inputs.results.sorted(by: { $0.key < $1.key }) {
      var points: [String] = []
      for (index, point) in results.points.enumerated() {
        let scales = (inputs.scales[point.experiment] ?? []).sorted().map(\.json).json
        points.append(
          "{\"parameters\":\(Self.object(point.parameters)),\"replicas\":\(point.replicas.map(String.init).json),\"scales\":\(scales)}"
        )
        for (output, array) in point.arrays.sorted(by: { $0.key < $1.key }) {
          arrays.append(("\"input\":\(name.json),\"point\":\(index),\"name\":\(output.json)", array))
        }
      }
      inputTexts.append("\(name.json):\(points.json)")
    }
    for (declared, array) in data.sorted(by: { ($0.key.file, $0.key.name) < ($1.key.file, $1.key.name) }) {
      arrays.append(("\"file\":\(declared.file.json),\"name\":\(declared.name.json)", array))
    }
    let keys = program.isRandom ? replicas.map { "\"\(manifest.randomKey(of: $0))\"" }.json : "null"
    let places = arrays.map { "{\($0.place),\"shape\":\($0.array.shape.map(String.init).json)}" }
    let declared = outputs.map { "{\"name\":\($0.name.json),\"axes\":\($0.axes.map(\.json).json)}" }
    let line = """
      {"protocol":\(ProgramExperiment.protocolVersion),"request":\(number),"experiment":\(manifest.experiment.json),\
      "parameters":\(Self.object(manifest.parameters)),"mutant":\(manifest.mutant?.json ?? "null"),\
      "replicas":\(replicas.map(String.init).json),"keys":\(keys),\
      "outputs":\(declared.json),"sources":\(program.sources.map(\.json).json),"inputs":{\(inputTexts.joined(separator: ","))},\
      "own":\(inputs.own.sorted().map(\.json).json),"arrays":\(places.json)}

      """
    var bytes = Array(line.utf8)
    for (_, array) in arrays { array.values.withUnsafeBytes { bytes += $0 } }
    self.bytes = bytes
  }

  private static func object(_ parameters: [String: ParameterValue]) -> String {
    "{" + parameters.sorted { $0.key < $1.key }.map { "\($0.key.json):\($0.value.json)" }.joined(separator: ",") + "}"
  }
}

/// The line that begins a program's answer.
struct ProgramAnswer: Decodable {
  struct Head: Decodable {
    let name: String
    let shape: [Int]
  }

  /// Number of the request that it answers.
  let request: Int?
  /// Why there is no answer.
  let error: String?
  /// The arrays that follow, each with a leading axis for the replicas that succeeded; a coordinate without it.
  let arrays: [Head]?
  /// Why replicas failed, by their numbers.
  let failed: [String: String]?

  /// Where a line of JSON is not of the form that is meant; nil for what is no JSON.
  static func misfit(_ error: DecodingError, in line: ArraySlice<UInt8>) -> String? {
    func place(_ path: [any CodingKey]) -> String {
      path.isEmpty ? "the whole" : "'\(ErrorMessage.visible(path.map(\.stringValue).joined(separator: ".")))'"
    }
    switch error {
    case .typeMismatch(let type, let context):
      return "\(place(context.codingPath)) is not \(Self.names["\(type)"] ?? "of the type \(type)")"
    case .valueNotFound(_, let context): return "\(place(context.codingPath)) is null"
    case .keyNotFound(let key, let context): return "'\(key.stringValue)' is missing in \(place(context.codingPath))"
    case .dataCorrupted(let context):
      // JSON it is where another reader takes it: then a number is none that an Int can have, which comes without its place.
      guard !context.codingPath.isEmpty || (try? JSONSerialization.jsonObject(with: Data(line))) != nil else {
        return nil
      }
      return "\(place(context.codingPath)) holds what is no whole number of an array's size"
    @unknown default: return nil
    }
  }

  /// What JSON calls what Swift decodes.
  private static let names = [
    "Int": "a whole number", "Double": "a number", "String": "a text", "Array<Any>": "a list",
    "Dictionary<String, Any>": "an object, {…}",
  ]

  /// Bytes that a program may answer with.
  static let byteLimit = 4 << 30

  /// Number of bytes that follow; nil for shapes that are none.
  var byteCount: Int? {
    var count = 0
    for array in arrays ?? [] {
      guard array.shape.count <= 16 else { return nil }
      var size = 8
      for length in array.shape {
        guard length >= 0 else { return nil }
        let (product, overflow) = size.multipliedReportingOverflow(by: length)
        guard !overflow, product <= Self.byteLimit else { return nil }
        size = product
      }
      count += size
    }
    return count <= Self.byteLimit ? count : nil
  }

  /// Why arrays of these names and shapes are none of those that were asked for; nil where they may be.
  func misfit(of replicas: [Int], outputs: [OutputArray]) -> String? {
    let count = replicas.count - (failed?.count ?? 0)
    for array in arrays ?? [] {
      guard let output = outputs.first(where: { $0.name == array.name }) else {
        return "it announced '\(ErrorMessage.visible(array.name))', which `outputs:` does not declare"
      }
      let rank = output.axes.count + (output.isCoordinate ? 0 : 1)
      guard array.shape.count == rank, output.isCoordinate || array.shape[0] == count else {
        return "it announced '\(output.name)' with shape \(array.shape), where "
          + (output.isCoordinate
            ? "the scale of an axis has one length"
            : "numbers of \(count) replicas along the axes \(output.axes) are asked for")
      }
    }
    return nil
  }

  /// The results of the replicas that were asked for. Throws `EvidenceError` for what does not fit them.
  func results(of replicas: [Int], outputs: [OutputArray], bytes: ArraySlice<UInt8>) throws -> ReplicaResults {
    var results = ReplicaResults()
    for (number, reason) in failed ?? [:] {
      // Each in one spelling: "7" and "07" would be the same replica twice.
      guard let replica = Int(number), "\(replica)" == number, replicas.contains(replica) else {
        throw EvidenceError("it says that replica '\(ErrorMessage.visible(number))' failed, for which it was not asked")
      }
      let text = ErrorMessage.reasonOfProgram(reason)
      results.failures.append((replica, text.isEmpty ? "no reason is given" : text))
    }
    results.failures.sort { $0.replica < $1.replica }
    let failed = Set(results.failures.map(\.replica))
    let succeeded = replicas.filter { !failed.contains($0) }
    results.arrays = succeeded.map { ($0, [:]) }
    var position = bytes.startIndex
    for array in arrays ?? [] {
      guard let output = outputs.first(where: { $0.name == array.name }) else {
        throw EvidenceError("it returned '\(ErrorMessage.visible(array.name))', which `outputs:` does not declare")
      }
      let count = array.shape.reduce(1, *)
      let values = [Double](unsafeUninitializedCapacity: count) { buffer, initializedCount in
        bytes[position..<(position + 8 * count)].withUnsafeBytes {
          UnsafeMutableRawBufferPointer(buffer).copyMemory(from: $0)
        }
        initializedCount = count
      }
      position += 8 * count
      guard results.arrays.first?.arrays[output] == nil else {
        throw EvidenceError("it returned '\(output.name)' twice")
      }
      if output.isCoordinate {
        let scale = NDArray(shape: array.shape, values: values)
        for index in results.arrays.indices { results.arrays[index].arrays[output] = scale }
        continue
      }
      guard array.shape.first == succeeded.count, !succeeded.isEmpty else {
        throw EvidenceError(
          "its '\(output.name)' has shape \(array.shape), but \(Text.count(succeeded.count, "replica")) succeeded: the first axis is theirs"
        )
      }
      let shape = Array(array.shape.dropFirst())
      let size = shape.reduce(1, *)
      for index in succeeded.indices {
        results.arrays[index].arrays[output] = NDArray(
          shape: shape, values: Array(values[(index * size)..<((index + 1) * size)]))
      }
    }
    return results
  }
}

extension ErrorMessage {
  /// What a program says of a failure, in few lines that any terminal can show. Of a traceback of Python's only the exception
  /// stays, with the place where it was raised: "ValueError: no (walk.py:7: raise ValueError('no'))".
  static func reasonOfProgram(_ text: String) -> String {
    let lines = withoutFrames(text.split(whereSeparator: \.isNewline))
    let text = lines.allSatisfy(\.isEmpty) ? "" : visible(lines.joined(separator: "; "))
    return text.utf8.count > 2000 ? "\(text.prefix(1000)) … \(text.suffix(900))" : text
  }

  private static func withoutFrames(_ lines: [Substring]) -> [String] {
    var (kept, frames): ([String], [Substring]) = ([], [])
    for line in lines {
      let isFrame =
        frames.isEmpty ? line.firstMatch(of: place)?.range.lowerBound == line.startIndex : line.hasPrefix("  ")
      if line.hasPrefix("Traceback (most recent call last)") {
        continue
      } else if isFrame {
        frames.append(line)
      } else if let last = frames.lastIndex(where: { $0.contains(place) }),
        let found = frames[last].firstMatch(of: place)
      {
        let code = frames[last...].dropFirst().first.map { ": \($0.drop { $0 == " " })" } ?? ""
        kept.append("\(line) (\(found.1.split(separator: "/").last ?? found.1):\(found.2)\(code))")
        frames = []
      } else {
        kept.append(String(line))
      }
    }
    return kept + frames.map(String.init)
  }

  /// How a frame of a traceback begins.
  private static var place: Regex<(Substring, Substring, Substring)> { #/  File "([^"]+)", line ([0-9]+)/# }
}

extension Manifest {
  /// 128 bits for the random numbers of one replica, as 32 hexadecimal digits.
  fileprivate func randomKey(of replica: Int) -> String {
    String(CellKey.digest("\(streamText)replica \(replica)\n").prefix(32))
  }
}

extension String {
  /// As a string of JSON.
  fileprivate var json: String {
    var text = "\""
    for scalar in unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case _ where scalar.value < 0x20: text += "\\u" + String(0x10000 + scalar.value, radix: 16).dropFirst()
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text + "\""
  }
}

extension [String] {
  /// Values of JSON as a list.
  fileprivate var json: String { "[" + joined(separator: ",") + "]" }
}

extension ParameterValue {
  fileprivate var json: String {
    switch self {
    case .text(let text): text.json
    case .list(let values): values.map(\.json).json
    default: canonicalText
    }
  }
}
