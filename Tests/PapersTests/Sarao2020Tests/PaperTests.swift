import NumericalMethods
import PaperKit
import Sarao2020
import TestSupport
import Testing

@Suite struct PaperTests {
  /// Every mutant changes what its experiment returns, and is declared once.
  @Test func mutantsDiffer() throws {
    var descent = GradientDescent.Parameters()
    descent.sampleCount = 15
    var empirical = EmpiricalFlow.Parameters()
    empirical.lastTime = 5
    #expect(try differ(GradientDescent.self, descent, replicas: 12) == GradientDescent.mutants.map(\.name))
    #expect(
      try differ(PopulationFlow.self, PopulationFlow.Parameters(), replicas: 1) == PopulationFlow.mutants.map(\.name))
    #expect(try differ(EmpiricalFlow.self, empirical, replicas: 1) == EmpiricalFlow.mutants.map(\.name))
  }

  /// Names of the mutants whose results differ from the honest ones on some replica.
  private func differ<E: Experiment>(_ experiment: E.Type, _ parameters: E.Parameters, replicas: Int) throws -> [String]
  {
    try E.mutants.filter { mutant in
      try (0..<replicas).contains { replica in
        let honest = try E.run(parameters, in: RunContext(replica: replica, streamKey: 2))
        return try E.run(parameters, in: RunContext(replica: replica, streamKey: 2, mutant: mutant)) != honest
      }
    }.map(\.name)
  }

  @Test func parametersOutsideTheirRangeAreRefused() {
    func refusal<P: ExperimentParameters>(_ change: (inout P) -> Void) -> String? {
      var parameters = P()
      change(&parameters)
      do {
        try parameters.validate()
        return nil
      } catch { return (error as? InvalidParameter)?.name }
    }
    #expect(refusal { (p: inout Uniqueness.Parameters) in p.sampleCount = 0 } == "sampleCount")
    #expect(refusal { (p: inout Uniqueness.Parameters) in p.inputDimension = 1 } == "inputDimension")
    #expect(refusal { (p: inout ConicThreshold.Parameters) in p.teacherWidth = 8 } == "teacherWidth")
    #expect(refusal { (p: inout GradientDescent.Parameters) in p.studentWidth = 0 } == "studentWidth")
    #expect(refusal { (p: inout GradientDescent.Parameters) in p.learningRate = .nan } == "learningRate")
    #expect(refusal { (p: inout PopulationFlow.Parameters) in p.timeUnit = .relaxationTime } == "timeUnit")
    #expect(refusal { (p: inout PopulationFlow.Parameters) in p.teacher = .diagonal } == nil)
    #expect(
      refusal { (p: inout PopulationFlow.Parameters) in
        p.teacher = .diagonal
        p.teacherWidth = 2
      } == "teacherEigenvalues")
    #expect(refusal { (p: inout EmpiricalFlow.Parameters) in p.firstTime = 0 } == "firstTime")
    #expect(refusal { (p: inout MinimumEnergyPath.Parameters) in p.studentWidth = 9 } == "studentWidth")
    #expect(refusal { (p: inout Identities.Parameters) in p.studentWidth = 6 } == "studentWidth")
  }

  /// Every experiment returns what it declares, with the axes it declares.
  @Test func outputsAreAsDeclared() throws {
    try check(Uniqueness.self)
    try check(ConicThreshold.self)
    try check(GradientDescent.self)
    try check(PopulationFlow.self)
    try check(Identities.self)
    var empirical = EmpiricalFlow.Parameters()
    empirical.lastTime = 2
    try check(EmpiricalFlow.self, empirical)
    var path = MinimumEnergyPath.Parameters()
    path.iterationCount = 3
    try check(MinimumEnergyPath.self, path)
  }

  private func check<E: Experiment>(_ experiment: E.Type, _ parameters: E.Parameters = .init()) throws {
    try parameters.validate()
    let result = try E.run(parameters, in: RunContext(streamKey: 1))
    #expect(Set(result.keys) == Set(E.outputs), "\(E.name)")
    for (output, array) in result {
      #expect(array.rank == output.axes.count, "\(E.name) \(output.name)")
      #expect(output.allowsNaN || array.values.allSatisfy(\.isFinite), "\(E.name) \(output.name)")
    }
    #expect(try E.run(parameters, in: RunContext(streamKey: 1)) == result || output(E.self, hasNaN: result))
  }

  private func output<E: Experiment>(_ experiment: E.Type, hasNaN result: [OutputArray: NDArray]) -> Bool {
    result.values.contains { $0.values.contains(where: \.isNaN) }
  }

  @Test func namesAreUniqueAndReferToTheirPaper() {
    let names =
      sarao2020.experiments.map { $0.name } + sarao2020.tables.map(\.name) + sarao2020.estimators.map(\.name)
    #expect(names.allSatisfy { $0.hasPrefix("sarao2020/") })
    #expect(Set(sarao2020.tables.map(\.name)).count == sarao2020.tables.count)
    #expect(Set(sarao2020.estimators.map(\.name)).count == sarao2020.estimators.count)
  }
}
