import ExamplePaper
import NumericalMethods
import PaperKit
import Testing

private func results<E: Experiment>(of experiment: E.Type) throws -> [OutputArray: NDArray] {
  try E.run(E.Parameters(), in: RunContext(replica: 0, streamKey: 1))
}

@Test("every experiment returns what it declares")
func outputs() throws {
  for experiment in smith2027.experiments {
    #expect(try Set(results(of: experiment).keys) == Set(experiment.outputs))
  }
}
