import Foundation
import NumericalMethods
import PaperKit
import Pipeline
import Platform
import Reports
import Runner
import Store
import TestSupport
import Testing
import ToyPaper

private let stages = "  toy/file-sum: {data: {table: {path: numbers.h5}}, sweep: [{factor: [1, 2]}], replicas: 2}\n"

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
    try write(bytes(values))
    try write(stages: stages)
  }

  /// Writes pipeline.yaml, with the digest of the file as it is now beside each path that has none.
  func write(stages: String) throws {
    var text = stages
    for match in stages.matches(of: /\{path: ([\w.]+)\}/).reversed() {
      let bytes = try #require(try Files.bytes(of: workspace.path + "/" + match.1))
      text.replaceSubrange(
        match.range, with: "{path: \(match.1), sha256: \(bytes.withUnsafeBytes { CellKey.digest($0) })}")
    }
    try workspace.write("seed: 3\nprofiles: [quick]\nstages:\n" + text, to: "pipeline.yaml")
  }

  func write(_ bytes: [UInt8], to name: String = "numbers.h5") throws {
    try Data(bytes).write(to: URL(fileURLWithPath: workspace.path + "/" + name))
  }

  func project() throws -> Project { try Project(root: workspace.path, profile: nil, catalogue: toyCatalogue()) }

  @discardableResult
  func run(workers: Int = 0) throws -> Build.Summary {
    let project = try project()
    let plan = try Plan(project.pipeline, stages: ["toy/file-sum"], catalogue: project.catalogue)
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
    let plan = try Plan(project.pipeline, stages: ["toy/file-sum"], catalogue: project.catalogue)
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
    let moved = stages.replacingOccurrences(of: "numbers.h5", with: "moved.h5")
    try toy.write(stages: moved)
    #expect(try toy.run().computed == 0)
    try toy.write(bytes([1, 2, 5]), to: "moved.h5")
    try toy.write(stages: moved)
    #expect(try toy.run().computed == 2)
  }

  @Test("a stored cell can be computed again after the file has changed")
  func recompute() throws {
    let toy = try DataProject()
    try toy.run()
    try toy.write(bytes([7]))
    try toy.write(stages: stages)
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

  @Test(
    "without the file: cells are read, and computed from the store's copy; without either they are refused, not damaged"
  )
  func absence() throws {
    let toy = try DataProject()
    try toy.run()
    let sums = try toy.sums()
    let digest = try #require(toy.workspace.files(under: "data/store/data").first?.dropLast(3))
    let remove = { name in try FileManager.default.removeItem(atPath: toy.workspace.path + "/" + name) }
    try remove("numbers.h5")
    #expect(try toy.run().cached == 2)
    #expect(try toy.sums() == sums)
    let store = try toy.project().store
    let keys = try store.presentKeys().sorted()
    let care = StoreCare(store: store, catalogue: toyCatalogue())
    let files = try toy.project().pipeline.stages.flatMap(\.data)
    try remove("data/store/data/\(digest).h5")
    let audit = try care.audit(keys, data: files)
    #expect(audit.differences.isEmpty && audit.skipped.map(\.key) == keys)
    #expect(audit.skipped.allSatisfy { $0.reason.contains("'numbers.h5'") && $0.reason.contains(digest) })
    try remove(String(store.path(of: keys[0]).dropFirst(toy.workspace.path.utf8.count + 1)))
    #expect(try toy.run().failed == 1)
    // In its place again, it is enough for an audit, which nothing else gave the store.
    try toy.write(bytes([1, 2, 4]))
    let again = try care.audit([keys[1]], data: toy.project().pipeline.stages.flatMap(\.data))
    #expect(again.differences.isEmpty && again.skipped.isEmpty)
    #expect(try toy.run().computed == 1)
    try remove("numbers.h5")
    try remove(String(store.path(of: keys[0]).dropFirst(toy.workspace.path.utf8.count + 1)))
    #expect(try toy.run().computed == 1)
  }

  @Test("with another file in its place: the same, and the place of the digest is told with both digests")
  func otherFile() throws {
    let toy = try DataProject()
    let digest = try bytes([1, 2, 4]).withUnsafeBytes { CellKey.digest($0) }
    try toy.write([1, 2, 3])
    #expect(try toy.run().failed == 2)
    let file = try #require(try toy.project().pipeline.stages.first?.data.first)
    #expect(
      file.absence.description.hasSuffix(
        "pipeline.yaml:4:59: data file 'numbers.h5' has the SHA-256 "
          + "039058c6f2c0cb492c533b0a4d14ef77cc0f78abccced5287d84a1a2011cfb81, not the one stated; restore the file with "
          + "the SHA-256 \(digest) or, if another is right, state that one's"))
    try toy.write(bytes([1, 2, 4]))
    #expect(try toy.run().computed == 2)
    let sums = try toy.sums()
    try toy.write(bytes([1, 2, 5]))
    #expect(try toy.run().cached == 2)
    #expect(try toy.sums() == sums, "the cells of the file that is stated")
    try toy.write(stages: stages)
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
        "pipeline.yaml:4:3: stage 'toy/file-sum': 'data: {table: {path: FILE, sha256: DIGEST}}' is missing"
      ),
      (
        "  toy/file-sum:\n    data: {tabel: numbers.h5}\n",
        "pipeline.yaml:5:12: stage 'toy/file-sum': unknown key 'tabel'; did you mean 'table'?; known: table"
      ),
      (
        "  toy/walk:\n    data: {table: {path: numbers.h5}}\n  toy/file-sum: {data: {table: {path: numbers.h5}}}\n",
        "pipeline.yaml:5:12: stage 'toy/walk': unknown key 'table'; known: none"
      ),
      (
        "  toy/file-sum: {data: {table: number.h5}}\n",
        "pipeline.yaml:4:32: stage 'toy/file-sum': data file 'number.h5': no such file"
      ),
      (
        "  toy/file-sum: {data: {table: {path: number.h5, sha256: 12ab}}}\n",
        "pipeline.yaml:4:58: stage 'toy/file-sum': data file 'number.h5': no such file, and '12ab' is no SHA-256, "
          + "which has 64 digits from 0 to f"
      ),
      (
        "  toy/file-sum: {data: {table: /etc/passwd}}\n",
        "pipeline.yaml:4:32: stage 'toy/file-sum': '/etc/passwd' cannot name a data file in the project: "
          + "use at most 200 letters, digits, '.', '_', '-' and single '/', no part beginning with '.'"
      ),
      (
        "  toy/file-sum: {data: {table: a/../../numbers.h5}}\n",
        "pipeline.yaml:4:32: stage 'toy/file-sum': 'a/../../numbers.h5' cannot name a data file in the project: "
          + "use at most 200 letters, digits, '.', '_', '-' and single '/', no part beginning with '.'"
      ),
      (
        "  toy/file-sum: {data: {table: {path: text.h5}}}\n",
        "pipeline.yaml:4:39: stage 'toy/file-sum': data file 'text.h5': it does not begin as an HDF5 file does"
      ),
      (
        "  toy/file-sum: {data: {table: {path: other.h5}}}\n",
        "pipeline.yaml:4:39: stage 'toy/file-sum': data file 'other.h5': it has no dataset 'numbers', only others"
      ),
      (
        "  toy/file-sum: {data: {table: {path: square.h5}}}\n",
        "pipeline.yaml:4:39: stage 'toy/file-sum': data file 'square.h5': its dataset 'numbers' has shape [2, 2] "
          + "for the axes [\"row\"]"
      ),
      (
        "  toy/file-sum: {data: {table: {path: infinite.h5}}}\n",
        "pipeline.yaml:4:39: stage 'toy/file-sum': data file 'infinite.h5': its dataset 'numbers' holds numbers that "
          + "are not finite"
      ),
    ])
  func mistakes(stages: String, message: String) throws {
    let toy = try DataProject()
    try toy.write(bytes([1], name: "others"), to: "other.h5")
    try toy.write(bytes([1, 2, 3, 4], shape: [2, 2]), to: "square.h5")
    try toy.write(bytes([1, .infinity]), to: "infinite.h5")
    try toy.write(Array("not HDF5".utf8), to: "text.h5")
    try toy.write(stages: stages)
    #expect(toy.mistakes() == message.split(separator: "\n").map(String.init))
  }

  @Test("a file without a digest is refused, of one with another nothing is read; the digest to state is said")
  func digest() throws {
    let toy = try DataProject()
    let good = try bytes([1, 2, 4])
    let digest = good.withUnsafeBytes { CellKey.digest($0) }
    for path in ["numbers.h5", "{path: numbers.h5 }"] {
      try toy.write(stages: "  toy/file-sum: {data: {table: \(path)}}\n")
      #expect(
        toy.mistakes() == [
          "pipeline.yaml:4:32: stage 'toy/file-sum': data file 'numbers.h5': its SHA-256 must stand beside its path; "
            + "if it is the right file, write data: {table: {path: numbers.h5, sha256: \(digest)}}"
        ])
    }
    try toy.write(stages: stages)
    #expect(toy.mistakes() == [])
    var random = RandomStream(key: 1, purpose: "flips", stream: 0)
    for _ in 0..<200 {
      var bad = good
      bad[random.integer(below: bad.count)] ^= 1 << UInt8(random.integer(below: 8))
      try toy.write(bad)
      #expect(try toy.project().pipeline.stages.flatMap(\.data).allSatisfy { $0.bytes == nil && $0.impostor != nil })
    }
    try toy.write(stages: "  toy/file-sum: {data: {table: {path: numbers.h5, sha256: 12ab}}}\n")
    #expect(toy.mistakes().contains { $0.hasSuffix("and '12ab' is no SHA-256, which has 64 digits from 0 to f") })
    try toy.write(stages: "  toy/file-sum: {data: {table: {path: numbers.h5, sha265: a}}}\n")
    #expect(toy.mistakes().contains { $0.contains("unknown key 'sha265'; did you mean 'sha256'?") })
  }

  @Test("of a file that another program wrote only the declared arrays are read, whatever their type and neighbours")
  func foreignFiles() throws {
    let workspace = try Workspace()
    let script = """
      import h5py, numpy, sys
      f = h5py.File(sys.argv[1] + '/rich.h5', 'w')
      f['numbers'] = numpy.array([1, 2, 4], dtype='>i2')
      f['numbers'].attrs['units'] = [3, 4]
      f['numbers'].attrs['long_name'] = numpy.array(['a', 'b', 'c'], dtype='S3')
      f.attrs['manifest'] = ['one', 'two', 'three', 'four']
      f.attrs['count'] = 3
      f['names'] = ['x', 'y']
      f.create_group('group')['inner'] = 3
      f['loop'] = f['/']
      f['soft'] = h5py.SoftLink('/numbers')
      f['outside'] = h5py.ExternalLink('/etc/passwd', '/numbers')
      f['texts'] = numpy.array(['1', '2'], dtype='S8')
      f['pairs'] = numpy.zeros(3, dtype=[('a', 'f8'), ('b', 'i4')])
      f['half'] = numpy.array([0.5, 2], dtype='f2')
      f.create_dataset('huge', shape=(1 << 40,), dtype='f8', chunks=(1 << 16,))
      f['nothing'] = h5py.Empty('f8')
      f.create_dataset('far', (4,), 'f8', external=[('/etc/passwd', 0, 32)])
      f.close()
      """
    let made = try runProgram("/usr/bin/python3", ["-c", script, workspace.path])
    #expect(made.status == 0, "\(made.errors)")
    let bytes = try #require(try Files.bytes(of: workspace.path + "/rich.h5"))
    func read(_ name: String) throws -> NDArray? {
      let array = DataArray(file: "table", name, axes: ["row"], meaning: "")
      return try DataFile.arrays([array], in: bytes)[array]
    }
    #expect(try read("numbers") == NDArray([1, 2, 4]))
    #expect(try read("half") == NDArray([0.5, 2]))
    for name in ["names", "group", "loop", "soft", "outside", "texts", "pairs", "huge", "nothing", "far", "absent"] {
      #expect(throws: EvidenceError.self, "\(name)") { try read(name) }
    }
  }

  @Test("a file that crashes libhdf5 or keeps it at work for ever is refused, whoever vouches for it")
  func damagedFiles() throws {
    let good = try bytes([1, 2, 4], name: "pixels")
    let array = DataArray(file: "table", "pixels", axes: ["row"], meaning: "")
    #expect(try DataFile.arrays([array], in: good)[array] == NDArray([1, 2, 4]))
    // Numbers in its headers that make libhdf5 1.10 follow a null pointer, and once look for millions of chunks.
    for (place, byte) in [(992, 1), (994, 0), (1424, 1), (834, 144)] as [(Int, UInt8)] {
      var bad = good
      bad[place] = byte
      let error = #expect(throws: EvidenceError.self, "\(place)") { try DataFile.arrays([array], in: bad) }
      #expect(error?.description.contains("damaged") == true, "\(place): \(error?.description ?? "")")
    }
  }

  @Test("a file of a megabyte whose bytes become hundreds is refused; numbers that are as many are read")
  func compressedFiles() throws {
    let workspace = try Workspace()
    // Three numbers, in a chunk of 512 kB that says nothing of what its stream becomes.
    let script = """
      import h5py, numpy, sys, zlib
      with h5py.File(sys.argv[1] + '/bomb.h5', 'w') as f:
          chunk = f.create_dataset('numbers', (3,), '<f8', maxshape=(None,), chunks=(1 << 16,), compression='gzip')
          stream = zlib.compressobj(1)
          parts = [stream.compress(bytes(1 << 20)) for _ in range(300)] + [stream.flush()]
          chunk.id.write_direct_chunk((0,), b''.join(parts))
      with h5py.File(sys.argv[1] + '/zeros.h5', 'w') as f:
          f.create_dataset('numbers', data=numpy.zeros(1 << 22), chunks=(1 << 22,), compression='gzip', shuffle=True)
      with h5py.File(sys.argv[1] + '/claim.h5', 'w') as f:
          f.create_dataset('numbers', (1 << 23,), '<f8', chunks=(1 << 10,), compression='gzip')
      """
    let made = try runProgram("/usr/bin/python3", ["-c", script, workspace.path])
    #expect(made.status == 0, "\(made.errors)")
    let array = DataArray(file: "table", "numbers", axes: ["row"], meaning: "")
    func read(_ name: String) throws -> NDArray? {
      let bytes = try #require(try Files.bytes(of: "\(workspace.path)/\(name).h5"))
      return try DataFile.arrays([array], in: bytes)[array]
    }
    #expect(try read("zeros")?.values.count == 1 << 22)
    for (name, reason) in [("bomb", "memory"), ("claim", "more than the")] {
      let error = #expect(throws: EvidenceError.self, "\(name)") { try read(name) }
      #expect(error?.description.contains(reason) == true, "\(name): \(error?.description ?? "")")
    }
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
