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

/// A project of toy stages in a folder of its own.
private struct ToyProject {
  let workspace: Workspace
  static let stages = """
      toy/walk:
        sweep: [{drift: [0, 1, 2]}, {law: [normal, uniform]}]
        replicas: {count: 5, perCell: 2}
      toy/mean:
        inputs: {walks: toy/walk}
        sweep: [{factor: [1, 2]}]
    """

  init(_ stages: String = stages) throws {
    workspace = try Workspace()
    try write(stages)
  }

  func write(_ stages: String) throws {
    try workspace.write("seed: 3\nprofiles: [quick, paper]\nstages:\n" + stages, to: "pipeline.yaml")
  }

  var store: Store { Store(root: workspace.path + "/data/store") }

  func plan(profile: String? = nil, code: [String: String] = [:]) throws -> Plan {
    let project = try Project(root: workspace.path, profile: profile, catalogue: toyCatalogue(code: code))
    return try Plan(project.pipeline, stages: Set(project.pipeline.stages.map(\.id)), catalogue: project.catalogue)
  }

  func explain(_ stage: String, code: [String: String] = [:]) throws -> Explanation {
    let explanations = try Explanation.of(
      [try #require(try plan(code: code)[stage])], store: store, present: try store.presentKeys(),
      runStarts: try RunLog.starts(root: workspace.path))
    return explanations[0]
  }

  /// Runs everything; `workers` 0 computes in this process.
  @discardableResult
  func run(
    workers: Int, code: [String: String] = [:], shuffled: Bool = false, memory: Int? = nil, profile: String? = nil
  ) throws -> Build.Summary {
    let catalogue = toyCatalogue(code: code)
    let project = try Project(root: workspace.path, profile: profile, catalogue: catalogue)
    let plan = try Plan(project.pipeline, stages: Set(project.pipeline.stages.map(\.id)), catalogue: catalogue)
    let store = project.store
    var executor: any Executor = InProcessExecutor(worker: Worker(catalogue: catalogue, store: store))
    if workers > 0 {
      executor = try LocalExecutor(
        command: [try productPath("toy-worker"), store.root], workerCount: workers, memory: memory)
    }
    if shuffled { executor = Shuffled(executor) }
    let root = workspace.path
    var build = Build(
      store: project.store, plan: plan, executor: executor,
      makeLog: { try RunLog(root: root, command: ["test"], profile: "quick", facts: [:]) })
    return try build.run()
  }

  /// The bytes of every cell by file name.
  func cells() throws -> [String: Data] {
    var cells: [String: Data] = [:]
    for name in workspace.files(under: "data/store") where name.hasSuffix(".h5") {
      cells[name] = try Data(contentsOf: URL(fileURLWithPath: workspace.path + "/data/store/" + name))
    }
    return cells
  }

  func reader(_ stages: String..., absence: ResultReader.Absence = .error) throws -> ResultReader {
    let project = try Project(root: workspace.path, profile: nil, catalogue: toyCatalogue())
    return project.reader(
      try Plan(project.pipeline, stages: Set(stages), catalogue: project.catalogue), absence: absence)
  }

  func results(_ stage: String, absence: ResultReader.Absence = .error) throws -> Results {
    try reader(stage, absence: absence).results(Evidence(stages: [stage]))
  }
}

@Suite struct LawTests {
  @Test("correct build: the store is the same bit for bit in process, with one worker, with two, in any order")
  func correctBuild() throws {
    let reference = try ToyProject()
    let summary = try reference.run(workers: 0)
    #expect(summary.computed == 20)
    let cells = try reference.cells()
    #expect(cells.count == 20)
    for (workers, shuffled) in [(0, true), (1, false), (2, false), (2, true)] {
      let other = try ToyProject()
      try other.run(workers: workers, shuffled: shuffled)
      #expect(try other.cells() == cells)
    }
  }

  @Test("recomputing any cell gives the stored arrays bit for bit")
  func recompute() throws {
    let toy = try ToyProject()
    try toy.run(workers: 2)
    let worker = Worker(catalogue: toyCatalogue(), store: Store(root: toy.workspace.path + "/data/store"))
    for key in try worker.store.presentKeys() {
      let stored = try #require(try worker.store.cell(key))
      let again = try worker.compute(stored.manifest)
      #expect(again.arrays == stored.arrays)
      #expect(again.coordinates.filter { stored.coordinates[$0.key] != $0.value }.isEmpty)
    }
  }

  @Test("no-op: a second run computes nothing, opens no cell, writes nothing")
  func noOperation() throws {
    let toy = try ToyProject()
    try toy.run(workers: 2)
    // Files that would be refused if they were opened.
    for name in try toy.cells().keys { try toy.workspace.write("", to: "data/store/" + name) }
    let before = toy.workspace.files(under: "data")
    let summary = try toy.run(workers: 2)
    #expect(summary.computed == 0)
    #expect(summary.cached == 20)
    #expect(toy.workspace.files(under: "data") == before)
  }

  @Test("minimal rerun: a value more, a block of replicas more, and what depends on them; a rename nothing")
  func minimalRerun() throws {
    let toy = try ToyProject("  toy/walk: {sweep: [{drift: [0, 1, 2]}], replicas: {count: 4, perCell: 2}}")
    #expect(try toy.run(workers: 0).computed == 6)
    try toy.write("  toy/walk: {sweep: [{drift: [0, 1, 2, 3]}], replicas: {count: 4, perCell: 2}}")
    #expect(try toy.run(workers: 0).computed == 2)
    try toy.write("  toy/walk: {sweep: [{drift: [0, 1, 2, 3]}], replicas: {count: 20, perCell: 2}}")
    #expect(try toy.run(workers: 0).computed == 32)
    try toy.write("  other: {experiment: toy/walk, replicas: {perCell: 2, count: 20}, sweep: [{drift: [3, 2, 1, 0]}]}")
    #expect(try toy.run(workers: 0).computed == 0)
  }

  @Test("a change of code reruns what depends on it, and no more")
  func codeChange() throws {
    let toy = try ToyProject()
    try toy.run(workers: 0)
    #expect(try toy.run(workers: 0, code: ["ToyPaper/ToyPaperTables.swift": "edited"]).computed == 0)
    #expect(try toy.run(workers: 0, code: ["ToyPaper/Mean.swift": "edited"]).computed == 2)
    #expect(try toy.run(workers: 0, code: ["ToyPaper/Walk.swift": "edited"]).computed == 20)
    #expect(try toy.run(workers: 0, code: ["NumericalMethods/Brent.swift": "edited"]).computed == 20)
    #expect(try toy.run(workers: 0).computed == 0)
  }

  @Test("streams: independent points differ, common ones share their noise")
  func streams() throws {
    func noise(_ streams: String) throws -> [[Double]] {
      let toy = try ToyProject("  toy/walk: {sweep: [{drift: [0, 1]}], replicas: 3, streams: \(streams)}")
      try toy.run(workers: 0)
      return try toy.results("toy/walk").points(of: Walk.self).map { point in
        point[Walk.end].values.map { $0 - 4 * point.parameters.drift }
      }
    }
    let common = try noise("common")
    #expect(zip(common[0], common[1]).allSatisfy { abs($0 - $1) < 1e-12 })
    let independent = try noise("independent")
    #expect(zip(independent[0], independent[1]).allSatisfy { abs($0 - $1) > 1e-6 })
  }

  @Test("replicas do not depend on how they are cut into cells")
  func cutting() throws {
    let ends = try [1, 2, 5, 7].map { perCell in
      let toy = try ToyProject("  toy/walk: {replicas: {count: 7, perCell: \(perCell)}}")
      try toy.run(workers: 0)
      return try toy.results("toy/walk").point(of: Walk.self)[Walk.end].values
    }
    #expect(Set(ends).count == 1)
    #expect(ends[0].count == 7)
  }

  @Test("a stage that reads another gets its results")
  func inputs() throws {
    let toy = try ToyProject()
    try toy.run(workers: 2)
    let ends = try toy.results("toy/walk").points(of: Walk.self).flatMap { $0[Walk.end].values }
    let means = try toy.results("toy/mean").points(of: Mean.self)
    #expect(means.map { $0.parameters.factor } == [1, 2])
    for mean in means {
      #expect(abs(mean[Mean.mean].values[0] - mean.parameters.factor * Statistics.mean(ends)) < 1e-12)
    }
  }

  @Test("a replica that fails numerically is a result; the others of its cell are kept", arguments: ["numerical"])
  func numericalFailure(kind: String) throws {
    let toy = try ToyProject("  toy/fault: {parameters: {kind: \(kind)}, replicas: {count: 6, perCell: 3}}")
    let summary = try toy.run(workers: 1)
    #expect(summary.failed == 0)
    #expect(summary.failedReplicas == 1)
    let results = try toy.results("toy/fault")
    #expect(results.failedReplicaCount == 1)
    #expect(try results.point(of: Fault.self)[Fault.value].values == [0, 2, 3, 4, 5])
    #expect(try toy.run(workers: 1).computed == 0)
  }

  @Test(
    "a cell that cannot be computed fails with its reason and the rest goes on",
    arguments: [
      ("crash", "died of signal"), ("undeclared", "does not declare"), ("wrongShape", "returned shape (2,)"),
      ("thrown", "Unexpected"), ("notFinite", "holds inf"), ("sleep", "time limit of 0.3 s"),
      ("killed", "out of memory?"), ("endless", "died of signal"), ("memory", "more than its limit of 100 MB"),
    ])
  func failedCell(kind: String, reason: String) throws {
    let limits = "timeLimit: \(kind == "sleep" ? 0.3 : 300), memoryLimit: 100"
    let toy = try ToyProject("  toy/fault: {parameters: {kind: \(kind)}, replicas: {count: 6, perCell: 1}, \(limits)}")
    let summary = try toy.run(workers: 2)
    #expect(summary.computed == 5)
    #expect(summary.failed == 1)
    let store = Store(root: toy.workspace.path + "/data/store")
    let failures = toy.workspace.files(under: "data/store/failed")
    #expect(failures.count == 1)
    let key = try #require(CellKey(failures[0].dropLast(4)))
    let told = try #require(try store.failure(of: key))
    #expect(told.contains(reason), "\(told)")
    #expect(throws: PipelineError.self, "the others are not the whole") { try toy.results("toy/fault") }
    #expect(try toy.results("toy/fault", absence: .failedReplicas).failedReplicaCount == 1)
  }

  // In a worker, because the program ends. All indices but the last two lie within the memory of the matrix.
  @Test(
    "an index beyond its axis ends the worker instead of being read or written",
    arguments: [
      ("read", 0, 5), ("read", 1, -1), ("read", -1, 7), ("read", 3, -2), ("write", 0, 6), ("column", 0, 5),
      ("array", 0, 5), ("array", 1, -1), ("read", 3, 0), ("read", 2, 5),
    ])
  func index(kind: String, row: Int, column: Int) throws {
    let toy = try ToyProject(
      "  toy/fault: {parameters: {kind: \(kind), row: \(row), column: \(column)}, replicas: {count: 2, perCell: 1}}")
    #expect(try toy.run(workers: 1).failed == 1)
    let failures = toy.workspace.files(under: "data/store/failed")
    let key = try #require(failures.first.flatMap { CellKey($0.dropLast(4)) })
    let reason = try Store(root: toy.workspace.path + "/data/store").failure(of: key)
    #expect(try #require(reason).contains("died of signal"))
  }

  @Test("an experiment that says it draws no random numbers is served none")
  func lyingExperiment() throws {
    let toy = try ToyProject("  toy/formula: {parameters: {isLying: true}}")
    #expect(try toy.run(workers: 1).failed == 1)
    let failures = toy.workspace.files(under: "data/store/failed")
    let key = try #require(failures.first.flatMap { CellKey($0.dropLast(4)) })
    let reason = try Store(root: toy.workspace.path + "/data/store").failure(of: key)
    #expect(try #require(reason).contains("died of signal"))
  }

  @Test(
    "replicas that read their own are the same for any cut of both stages, and are one point", arguments: [1, 2, 5])
  func ownReplicas(perCell: Int) throws {
    func toy(_ walks: Int, _ means: Int) throws -> ToyProject {
      try ToyProject(
        """
          toy/walk: {sweep: [{drift: [0, 3]}], replicas: {count: 12, perCell: \(walks)}}
          toy/mean:
            inputs: {walks: {stage: toy/walk, replicas: own}}
            sweep: [{factor: [1, 2]}]
            replicas: {count: 10, perCell: \(means)}
          few-walks: {experiment: toy/walk, sweep: [{drift: [0, 3]}], replicas: {count: 5, perCell: 3}}
          few: {experiment: toy/mean, inputs: {walks: {stage: few-walks, replicas: own}}, replicas: 4}
        """)
    }
    let toy = try toy(perCell, 3)
    #expect(try toy.run(workers: perCell - 1).failed == 0)
    let ends = try toy.results("toy/walk").points.map { try #require($0.arrays["end"]).values }
    let means = try toy.results("toy/mean").points
    #expect(means.map(\.replicas) == [Array(0..<10), Array(0..<10)])
    for (factor, point) in zip([1.0, 2.0], means) {
      let own = (0..<10).map { factor * (ends[0][$0] + ends[1][$0]) / 2 }
      for (value, own) in zip(try #require(point.arrays["mean"]).values, own) {
        expectClose(value, own, relative: 1e-15)
      }
    }
    // How many others there are of what is read, and in which cells, does not tell replicas apart.
    let joined = try toy.reader("toy/mean", "few").results(Evidence(stages: ["toy/mean", "few"])).points
    #expect(joined.map(\.replicas) == [Array(0..<10), Array(0..<10)])
  }

  @Test("a stage is skipped when cells it reads failed")
  func failedUpstream() throws {
    let toy = try ToyProject(
      """
        toy/walk: {experiment: toy/fault, parameters: {kind: thrown, replica: 0}}
        toy/mean: {inputs: {walks: toy/walk}}
      """)
    let summary = try toy.run(workers: 1)
    #expect(summary.failed == 2)
    #expect(summary.computed == 0)
  }

  @Test("runs at the same time on one store share the work", arguments: [2, 8])
  func concurrentRuns(runCount: Int) async throws {
    let toy = try ToyProject("  toy/walk: {sweep: [{drift: {range: [1, 60]}}], replicas: 4}")
    let counts = try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<runCount { group.addTask { try toy.run(workers: 1).computed } }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(counts.reduce(0, +) == 60, "each cell computed once: \(counts)")
    #expect(try toy.cells().count == 60)
  }

  @Test("a damaged cell is moved aside and computed again")
  func damagedCell() throws {
    let toy = try ToyProject("  toy/walk: {replicas: 2}")
    try toy.run(workers: 0)
    let cells = try toy.cells()
    let name = try #require(cells.keys.first)
    try toy.workspace.write("refig cell 1\n", to: "data/store/" + name)
    let reader = try toy.reader("toy/walk")
    for _ in 0..<2 {
      do {
        _ = try reader.results(Evidence(stages: ["toy/walk"]))
        Issue.record("a damaged cell was read")
      } catch { #expect(ErrorMessage.exitCode(of: error) == .integrity, "also when it is gone") }
    }
    do {
      _ = try toy.results("toy/walk")
      Issue.record("an absent cell was read")
    } catch {
      #expect(ErrorMessage.exitCode(of: error) == .outOfDate)
      #expect(ErrorMessage.text(of: error).contains("refig run toy/walk --profile quick"))
    }
    #expect(try toy.run(workers: 0).computed == 1)
    #expect(try toy.cells()[name] == cells[name])
  }

  @Test("the record of a run has a line for its start, every cell and its end")
  func runLog() throws {
    let toy = try ToyProject()
    try toy.run(workers: 2)
    let runs = toy.workspace.files(under: "data/runs").filter { $0.hasSuffix("events.jsonl") }
    #expect(runs.count == 1)
    let lines = try toy.workspace.read("data/runs/" + runs[0]).split(separator: "\n")
    #expect(lines.count == 25)
    for line in lines {
      let event = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      #expect(event["event"] is String && event["time"] is String)
    }
  }

  @Test("a record that is being written, or was cut off, is read as far as it goes")
  func cutRecord() throws {
    let toy = try ToyProject()
    try toy.run(workers: 1)
    let whole = try CostHistory(root: toy.workspace.path).stages
    #expect(whole["toy/walk"]?.cells == 18)
    #expect(whole["toy/mean"]?.cells == 2)
    let name = "data/runs/" + (try #require(toy.workspace.files(under: "data/runs").last))
    let text = try toy.workspace.read(name)
    try toy.workspace.write(text + "{\"event\":\"stage\",\"sta", to: name)
    #expect(try CostHistory(root: toy.workspace.path).stages == whole)
    let first = try #require(text.ranges(of: "\"event\":\"stage\"").first)
    try toy.workspace.write(String(text[..<first.upperBound]), to: name)
    #expect(try CostHistory(root: toy.workspace.path).stages.isEmpty)
  }

  @Test("what lies beside the records of runs is passed over")
  func strayFiles() throws {
    let toy = try ToyProject()
    try toy.run(workers: 1)
    let costs = try CostHistory(root: toy.workspace.path).stages
    let starts = try RunLog.starts(root: toy.workspace.path)
    #expect(costs["toy/walk"]?.cells == 18)
    for name in [".DS_Store", "notes.txt", "20991231T000000.txt", "20991231T000001-1/notes.txt"] {
      try toy.workspace.write("", to: "data/runs/" + name)
    }
    #expect(try CostHistory(root: toy.workspace.path).stages == costs)
    #expect(try RunLog.starts(root: toy.workspace.path) == starts)
    #expect(try RunRecord(root: toy.workspace.path, run: nil).status.run == RunLog.runs(root: toy.workspace.path).last)
    #expect(try EarlierRuns(root: toy.workspace.path, profile: "quick", cells: []).runs.count == 1)
  }

  @Test("a record that tells of no run is damaged: the place is named, and nobody waits for it")
  func damagedRecord() throws {
    let toy = try ToyProject()
    try toy.run(workers: 0)
    let run = try #require(try RunLog.runs(root: toy.workspace.path).last)
    let path = "data/runs/\(run)/events.jsonl"
    func refusal(_ text: String) throws -> String {
      try toy.workspace.write(text, to: path)
      let old = Date(timeIntervalSinceNow: -20)
      try FileManager.default.setAttributes([.modificationDate: old], ofItemAtPath: toy.workspace.path + "/" + path)
      let record = try RunRecord(root: toy.workspace.path, run: run)
      do {
        try record.update()
        #expect(try !record.isAlive)
        try record.requireBeginning()
        return ""
      } catch {
        #expect(ErrorMessage.exitCode(of: error) == .integrity)
        return ErrorMessage.text(of: error).replacing(toy.workspace.path + "/", with: "")
      }
    }
    let start = #"{"event":"run","time":"2026","facts":{"host":"elsewhere"}}"#
    #expect(try refusal("").hasPrefix("\(path): damaged: its beginning is missing"))
    #expect(try refusal("garbage\n") == "\(path):1: damaged: this line is no event of a run.")
    #expect(try refusal("\(start)\n[1]\n") == "\(path):2: damaged: this line is no event of a run.")
  }

  @Test("a clock an hour off, either way, changes nothing: no file is new or old by its time", arguments: [-1.0, 1])
  func wrongClock(hours: Double) throws {
    let toy = try ToyProject()
    try toy.run(workers: 1)
    let time = Date(timeIntervalSinceNow: 3600 * hours)
    for name in toy.workspace.files(under: ".") {
      try FileManager.default.setAttributes([.modificationDate: time], ofItemAtPath: toy.workspace.path + "/" + name)
    }
    #expect(try toy.run(workers: 1).computed == 0)
    let care = StoreCare(store: toy.store, catalogue: toyCatalogue())
    let now = Date().timeIntervalSince1970
    #expect(try care.garbage(needed: [], graceSeconds: 86400, now: now).keys.isEmpty)
    try toy.workspace.write("half a cell", to: "data/store/tmp/1-abc")
    #expect(try care.garbage(needed: [], graceSeconds: 0, now: now + 3600).leftovers.isEmpty, "may be at work")
    #expect(try care.garbage(needed: [], graceSeconds: 0, now: now + 90000).leftovers.count == 1)
    // Runs that begin at one instant of such a clock keep records of their own.
    let logs = try (0..<3).map { _ in
      try RunLog(root: toy.workspace.path, command: [], profile: "quick", facts: [:])
    }
    #expect(Set(logs.map(\.folder)).count == 3)
  }

  @Test("replicas are extended, and profiles share what they have in common")
  func extension24To200() throws {
    let stage =
      "  toy/walk: {replicas: {count: 24, perCell: 1}, profiles: {paper: {replicas: {count: 200, perCell: 1}}}}"
    let toy = try ToyProject(stage)
    #expect(try toy.run(workers: 1).computed == 24)
    let paper = try toy.run(workers: 1, profile: "paper")
    #expect(paper.computed == 176)
    #expect(paper.cached == 24)
  }

  @Test("cells whose stated memory does not fit together run one after the other")
  func memoryGuard() throws {
    let toy = try ToyProject()
    try toy.write(
      "  toy/fault: {parameters: {kind: alone, replica: -1, path: \(toy.workspace.path)/lock}, "
        + "replicas: {count: 8, perCell: 1}, memoryLimit: 60}")
    let summary = try toy.run(workers: 2, memory: 100_000_000)
    #expect(summary.computed == 8)
    #expect(summary.failed == 0)
    // A cell that is too large for the machine runs all the same, alone.
    try toy.write(
      "  toy/fault: {parameters: {kind: alone, replica: -2, path: \(toy.workspace.path)/lock}, "
        + "replicas: {count: 4, perCell: 1}, memoryLimit: 600}")
    #expect(try toy.run(workers: 2, memory: 100_000_000).computed == 4)
  }

  @Test("explain: what would run differs in what was changed, and what ran in what was changed then")
  func explain() throws {
    let toy = try ToyProject()
    #expect(try toy.explain("toy/walk").missing.map(\.relative) == [nil], "there is nothing to compare with")
    try toy.run(workers: 1)
    #expect(try toy.explain("toy/walk").missing.isEmpty)
    let edited = try toy.explain("toy/walk", code: ["ToyPaper/Walk.swift": "edited"])
    #expect(edited.missing.map(\.differences) == [["code of the experiment toy/walk changed"]])
    #expect(edited.missing.map(\.cells) == [18])
    let mean = try toy.explain("toy/mean", code: ["ToyPaper/Walk.swift": "edited"])
    #expect(mean.missing.map(\.differences) == [["input 'walks' changed: other cells of the stage it reads"]])

    try toy.write(ToyProject.stages.replacingOccurrences(of: "drift: [0, 1, 2]", with: "drift: [0, 1, 2, 3]"))
    let more = try toy.explain("toy/walk")
    #expect(more.missing.map(\.cells) == [6])
    #expect(
      more.missing.flatMap(\.differences).allSatisfy { $0.hasPrefix("parameter drift: ") && $0.hasSuffix("→ 3.0") })
    #expect(try toy.explain("toy/mean").missing.map(\.cells) == [2], "it reads more cells")
    try toy.run(workers: 1)
    let ran = try toy.explain("toy/walk").computed
    #expect(ran.map(\.cells).reduce(0, +) == 24)
    #expect(ran.contains { $0.cells == 6 && $0.differences.first?.hasSuffix("→ 3.0") == true }, "\(ran)")
    #expect(ran.contains { $0.cells == 18 && $0.relative == nil }, "the others were the first: \(ran)")

    try toy.write("  toy/walk: {replicas: {count: 6, perCell: 6}}")
    try toy.run(workers: 1)
    try toy.write("  toy/walk: {replicas: {count: 6, perCell: 3}}")
    #expect(
      try toy.explain("toy/walk").missing.map(\.differences) == [["replicas 0–5 → replicas 0–2"]])
  }

  @Test("what a run is going to do and did, by stage, is in its record")
  func stageEvents() throws {
    let toy = try ToyProject()
    try toy.run(workers: 2)
    let name = try #require(toy.workspace.files(under: "data/runs").last)
    let events = try toy.workspace.read("data/runs/" + name).split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
    #expect(events.map { $0["event"] as? String }.first == "run")
    #expect(events.last?["computed"] as? Int == 20)
    let plan = try #require(events.first { $0["event"] as? String == "plan" }?["stages"] as? [String: [String: Int]])
    #expect(plan["toy/walk"] == ["cells": 18, "missing": 18])
    let stages = events.filter { $0["event"] as? String == "stage" }
    #expect(stages.map { $0["stage"] as? String } == ["toy/walk", "toy/mean"])
    #expect(stages.map { $0["computed"] as? Int } == [18, 2])
    for cell in events where cell["event"] as? String == "cell" {
      #expect((cell["peakBytes"] as? Int ?? 0) > 1_000_000)
      #expect(cell["wallSeconds"] is Double && cell["processorSeconds"] is Double)
    }
  }
}
