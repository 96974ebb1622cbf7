private import Foundation
private import NumericalMethods
private import PaperKit
package import Pipeline
private import Platform
package import Store

/// Computes cells from their manifests and publishes them: what runs in a worker process, or in the runner's own.
package struct Worker: Sendable {
  /// What became of a cell.
  package enum Outcome: Sendable, Equatable {
    /// Published by this worker.
    case computed(Cost)
    /// Somebody else had published it.
    case present
    /// Another process is computing it.
    case claimed
    /// It could not be computed: why.
    case failed(String)
    /// Its worker ended before it answered: how. The cell need not be at fault.
    case workerEnded(String)
  }

  /// What a cell cost.
  package struct Cost: Sendable, Equatable {
    package let wallSeconds: Double
    package let processorSeconds: Double
    package let peakBytes: Int
    package let fileBytes: Int
    /// Replicas that failed numerically.
    package let failedReplicas: Int
    /// Somebody else published the same cell while it was computed.
    package let isDuplicate: Bool

    /// No number that is said of a cell is as large, and none that is added up over the cells of a plan: tasks say them
    /// in files that others may write too.
    static let (limit, summandLimit) = (1e18, 1e11)
  }

  package let catalogue: Catalogue
  package let store: Store
  /// Whether cells are claimed, so that no other process computes the same at the same time. On a cluster's file system
  /// a lock may be kept for a machine that is gone.
  private let claims: Bool
  /// The programs it has started.
  private let programs: Programs

  /// With `showsPrinted`, what programs print goes to standard error.
  package init(catalogue: Catalogue, store: Store, claims: Bool = true, showsPrinted: Bool = false) {
    programs = Programs(showsPrinted: showsPrinted)
    self.catalogue = catalogue
    self.store = store
    self.claims = claims
  }

  /// Makes sure that a cell is in the store. `onInterruption` hears, while a program computes, that the user asked to
  /// stop.
  package func perform(_ manifest: Manifest, onInterruption: (() -> Void)? = nil) -> Outcome {
    let key = manifest.key
    programs.onInterruption = onInterruption
    defer { programs.onInterruption = nil }
    do {
      let work = { () throws -> Outcome in
        if store.contains(key) { return .present }
        let start = programs.usageOfNewCell()
        let cell = try compute(manifest)
        guard let experiment = catalogue.experiments[manifest.experiment] else { return .failed("unknown experiment") }
        let bytes = try cell.encoded(outputs: experiment.outputs)
        let isDuplicate = store.contains(key)
        try store.publish(bytes, as: key)
        let end = programs.usageWithPeak()
        return .computed(
          Cost(
            wallSeconds: end.wall - start.wall, processorSeconds: end.processor - start.processor,
            peakBytes: end.peakBytes, fileBytes: bytes.count, failedReplicas: cell.failures.count,
            isDuplicate: isDuplicate))
      }
      return try claims ? store.withClaim(on: key, work) ?? .claimed : work()
    } catch {
      return .failed(ErrorMessage.reason(of: error))
    }
  }

  /// Computes a cell without storing it. A ``NumericalError`` of a replica is part of the result; anything else is thrown.
  /// Committed files are those given, else those the store keeps; throws `Absence` where one is neither.
  package func compute(_ manifest: Manifest, data files: [DataFile] = []) throws -> Cell {
    guard let experiment = catalogue.experiments[manifest.experiment] else {
      throw EvidenceError("this refig has no experiment '\(manifest.experiment)'")
    }
    guard try catalogue.code(of: experiment).elementsEqual(manifest.code, by: ==) else {
      throw EvidenceError("the code here is other than the cell asks for; build and run again")
    }
    let mutant = try mutant(of: experiment, manifest)
    let (inputs, data) = (try CellInputs(of: manifest, in: store), try arrays(of: experiment, manifest, files))
    let isRandom = try experiment.drawsRandomNumbers(manifest.parameters)
    var results = ReplicaResults()
    switch experiment.implementation {
    case _ where inputs.replicas.isEmpty: break
    case .compiled(let type):
      let contexts = inputs.replicas.map {
        RunContext(
          replica: $0, streamKey: manifest.streamKey, inputs: inputs.results(for: $0), data: data, mutant: mutant,
          isRandom: isRandom)
      }
      results = try type.results(manifest.parameters, contexts)
    case .program(let program):
      let request = ProgramRequest(
        manifest, of: program, outputs: experiment.outputs, inputs: inputs, data: data)
      results = try programs.answer(of: program, to: request, outputs: experiment.outputs)
    }
    results.failures = (results.failures + inputs.failures).sorted { $0.replica < $1.replica }
    return try Cell(manifest, results, of: experiment)
  }

  /// The bytes that a program is asked for a cell with; nil where the experiment is compiled in.
  package func request(_ manifest: Manifest, data files: [DataFile]) throws -> [UInt8]? {
    guard let experiment = catalogue.experiments[manifest.experiment],
      case .program(let program) = experiment.implementation
    else { return nil }
    let inputs = try CellInputs(of: manifest, in: store)
    if inputs.replicas.isEmpty, let failure = inputs.failures.first { throw EvidenceError(failure.reason) }
    return ProgramRequest(
      manifest, of: program, outputs: experiment.outputs, inputs: inputs,
      data: try arrays(of: experiment, manifest, files)
    ).bytes
  }

  private func mutant(of experiment: ExperimentDescription, _ manifest: Manifest) throws -> Mutant? {
    guard let name = manifest.mutant else { return nil }
    guard let mutant = experiment.mutants.first(where: { $0.name == name }) else {
      throw EvidenceError("\(manifest.experiment) has no mutant '\(name)'")
    }
    return mutant
  }

  private func arrays(of experiment: ExperimentDescription, _ manifest: Manifest, _ files: [DataFile]) throws
    -> [DataArray: NDArray]
  {
    var arrays: [DataArray: NDArray] = [:]
    for (name, declared) in Dictionary(grouping: experiment.data, by: \.file) {
      guard let digest = manifest.data.first(where: { $0.name == name })?.digest else {
        throw EvidenceError("\(manifest.experiment) reads a data file; say which with --data \(name)=FILE")
      }
      let file = files.first { $0.digest == digest }
      guard let bytes = try file?.bytes ?? store.data(digest) else {
        throw file?.absence
          ?? Absence("its data file '\(name)', with the SHA-256 \(digest), is neither in the project nor in the store")
      }
      do {
        arrays.merge(try DataFile.arrays(declared, in: bytes)) { $1 }
      } catch {
        throw EvidenceError("data file '\(name)': \(error)")
      }
    }
    return arrays
  }

  // MARK: Serving a runner

  /// Whether a program of this process is computing.
  package static var hasBusyPrograms: Bool { Program.isAnyBusy }

  /// The first line of a worker that can take cells.
  package static let ready = "ready"
  /// Lines that tell of a program which a cell needs: it is being started; it reads what it is asked.
  package static let (starting, begun) = ("starting", "begun")

  /// Says that it is ready, then reads requests from a descriptor until it is closed, and answers each with one line on
  /// another. A request is a line with a manifest's length in bytes, then the manifest.
  package func serve(input: Int32, output: Int32) throws {
    var reader = LineReader(descriptor: input)
    guard try Self.send(Self.ready + "\n", to: output) else { return }
    programs.haveOwnGroups = false
    programs.onStart = { hasBegun in
      // A runner that has gone hears nothing; the answer will show it.
      _ = try? Self.send((hasBegun ? Self.begun : Self.starting) + "\n", to: output)
    }
    while let line = try reader.line() {
      guard let count = Int(line), let bytes = try reader.bytes(count),
        let manifest = Manifest(canonicalText: String(decoding: bytes, as: UTF8.self))
      else { throw PipelineError.workerNotStarted(reason: "its runner sent '\(line)'") }
      // A runner that has gone needs no answer; the cell is in the store.
      guard try Self.send(Self.answer(perform(manifest)) + "\n", to: output) else { return }
    }
  }

  /// Writes a text to a pipe; false if nobody reads it any more.
  package static func send(_ text: String, to descriptor: Int32) throws -> Bool {
    let bytes = Array(text.utf8)
    var sent = 0
    while sent < bytes.count {
      let step = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress?.advanced(by: sent), bytes.count - sent) }
      if step < 0 {
        if errno == EINTR { continue }
        if errno == EPIPE { return false }
        throw PipelineError.workerNotStarted(reason: FileError.reason(errno))
      }
      sent += step
    }
    return true
  }

  package static func answer(_ outcome: Outcome) -> String {
    switch outcome {
    case .computed(let cost):
      "computed \(cost.wallSeconds) \(cost.processorSeconds) \(cost.peakBytes) \(cost.fileBytes) \(cost.failedReplicas) \(cost.isDuplicate ? 1 : 0)"
    case .present: "present"
    case .claimed: "claimed"
    case .failed(let reason): "failed " + reason.split(whereSeparator: \.isNewline).joined(separator: "; ")
    case .workerEnded(let how): answer(.failed("its worker \(how)"))
    }
  }

  /// The inverse of ``answer(_:)``, in which how a worker ended is the reason of a failure; nil for what no worker says.
  package static func outcome(_ answer: Substring) -> Outcome? {
    let fields = answer.split(separator: " ")
    switch fields.first {
    case "computed":
      let numbers = fields.dropFirst().compactMap { Double($0) }
      guard numbers.count == 6, numbers.allSatisfy({ (0..<Cost.limit).contains($0) }),
        max(numbers[3], numbers[4]) < Cost.summandLimit
      else { return nil }
      return .computed(
        Cost(
          wallSeconds: numbers[0], processorSeconds: numbers[1], peakBytes: Int(numbers[2]),
          fileBytes: Int(numbers[3]), failedReplicas: Int(numbers[4]),
          isDuplicate: numbers[5] != 0))
    case "present": return .present
    case "claimed": return .claimed
    case "failed": return .failed(String(answer.dropFirst(7)))
    default: return nil
    }
  }
}
