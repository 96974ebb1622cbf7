import NumericalMethods
import PaperKit
import Testing

private struct Everything: ExperimentParameters, Equatable {
  enum Word: String, Choice { case one, two }
  var count = 3
  var rate = 0.5
  var isOn = true
  var name = "a"
  var word = Word.one
  var counts = [1, 2]
  var rates: [Double] = []
  var words = [Word.two]
  func validate() throws { try require(count >= 0, "count", count, allowed: "at least 0") }
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
  func defaults() throws {
    #expect(
      try Everything().values() == [
        "count": .integer(3), "rate": .real(0.5), "isOn": .flag(true), "name": .text("a"), "word": .text("one"),
        "counts": .list([.integer(1), .integer(2)]), "rates": .list([]), "words": .list([.text("two")]),
      ])
  }

  @Test("a wrong type, a wrong word, a missing and a refused value are named with what is allowed")
  func refusals() throws {
    func refusal(_ name: String, _ value: ParameterValue?) throws -> InvalidParameter? {
      var values = try Everything().values()
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
