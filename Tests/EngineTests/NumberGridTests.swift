import Claims
import Foundation
import PaperKit
import Pipeline
import Reports
import Runner
import Store
import TestSupport
import Testing
import ToyPaper

/// A stage of toy/walk, as it is written in a file of its own.
private func project(_ stage: String) throws -> Project {
  let workspace = try Workspace()
  try workspace.write("seed: 1\nprofiles: [quick]\nstages:\n  toy/walk: {\(stage)}", to: "pipeline.yaml")
  return try Project(root: workspace.path, profile: nil, catalogue: toyCatalogue())
}

/// The values of a parameter that a sweep gives.
private func values(of name: String = "drift", _ values: String) throws -> [ParameterValue] {
  let project = try project("sweep: [{\(name): \(values)}]")
  let plan = try Plan(project.pipeline, stages: ["toy/walk"], catalogue: project.catalogue)
  return plan.stages[0].keys.indices.compactMap { plan.stages[0].manifest($0).parameters[name] }
}

private func grid(_ text: String) throws -> [Double] { try values("{\(text)}").compactMap(\.number) }

private func refusal(_ stage: String) -> String {
  do {
    _ = try project(stage)
    return "nothing"
  } catch { return ErrorMessage.text(of: error) }
}

@Suite struct NumberGridTests {
  @Test(
    "a range is the list of its decimals",
    arguments: [
      ("[0.2, 1.4, 0.2]", "[0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.4]"), ("[1, 0.7, -0.1]", "[1, 0.9, 0.8, 0.7]"),
      ("[0.05, 0.36, 0.1]", "[0.05, 0.15, 0.25, 0.35]"), ("[-3e-5, 3e-5, 2e-5]", "[-3e-5, -1e-5, 1e-5, 3e-5]"),
      ("[1e-30, 4e-30, 1e-30]", "[1e-30, 2e-30, 3e-30, 4e-30]"), ("[7e22, 1e23, 1e22]", "[7e22, 8e22, 9e22, 1e23]"),
      ("[4.5, 4.5]", "[4.5]"), ("[0, 1, 0.3]", "[0, 0.3, 0.6, 0.9]"),
    ])
  func ranges(range: String, list: String) throws {
    #expect(try values("{range: \(range)}") == values(list))
  }

  @Test("a million steps of 0.001 are the decimals, to the last")
  func longRange() throws {
    let found = try grid("range: [0, 1000, 0.001]")
    #expect(found.count == 1_000_001)
    #expect(found.enumerated().allSatisfy { $1 == Double($0) / 1000 })
  }

  @Test("linspace gives decimals where they are some, and else the numbers nearest to the fractions", arguments: 2...60)
  func linspace(count: Int) throws {
    // A quotient of whole numbers is rounded once, so that it is the nearest.
    let last = count - 1
    let shares: [Double] = (0...last).map { Double($0) / Double(last) }
    #expect(try grid("linspace: [0, 1, \(count)]") == shares)
    let across: [Double] = (0...last).map { Double(7 * $0 - 3 * last) / Double(10 * last) }
    #expect(try grid("linspace: [-0.3, 0.4, \(count)]") == across)
    // So many digits that the parts of the quotient are no longer whole numbers of a Double.
    let fine = try grid("linspace: [0.12345678901234567, 1.12345678901234567, \(count)]")
    #expect(zip(fine, fine.dropFirst()).allSatisfy { abs($1 - $0 - 1 / Double(count - 1)) < 3e-16 })
    #expect(fine.first == 0.12345678901234567 && fine.last == 1.12345678901234567)
  }

  @Test("ends of both signs and all sizes, with 0 in the middle")
  func symmetricLinspace() throws {
    for end in ["0.7", "1e-300", "1.7e308", "3", "8.000000000000001"] {
      let found = try grid("linspace: [-\(end), \(end), 7]")
      #expect(found[3] == 0)
      #expect(found == found.reversed().map(-))
    }
  }

  @Test("a number half way between two neighbours becomes the even one")
  func ties() throws {
    // Neighbours are 2 apart from 2^53 on, 1/2 from 2^51 to 2^52; 1e23 = 5^23 2^23 is half way between two as well.
    #expect(try grid("linspace: [9007199254740992, 9007199254740998, 3]")[1] == 9_007_199_254_740_996)
    #expect(try grid("linspace: [4503599627370489, 4503599627370491.5, 3]")[1] == 4_503_599_627_370_490)
    #expect(try grid("logspace: [1e21, 1e25, 3]") == [1e21, 1e23, 1e25])
  }

  @Test("logspace gives every power of ten there is")
  func powersOfTen() throws {
    #expect(try grid("logspace: [1e-307, 1e308, 616]") == (-307...308).compactMap { Double("1e\($0)") })
    #expect(try grid("logspace: [1000, 0.01, 6]") == [1000, 100, 10, 1, 0.1, 0.01])
    #expect(try grid("logspace: [0.3, 30000, 6]") == [0.3, 3, 30, 300, 3000, 30000])
    #expect(try grid("logspace: [2, 1024, 10]") == (1...10).map { Double(1 << $0) })
  }

  @Test("logspace: the middle of two whole numbers is the square root of their product", arguments: 1...30)
  func squareRoots(n: Int) throws {
    // IEEE 754 wants a square root to be the nearest number.
    for m in [n + 1, 7 * n + 3, 99_991 * n] {
      #expect(try grid("logspace: [\(n), \(m), 3]")[1] == Double(n * m).squareRoot())
    }
  }

  @Test("logspace: irrational numbers are the nearest, by 60 digits of another program")
  func irrational() throws {
    #expect(
      try grid("logspace: [0.7, 2.9, 6]") == [
        0.7, 0.9301607970258747, 1.2359987261768723, 1.6423965146623505, 2.182418358729787, 2.9,
      ])
    #expect(
      try grid("logspace: [1.5e-9, 0.25, 5]") == [
        1.5e-09, 1.704329049701249e-07, 1.9364916731037083e-05, 0.0022002793419834835, 0.25,
      ])
  }

  @Test(
    "grids without a meaning are refused",
    arguments: [
      ("range: [0, 1, 0]", "a step other than 0"), ("range: [0, 1, -0.1]", "a step other than 0"),
      ("range: [0, 1, 1e-9]", "in at most 10000000 steps"), ("linspace: [1e-300, 1, 5]", "30 digits reach from"),
      ("logspace: [-1, 1, 5]", "positive ends"), ("logspace: [1, 2, 10001]", "a count of at most 10000"),
      ("linspace: [0, 1, 2.5]", "with a count of at least 2"), ("range: [1]", "[first, last] or"),
    ])
  func refused(text: String, reason: String) {
    #expect(refusal("sweep: [{drift: {\(text)}}]").contains(reason))
  }

  @Test(
    "a range of whole numbers is one: none of its decimals becomes another number",
    arguments: ["[1, 3, 0.5]", "[-0.5, 1.5]"])
  func wholeRange(range: String) throws {
    let told = refusal("sweep: [{stepCount: {range: \(range)}}]")
    #expect(told.contains("stepCount.range = \(range) is not allowed: whole numbers"), "\(told)")
    // Between two ends the nearest are meant.
    #expect(try values(of: "stepCount", "{linspace: [1, 4, 3]}") == [.integer(1), .integer(3), .integer(4)])
  }
}

@Suite struct WrittenNumberTests {
  @Test(
    "a number that no Double stands for is refused with its place, and what would do",
    arguments: [
      ("3e-325", "0, or at least 2.2250738585072014e-308 in size"),
      ("-7e-310", "0, or at least 2.2250738585072014e-308"),
      ("2e308", "at most 1.7976931348623157e+308 in size"), ("1e99999999999999999999", "at most 1.797693"),
      ("9007199254740993.0", "it would become 9007199254740992.0"),
      ("9007199254740995", "it would become 9.007199254740996e+15, the nearest number that there is; write that"),
      ("18014398509481985.0", "it would become 1.8014398509481984e+16"), ("9007199254740992.25", "it would become"),
    ])
  func changed(text: String, reason: String) {
    let told = refusal("parameters: {drift: \(text)}")
    #expect(told.contains("pipeline.yaml:4:34: stage 'toy/walk': drift = \(text) is not allowed: \(reason)"), "\(told)")
  }

  @Test("a parameter is a finite number", arguments: ["drift: .inf", "weights: [1, -.inf]"])
  func infinite(parameter: String) {
    #expect(refusal("parameters: {\(parameter)}").contains("inf is not allowed: a finite number"))
  }

  @Test(
    "a number means the Double nearest to it",
    arguments: [
      ("0.1000000000000000055", 0.1), ("0.10000000000000000555111512312578270211815834045410", 0.1),
      ("6.02214076e23", 6.02214076e23), ("1e23", 1e23), ("-.5", -0.5), ("5.", 5), ("0x1F", 31), ("012", 12),
      ("2.2250738585072014e-308", .leastNormalMagnitude), ("-0", 0), ("0e999999999999999999999", 0),
      ("9007199254740992", 9_007_199_254_740_992), ("-9223372036854775808", -0x1p63),
      ("1.7976931348623157e308", .greatestFiniteMagnitude),
    ])
  func nearest(text: String, number: Double) throws {
    #expect(try values("[\(text)]") == [.real(number)])
  }

  @Test(
    "whole numbers are read exactly, however they are written",
    arguments: [("1e3", 1000), ("9007199254740993.0", 9_007_199_254_740_993), ("12.50e1", 125), ("0x7f", 127)])
  func whole(text: String, number: Int) throws {
    #expect(try values(of: "stepCount", "[\(text)]") == [.integer(number)])
  }

  @Test(
    "what is no whole number is refused", arguments: ["12.5", "1e-1", "9223372036854775808", "1e400", "1_000", "0x1p4"])
  func noWhole(text: String) {
    #expect(refusal("parameters: {stepCount: \(text)}").contains("'stepCount' must be a whole number"))
  }
}
