import Foundation
import TestSupport
import Testing

/// `refig data` for programs: every stage, in every form, with values in their own types.
@Suite struct DataCommandTests {
  @Test("an output that is none is told before anything is computed")
  func unknownOutput() throws {
    let project = try Project()
    let told = try project.refig("data", "sarao2020/uniqueness", "--output", "nothing")
    #expect(told.status == 2 && told.errors.contains("--output nothing: one of "), "\(told.errors)")
    #expect(try project.cells().isEmpty)
  }

  private func object(_ result: ProgramResult) throws -> Any {
    #expect(result.status == 0, "\(result.errors)")
    return try JSONSerialization.jsonObject(with: Data(result.output.utf8))
  }

  @Test("a stage whose outputs are all arrays: as JSON, and as CSV with a file for each set of axes")
  func arrays() throws {
    let project = try Project(
      stages: """
          flow:
            experiment: bocchi2026/full-sgd
            parameters: {inputDimension: 20, lastTime: 2, timeCount: 4}
            replicas: 2
        """, figures: "figures: {}")
    let points = try #require(try object(try project.refig("data", "flow", "--json", "-q")) as? [[String: Any]])
    let arrays = try #require(points.first?["arrays"] as? [String: Any])
    #expect(points.count == 1)
    // What has the same axes is one table. There is no printing several as if they were one.
    let refused = try project.refig("data", "flow", "--csv", "-q")
    #expect(refused.status == 2 && refused.output.isEmpty && refused.errors.contains("or --folder DIR"))
    let written = try project.refig("data", "flow", "--csv", "--folder", "tables/flow", "-q")
    let files = written.output.split(separator: "\n").map(String.init)
    #expect(written.status == 0 && files.count > 1 && files.allSatisfy { $0.hasPrefix("tables/flow/") })
    var columns: Set<String> = []
    for file in files {
      let rows = try project.workspace.read(file).split(separator: "\n").map { $0.split(separator: ",") }
      #expect(rows.count > 1 && rows.allSatisfy { $0.count == rows[0].count }, "\(file)")
      columns.formUnion(rows[0].map(String.init))
    }
    // Each array is a column, or the coordinate beside the columns along its axis; parameters say what the numbers are of.
    #expect(columns.isSuperset(of: arrays.keys), "\(columns) \(arrays.keys)")
    #expect(columns.isSuperset(of: ["inputDimension", "learningRate"]), "\(columns)")
    let names = try #require(arrays.keys.sorted().first)
    #expect(try project.refig("data", "flow", "--output", names, "-q").status == 0)
    #expect(try project.refig("data", "flow", "--output", "nothing", "-q").status == 2)
  }

  private static let stage = """
      sarao2020/gradient-descent:
        parameters: {inputDimension: 4, studentWidth: 4, maximumStepCount: 20}
        sweep: [{sampleCount: [11, 13]}, {method: [gradient, nesterov]}]
    """

  @Test("numbers are numbers and words are words, in JSON and in CSV")
  func types() throws {
    let project = try Project(stages: Self.stage, figures: "figures: {}")
    let id = "sarao2020/gradient-descent"
    let points = try #require(try object(try project.refig("data", id, "--json", "-q")) as? [[String: Any]])
    let parameters = try points.map { try #require($0["parameters"] as? [String: Any]) }
    #expect(parameters.map { $0["sampleCount"] as? Int } == [11, 11, 13, 13])
    #expect(parameters.map { $0["method"] as? String } == ["gradient", "nesterov", "gradient", "nesterov"])
    let rows = try project.refig("data", id, "--csv", "-q").output.split(separator: "\n").dropFirst()
    #expect(
      rows.map { $0.split(separator: ",").prefix(2) } == [
        ["gradient", "11"], ["nesterov", "11"], ["gradient", "13"], ["nesterov", "13"],
      ])
    let tried = try #require(
      try object(
        try project.refig(
          "try", id, "--set", "sampleCount=11", "--set", "inputDimension=4", "--set", "studentWidth=4", "--json"))
        as? [String: Any])
    let values = try #require(tried["parameters"] as? [String: Any])
    #expect(values["sampleCount"] as? Int == 11)
    #expect(values["method"] as? String != nil)
  }

  @Test("the conditions of a claim keep their types")
  func conditions() throws {
    let shown = try #require(try object(try Project().refig("show", "claim:demo/always", "--json")) as? [String: Any])
    let claims = try #require(shown["claims"] as? [[String: Any]])
    #expect(claims.first?["conditions"] as? [String: [Int]] == ["sampleCount": [10]])
  }
}
