import NumericalMethods
import PaperKit
import TestSupport
import Testing

/// Two outputs along a time, one of them with an axis more whose scale the cell makes up, and a flag.
private enum Spread: Experiment {
  struct Parameters: ExperimentParameters, Equatable {
    @Parameter("number of values", above: 0) var width = 2
    @Parameter("whether it draws random numbers") var isNoisy = true
  }

  static let time = OutputArray("time", axes: ["time"], unit: "s", meaning: "time")
  static let level = OutputArray("level", axes: ["time"], unit: "m", allowsNaN: true, meaning: "level")
  static let values = OutputArray("values", axes: ["time", "index"], meaning: "values")
  static let found = OutputArray("found", meaning: "whether it was found")
  static let name = "test/spread"
  static let sourceFile = #fileID
  static let outputs = [time, level, values, found]

  static func drawsRandomNumbers(_ parameters: Parameters) -> Bool { parameters.isNoisy }

  static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray] { [:] }

  /// A sweep point; the level of replica r at time index t is 10 r + t, its values there are 100 times that plus the index.
  static func point(
    _ replicas: [Int], failed: [Int] = [], width: Int = 2, isNoisy: Bool = true, missing: Set<Int> = [],
    found: (Int) -> Double = { Double($0 % 2) }
  ) throws -> Results.Point {
    var parameters = Parameters()
    (parameters.width, parameters.isNoisy) = (width, isNoisy)
    let levels = replicas.flatMap { replica in
      (0..<3).map { missing.contains(replica) ? .nan : Double(10 * replica + $0) }
    }
    let values = replicas.flatMap { replica in
      (0..<3).flatMap { time in (0..<2).map { Double(100 * (10 * replica + time) + $0) } }
    }
    return Results.Point(
      experiment: name, parameters: parameters.values(), replicas: replicas, failedReplicas: failed,
      arrays: [
        "time": NDArray([0, 0.5, 1]), "index": NDArray([0, 1]),
        "level": NDArray(shape: [replicas.count, 3], values: levels),
        "values": NDArray(shape: [replicas.count, 3, 2], values: values), "found": NDArray(replicas.map(found)),
      ])
  }
}

@Suite struct ColumnsTests {
  private let width = Column("width", meaning: "width k")

  private func rows(_ table: TableDefinition, _ points: Results.Point...) throws -> [[Double]] {
    try table.rows(Results(points: points))
  }

  @Test(
    "a row for each replica and place holds that replica's numbers, also of outputs whose axes have no scale of their own"
  )
  func eachReplica() throws {
    let table = TableDefinition(
      "test/each", of: Spread.self, eachReplica: true, along: Spread.time,
      columns: [
        .replica(Column("run", meaning: "run")), .place(Spread.time), .first(Spread.level),
        .first(Spread.values, as: "last") { $0[1] },
      ])
    #expect(table.columns.map(\.name) == ["run", "time", "level", "last"])
    #expect(table.columns.map(\.unit) == ["1", "s", "m", "1"])
    #expect(
      try rows(table, Spread.point([4, 7], failed: [5]))
        == [
          [4, 0, 40, 4001], [4, 0.5, 41, 4101], [4, 1, 42, 4201], [7, 0, 70, 7001], [7, 0.5, 71, 7101],
          [7, 1, 72, 7201],
        ])
  }

  @Test("points of an experiment with an axis without a scale are paired around a failed replica")
  func pairing() throws {
    let results = try Results(points: [Spread.point([0, 1, 3], width: 1), Spread.point([0, 1, 2, 3], width: 2)])
    let pair = try paired(results.points(of: Spread.self))
    #expect(pair.map(\.replicas) == [[0, 1, 3], [0, 1, 3]])
    #expect(pair[1][Spread.values].slice(2) == pair[0][Spread.values].slice(2))
  }

  @Test(
    "axes run in the order given, the last fastest; a scale made up by the cell is no place to go along but by its output"
  )
  func order() throws {
    let table = TableDefinition(
      "test/order", of: Spread.self, along: Spread.time, sortedBy: { [-Double($0.width)] },
      where: { $0.place(Spread.time) > 0 }, columns: [.parameter(width, \.width), .mean(Spread.level)])
    #expect(
      try rows(table, Spread.point([0, 1], width: 1), Spread.point([2, 3], width: 5))
        == [[5, 26, 5], [5, 27, 5], [1, 6, 5], [1, 7, 5]])
  }

  @Test(
    "what is not a number counts neither for means nor for medians; the error of one replica is unknown, of a calculation 0"
  )
  func missing() throws {
    let table = TableDefinition(
      "test/mean", of: Spread.self,
      columns: [
        .mean(Spread.level, standardErrors: 2) { $0[0] }, .median(Spread.level, as: "middle", within: 0...1) { $0[2] },
      ])
    #expect(table.columns.map(\.name) == ["level", "levelError", "middle", "middleLow", "middleHigh"])
    #expect(table.columns[1].meaning == "level, 2 times the standard error of the mean")
    #expect(try rows(table, Spread.point([0, 1, 2], missing: [1])) == [[10, 20, 12, 2, 22]])
    let single = try rows(table, Spread.point([3]))[0]
    #expect(single[0] == 30 && single[1].isNaN && single[2...] == [32, 32, 32])
    #expect(try rows(table, Spread.point([3], isNoisy: false))[0][1] == 0)
    #expect(try rows(table, Spread.point([3], missing: [3]))[0].allSatisfy(\.isNaN))
  }

  @Test(
    "a share has the interval of Clopper and Pearson, wider by the replicas that failed, and refuses what is no flag")
  func shares() throws {
    let table = TableDefinition(
      "test/share", of: Spread.self,
      columns: [.share(Spread.found, as: Column("probability", meaning: "share"), tail: 0.025)])
    #expect(table.columns.map(\.name) == ["probability", "low", "high"])
    // 5 of 10: from 0.1871 to 0.8129.
    let whole = try rows(table, Spread.point(Array(0..<10)))[0]
    #expect(whole[0] == 0.5 && abs(whole[1] - 0.18709) < 1e-4 && abs(whole[2] - 0.81291) < 1e-4)
    let failed = try rows(table, Spread.point(Array(0..<10), failed: [10, 11]))[0]
    #expect(failed[1] < whole[1] && failed[2] > whole[2])
    #expect(throws: EvidenceError.self) { try rows(table, Spread.point([0], found: { _ in 0.5 })) }
  }

  @Test("columns that tables share stand as one, and conditions are 1 or 0")
  func parts() throws {
    let shared = Columns<Spread>.all([
      .parameter(width, \.width), .parameter(Column("isNoisy", meaning: "with noise"), \.isNoisy),
    ])
    let table = TableDefinition(
      "test/parts", of: Spread.self,
      columns: [shared, .computed(Column("twice", meaning: "2k")) { 2 * $0.parameters.width }])
    #expect(table.columns.map(\.name) == ["width", "isNoisy", "twice"])
    #expect(try rows(table, Spread.point([0], width: 3)) == [[3, 1, 6]])
  }
}
