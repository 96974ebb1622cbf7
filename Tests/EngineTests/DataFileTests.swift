import Foundation
import NumericalMethods
import PaperKit
import Pipeline
import Reports
import Runner
import Store
import TestSupport
import Testing
import ToyPaper

private let stages = "  toy/file-sum: {data: {table: numbers.h5}, sweep: [{factor: [1, 2]}], replicas: 2}\n"

/// Bytes of a file with one dataset.
private func bytes(_ values: [Double], name: String = "numbers", shape: [Int]? = nil) throws -> [UInt8] {
  let dataset = HDF5File.Dataset(
    name: name, shape: shape ?? [values.count], axes: Array(repeating: "", count: shape?.count ?? 1), unit: "1",
    meaning: "", values: values)
  return try HDF5File(attributes: [], datasets: [dataset]).encoded(headerSize: 0)
}

/// A project with one stage that reads a file.
private struct DataProject {
  let workspace: Workspace

  init(_ stages: String = stages, values: [Double] = [1, 2, 4]) throws {
    workspace = try Workspace()
    try workspace.write("seed: 3\nprofiles: [quick]\nstages:\n" + stages, to: "pipeline.yaml")
    try write(bytes(values))
  }

  func write(_ bytes: [UInt8], to name: String = "numbers.h5") throws {
    try Data(bytes).write(to: URL(fileURLWithPath: workspace.path + "/" + name))
  }

  func project() throws -> Project { try Project(root: workspace.path, profile: nil, catalogue: toyCatalogue()) }

  @discardableResult
  func run(workers: Int = 0) throws -> Build.Summary {
    let project = try project()
    let plan = Plan(project.pipeline, stages: ["toy/file-sum"], catalogue: project.catalogue)
    let store = project.store
    var executor: any Executor = InProcessExecutor(worker: Worker(catalogue: project.catalogue, store: store))
    if workers > 0 {
      executor = try LocalExecutor(command: [try productPath("toy-worker"), store.root], workerCount: workers)
    }
    let root = workspace.path
    var build = Build(
      store: project.store, plan: plan, executor: executor,
      makeLog: { try RunLog(root: root, command: ["test"], profile: "quick", facts: [:]) })
    return try build.run()
  }

  func sums() throws -> [Double] {
    let project = try project()
    let plan = Plan(project.pipeline, stages: ["toy/file-sum"], catalogue: project.catalogue)
    return try project.reader(plan).results(Evidence(stages: ["toy/file-sum"]))
      .points(of: FileSum.self).flatMap { $0[FileSum.sum].values }
  }

  /// What a run is refused with.
  func mistakes() -> [String] {
    do {
      try run()
      return []
    } catch {
      #expect(ErrorMessage.exitCode(of: error) == .input)
      return ErrorMessage.text(of: error).replacingOccurrences(of: workspace.path + "/", with: "")
        .split(separator: "\n").map(String.init)
    }
  }
}

@Suite struct DataFileTests {
  @Test("a file's numbers reach the experiment, in process and in worker processes alike")
  func results() throws {
    let (one, two) = (try DataProject(), try DataProject())
    #expect(try one.run().computed == 2)
    try two.run(workers: 2)
    #expect(try one.sums() == two.sums())
    // The same draws on other numbers: the sums differ by exactly what was added.
    let more = try DataProject(values: [1, 2, 8])
    try more.run()
    expectClose(zip(try more.sums(), try one.sums()).map { $0 - $1 }, [4, 4, 8, 8], absolute: 1e-12)
  }

  @Test("other bytes are another key; another path or name of the file in the project is not")
  func keys() throws {
    let toy = try DataProject()
    try toy.run()
    try toy.write(bytes([1, 2, 4]), to: "moved.h5")
    try toy.workspace.write(
      "seed: 3\nprofiles: [quick]\nstages:\n" + stages.replacingOccurrences(of: "numbers.h5", with: "moved.h5"),
      to: "pipeline.yaml")
    #expect(try toy.run().computed == 0)
    try toy.write(bytes([1, 2, 5]), to: "moved.h5")
    #expect(try toy.run().computed == 2)
  }

  @Test("a stored cell can be computed again after the file has changed")
  func recompute() throws {
    let toy = try DataProject()
    try toy.run()
    try toy.write(bytes([7]))
    let store = try toy.project().store
    let worker = Worker(catalogue: toyCatalogue(), store: store)
    for key in try store.presentKeys() {
      let stored = try #require(try store.cell(key))
      #expect(stored.manifest.data.map(\.name) == ["table"])
      #expect(try worker.compute(stored.manifest).arrays == stored.arrays)
    }
  }

  @Test("a damaged copy in the store is told, not read, and the next run writes it anew")
  func damagedCopy() throws {
    let toy = try DataProject()
    try toy.run()
    let store = try toy.project().store
    let name = try #require(toy.workspace.files(under: "data/store/data").first)
    try toy.write([1, 2, 3], to: "data/store/data/" + name)
    let keys = try store.presentKeys()
    let key = try #require(keys.first)
    let manifest = try #require(try store.cell(key)?.manifest)
    #expect(throws: PipelineError.self) { try Worker(catalogue: toyCatalogue(), store: store).compute(manifest) }
    for key in keys { try FileManager.default.removeItem(atPath: store.path(of: key)) }
    #expect(try toy.run().computed == 2)
  }

  @Test("a no-op writes nothing and opens no HDF5 file: the file may hold anything, its digest decides")
  func noOperation() throws {
    let toy = try DataProject()
    try toy.run()
    let before = toy.workspace.files(under: "data")
    for name in before where name.hasSuffix(".h5") { try toy.workspace.write("", to: "data/" + name) }
    #expect(try toy.run().computed == 0)
    #expect(toy.workspace.files(under: "data") == before)
  }

  @Test(
    "mistakes are told with their place",
    arguments: [
      (
        "  toy/file-sum: {}\n",
        "pipeline.yaml:4:3: stage 'toy/file-sum': 'data: {table: FILE}' is missing"
      ),
      (
        "  toy/file-sum:\n    data: {tabel: numbers.h5}\n",
        """
        pipeline.yaml:5:11: stage 'toy/file-sum': 'table' is missing
        pipeline.yaml:5:12: stage 'toy/file-sum': unknown key 'tabel'; did you mean 'table'?; known: table
        """
      ),
      (
        "  toy/walk:\n    data: {table: numbers.h5}\n  toy/file-sum: {data: {table: numbers.h5}}\n",
        "pipeline.yaml:5:12: stage 'toy/walk': unknown key 'table'; known: none"
      ),
      (
        "  toy/file-sum: {data: {table: number.h5}}\n",
        "pipeline.yaml:4:32: stage 'toy/file-sum': data file 'number.h5': no such file"
      ),
      (
        "  toy/file-sum: {data: {table: /etc/passwd}}\n",
        "pipeline.yaml:4:32: stage 'toy/file-sum': '/etc/passwd' cannot name a data file in the project: "
          + "use letters, digits, '.', '_', '-' and single '/', no part beginning with '.'"
      ),
      (
        "  toy/file-sum: {data: {table: a/../../numbers.h5}}\n",
        "pipeline.yaml:4:32: stage 'toy/file-sum': 'a/../../numbers.h5' cannot name a data file in the project: "
          + "use letters, digits, '.', '_', '-' and single '/', no part beginning with '.'"
      ),
      (
        "  toy/file-sum: {data: {table: pipeline.yaml}}\n",
        "pipeline.yaml:4:32: stage 'toy/file-sum': data file 'pipeline.yaml': it does not begin as an HDF5 file does"
      ),
      (
        "  toy/file-sum: {data: {table: other.h5}}\n",
        "pipeline.yaml:4:32: stage 'toy/file-sum': data file 'other.h5': it has no dataset 'numbers', only others"
      ),
      (
        "  toy/file-sum: {data: {table: square.h5}}\n",
        "pipeline.yaml:4:32: stage 'toy/file-sum': data file 'square.h5': its dataset 'numbers' has shape [2, 2] "
          + "for the axes [\"row\"]"
      ),
      (
        "  toy/file-sum: {data: {table: infinite.h5}}\n",
        "pipeline.yaml:4:32: stage 'toy/file-sum': data file 'infinite.h5': its dataset 'numbers' holds numbers that "
          + "are not finite"
      ),
    ])
  func mistakes(stages: String, message: String) throws {
    let toy = try DataProject(stages)
    try toy.write(bytes([1], name: "others"), to: "other.h5")
    try toy.write(bytes([1, 2, 3, 4], shape: [2, 2]), to: "square.h5")
    try toy.write(bytes([1, .infinity]), to: "infinite.h5")
    #expect(toy.mistakes() == message.split(separator: "\n").map(String.init))
  }

  @Test("text and value of a manifest with a file are inverse; a digest that is none is refused")
  func manifest() throws {
    let digest = String(repeating: "0f", count: 32)
    let manifest = Manifest(
      experiment: "toy/file-sum", code: [("experiment", "ab")], seed: 1, streams: .independent,
      data: [("table", digest)], parameters: [:], replicas: 0..<1)
    #expect(Manifest(canonicalText: manifest.canonicalText) == manifest)
    #expect(
      Manifest(canonicalText: manifest.canonicalText.replacingOccurrences(of: digest, with: "../x")) == nil)
  }
}
