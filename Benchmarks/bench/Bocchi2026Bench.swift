import Bocchi2026
import Foundation
import PaperKit

/// Times the inner loops of bocchi2026; Benchmarks/bocchi2026.py runs them beside other implementations.
func benchBocchi2026(rounds: Int) throws {
  func context(_ replica: Int) -> RunContext { RunContext(replica: replica, streamKey: 1, mutant: nil) }
  for width in [2, 4, 8] {
    let theory = Theory(studentWidth: width, teacherWidth: 2, learningRate: 0.02, constraint: .free)
    // Nanoseconds a step and replica of the reduced chain, eight replicas side by side.
    let contexts = (0..<8).map(context)
    let starts = contexts.map { Overlaps.start(.random, theory, inputDimension: 1000, in: $0) }
    let chain = ReducedChain(theory, inputDimension: 1000, starts: starts, contexts: contexts)
    let steps = 20_000
    report(
      "bocchi2026.reduced\(width)",
      try leastProcessorTime(repetitions: rounds) { try chain.advance(steps) } * 1e9 / Double(8 * steps))
    // Microseconds a step of descent on all weights.
    let descent = Descent(theory, inputDimension: 1000, context: context(0))
    report(
      "bocchi2026.full\(width)", try leastProcessorTime(repetitions: rounds) { try descent.advance(2000) } * 1e6 / 2000)
    // Seconds for the overlap equations to t = 120, and their loss there.
    let flowTheory = Theory(studentWidth: width, teacherWidth: 2, learningRate: 0.05, constraint: .free)
    let equations = OverlapEquations(flowTheory)
    let start = Overlaps.start(.typical, flowTheory, inputDimension: 1000, in: context(0))
    for digits in [6, 9, 11] {
      let method = OverlapEquations.method(
        relativeTolerance: [6: 1e-6, 9: 1e-9][digits] ?? 1e-11, inputDimension: 1000)
      var loss = 0.0
      report(
        "bocchi2026.flow\(width).\(digits)",
        try leastProcessorTime(repetitions: rounds) {
          loss = equations.loss(try equations.solve(from: start, at: [60], method: method)[0])
        })
      report("bocchi2026.flowLoss\(width).\(digits)", loss)
    }
  }
}
