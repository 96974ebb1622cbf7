package import PaperKit
private import Synchronization

/// An experiment as the engine knows it: what it declares and which values it accepts, whether it is compiled in or a
/// program of the project.
package struct ExperimentDescription: Sendable {
  /// Who computes it.
  package enum Implementation: Sendable {
    case compiled(any Experiment.Type)
    case program(ProgramExperiment)
  }

  /// `paper/kebab-name`.
  package let name: String
  package let outputs: [OutputArray]
  package let data: [DataArray]
  package let mutants: [Mutant]
  package let implementation: Implementation
  private let declared: Declared

  /// Its parameters, in the order of their declarations.
  package var parameters: [ParameterDeclaration] { declared.parameters.list }
  /// Their values unless given, which say their types.
  package var defaults: [String: ParameterValue] { declared.parameters.defaults }

  /// A compiled experiment.
  init(_ experiment: any Experiment.Type) {
    self.init(
      experiment.name, outputs: experiment.outputs, data: experiment.data, mutants: experiment.mutants,
      implementation: .compiled(experiment)
    ) { experiment.parameterDeclarations }
  }

  /// `parameters` are asked for once, when they are first needed. Checked: no two have one name.
  init(
    _ name: String, outputs: [OutputArray], data: [DataArray], mutants: [Mutant], implementation: Implementation,
    parameters: @escaping @Sendable () -> [ParameterDeclaration]
  ) {
    self.name = name
    self.outputs = outputs
    self.data = data
    self.mutants = mutants
    self.implementation = implementation
    declared = Declared(parameters)
  }

  /// Parameters, found when they are first asked for: of a struct they are found by reflection, and most commands need
  /// those of few experiments.
  private final class Declared: Sendable {
    typealias Parameters = (list: [ParameterDeclaration], defaults: [String: ParameterValue])
    private let make: @Sendable () -> [ParameterDeclaration]
    private let made = Mutex<Parameters?>(nil)

    init(_ make: @escaping @Sendable () -> [ParameterDeclaration]) { self.make = make }

    var parameters: Parameters {
      made.withLock { made in
        if let made { return made }
        let list = make()
        let parameters = (list, Dictionary(uniqueKeysWithValues: list.map { ($0.name, $0.initialValue) }))
        made = parameters
        return parameters
      }
    }
  }

  /// Names of the parameters that some values of the others make idle.
  var idleParameterNames: Set<String> {
    guard case .compiled(let experiment) = implementation else { return [] }
    return experiment.idleParameterNames
  }

  /// Those of some parameters (nil: of all) that have no effect at these values, with when that is.
  package func idleParameters(
    of values: [String: ParameterValue], among names: Set<String>? = nil
  ) -> [String: String] {
    guard case .compiled(let experiment) = implementation else { return [:] }
    return experiment.idleParameters(of: values, among: names)
  }

  /// Whether its results depend on chance at these values. Throws `InvalidParameter` for values that it does not accept.
  package func drawsRandomNumbers(_ values: [String: ParameterValue]) throws -> Bool {
    switch implementation {
    case .compiled(let experiment): try experiment.drawsRandomNumbers(values)
    case .program(let program): program.isRandom
    }
  }

  /// Whether ``validate(_:replicaCount:)`` looks at values: what it says of one point may not hold for another.
  package var validatesValues: Bool {
    if case .compiled = implementation { true } else { false }
  }

  /// Throws `InvalidParameter` if the values are not what the experiment accepts, or if a calculation without chance is
  /// asked for more than once. A program looks at its values itself, when it computes.
  package func validate(_ values: [String: ParameterValue], replicaCount: Int = 1) throws {
    switch implementation {
    case .compiled(let experiment): try experiment.validate(values, replicaCount: replicaCount)
    case .program(let program):
      guard replicaCount == 1 || program.isRandom else { throw InvalidParameter.repeatedCalculation(replicaCount) }
    }
  }
}

extension Experiment {
  /// The experiment's parameters as it declares them.
  fileprivate static var parameterDeclarations: [ParameterDeclaration] { Parameters.declarations }

  /// Whether its results depend on chance at these values. Throws ``InvalidParameter`` for values that it does not accept.
  fileprivate static func drawsRandomNumbers(_ values: [String: ParameterValue]) throws -> Bool {
    drawsRandomNumbers(try Parameters(values: values))
  }

  /// Throws ``InvalidParameter`` if the values are not what the experiment accepts, or if a calculation without chance is
  /// asked for more than once.
  fileprivate static func validate(_ values: [String: ParameterValue], replicaCount: Int = 1) throws {
    let parameters = try Parameters(values: values)
    guard replicaCount == 1 || drawsRandomNumbers(parameters) else {
      throw InvalidParameter.repeatedCalculation(replicaCount)
    }
  }
}

extension InvalidParameter {
  /// More than one replica of what involves no chance.
  static func repeatedCalculation(_ replicaCount: Int) -> InvalidParameter {
    InvalidParameter(
      "replicas", replicaCount, allowed: "1: with these parameters no random numbers are drawn, so all are the same")
  }
}
