import NumericalMethods
import PaperKit
import Testing

private struct Everything: ExperimentParameters, Equatable {
  enum Word: String, Choice { case one, two }
  @Parameter("how many", atLeast: 0) var count = 3
  @Parameter("how fast", above: 0, atMost: 1e9) var rate = 0.5
  @Parameter("whether") var isOn = true
  @Parameter("who") var name = "a"
  @Parameter("which", among: [.one, .two]) var word = Word.one
  @Parameter("all of them") var counts = [1, 2]
  @Parameter("none") var rates: [Double] = []
  @Parameter("some") var words = [Word.two]
  /// No parameter: the same for all.
  let constant = 1
  func validateRelations() throws {
    try require(Double(count) >= rate, "rate", rate, allowed: "at most count")
  }
}

private struct Ranges: ExperimentParameters {
  @Parameter("closed", in: 1e-13...1e-3) var closed = 1e-6
  @Parameter("open", above: 0, below: 1) var open = 0.5
  @Parameter("half open", atLeast: 2.5) var half = 3.0
  @Parameter("whole", in: 2...64) var whole = 8
}

@Suite struct ParameterTests {
  @Test("parameters and values are inverse")
  func roundTrip() throws {
    var parameters = Everything()
    parameters.rates = [0.1, -2]
    parameters.word = .two
    #expect(try Everything(values: parameters.values()) == parameters)
  }

  @Test("defaults come from the initialisers, with their types")
  func defaults() {
    #expect(
      Everything().values() == [
        "count": .integer(3), "rate": .real(0.5), "isOn": .flag(true), "name": .text("a"), "word": .text("one"),
        "counts": .list([.integer(1), .integer(2)]), "rates": .list([]), "words": .list([.text("two")]),
      ])
  }

  @Test("a wrong type, a wrong word, a missing and a refused value are named with what is allowed")
  func refusals() throws {
    func refusal(_ name: String, _ value: ParameterValue?) throws -> InvalidParameter? {
      var values = Everything().values()
      values[name] = value
      do {
        _ = try Everything(values: values)
        return nil
      } catch let error as InvalidParameter {
        return error
      }
    }
    #expect(try refusal("count", .text("x")) == InvalidParameter("count", "\"x\"", allowed: "a whole number"))
    #expect(try refusal("rate", .flag(true)) == InvalidParameter("rate", "true", allowed: "a number"))
    #expect(try refusal("word", .text("three")) == InvalidParameter("word", "three", allowed: "one, two"))
    #expect(try refusal("words", .list([.text("3")])) == InvalidParameter("words", "3", allowed: "one, two"))
    #expect(try refusal("count", nil) == InvalidParameter("count", "nothing", allowed: "a value"))
    #expect(try refusal("count", .integer(-1)) == InvalidParameter("count", "-1", allowed: "at least 0"))
    #expect(try refusal("rate", .integer(2)) == nil, "a whole number is a real one")
    let most = "above 0, at most 1e9"
    #expect(try refusal("rate", .real(2e9)) == InvalidParameter("rate", "2000000000.0", allowed: most))
    #expect(try refusal("rate", .real(3.5)) == InvalidParameter("rate", "3.5", allowed: "at most count"))
  }

  @Test("bounds hold where they are said to, and neither infinity nor what is no number passes one")
  func bounds() throws {
    func accepts(_ change: (inout Ranges) -> Void) -> Bool {
      var ranges = Ranges()
      change(&ranges)
      return (try? ranges.validate()) != nil
    }
    #expect(accepts { $0.closed = 1e-13 } && accepts { $0.closed = 1e-3 } && !accepts { $0.closed = 1.001e-3 })
    #expect(!accepts { $0.open = 0 } && !accepts { $0.open = 1 } && accepts { $0.open = 1.nextDown })
    #expect(accepts { $0.half = 2.5 } && !accepts { $0.half = 2.5.nextDown } && !accepts { $0.half = .infinity })
    #expect(accepts { $0.whole = 64 } && !accepts { $0.whole = 65 } && !accepts { $0.whole = 1 })
    #expect(!accepts { $0.closed = .nan } && !accepts { $0.open = .nan } && !accepts { $0.half = .nan })
  }

  @Test("a declaration tells name, default, meaning and what is allowed, in the order of the source")
  func declarations() {
    #expect(Ranges.declarations.map(\.name) == ["closed", "open", "half", "whole"])
    #expect(Ranges.declarations.map(\.meaning) == ["closed", "open", "half open", "whole"])
    #expect(
      Ranges.declarations.map(\.allowed) == ["1e-13 to 0.001", "above 0, below 1", "at least 2.5", "2 to 64"])
    let everything = Everything.declarations
    #expect(everything.map(\.name) == ["count", "rate", "isOn", "name", "word", "counts", "rates", "words"])
    #expect(everything[4] == ParameterDeclaration("word", .text("one"), meaning: "which", allowed: "one, two"))
    #expect(everything[2].allowed == nil && everything[7].allowed == "one, two")
  }

  @Test("copies of parameters have values of their own")
  func copies() {
    let first = Ranges()
    var second = first
    second.whole = 9
    let third = second
    second.whole = 10
    #expect(first.whole == 8 && second.whole == 10 && third.whole == 9)
    #expect(Ranges().whole == 8)
  }

  @Test("streams of different purposes and replicas are different, of equal ones equal")
  func streams() {
    func first(_ context: RunContext, _ purpose: String) -> Double {
      var stream = context.random(purpose)
      return stream.normal()
    }
    let context = RunContext(replica: 1, streamKey: 5)
    var values = Set([first(context, "teacher"), first(context, "data")])
    values.insert(first(RunContext(replica: 2, streamKey: 5), "teacher"))
    values.insert(first(RunContext(replica: 1, streamKey: 6), "teacher"))
    #expect(values.count == 4)
    #expect(first(context, "teacher") == first(RunContext(replica: 1, streamKey: 5), "teacher"))
  }
}
