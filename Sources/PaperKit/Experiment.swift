public import NumericalMethods

/// The parameters of one experiment: a struct of properties with the attribute ``Parameter``, which declares the default,
/// meaning and allowed values of each. pipeline.yaml overrides the defaults by the names of the properties.
public protocol ExperimentParameters: Sendable {
  /// The defaults.
  init()
  /// Throws ``InvalidParameter`` for values that do not go together, such as a teacher wider than the input; each by itself
  /// is allowed already. Nothing is asked by default.
  func validateRelations() throws
  /// The parameters that some values of the others make idle; none by default.
  static var idleParameters: [IdleParameter<Self>] { get }
}

/// A value outside the range its experiment is meant for.
public struct InvalidParameter: Error, Equatable, Sendable {
  /// Name of the parameter, as in pipeline.yaml.
  public let name: String
  /// The refused value.
  public let value: String
  /// What is allowed, in words: "at least 2".
  public let allowed: String

  /// A refused value and what is allowed instead.
  public init(_ name: String, _ value: some Any, allowed: String) {
    self.name = name
    self.value = "\(value)"
    self.allowed = allowed
  }
}

extension ExperimentParameters {
  /// Nothing.
  public func validateRelations() throws {}

  /// Throws ``InvalidParameter`` unless the condition holds.
  public func require(_ condition: Bool, _ name: String, _ value: some Any, allowed: String) throws {
    if !condition { throw InvalidParameter(name, value, allowed: allowed) }
  }
}

/// One array an experiment returns: its name in the file, its axes, its unit and its meaning.
///
/// An output with one axis of its own name (`time` over `time`) is a *coordinate*: the same for every replica, stored
/// once, and used as the scale of that axis by all other outputs.
public struct OutputArray: Hashable, Sendable {
  /// Name in the file and in tables: `populationLoss`.
  public let name: String
  /// Names of the axes of one replica's array, outermost first; empty for a single number.
  public let axes: [String]
  /// Unit, "1" for a pure number.
  public let unit: String
  /// One phrase for people.
  public let meaning: String
  /// Whether NaN is a legitimate value (such as "no crossing"); otherwise the worker refuses it.
  public let allowsNaN: Bool

  /// Declares an output.
  public init(_ name: String, axes: [String] = [], unit: String = "1", allowsNaN: Bool = false, meaning: String) {
    self.name = name
    self.axes = axes
    self.unit = unit
    self.meaning = meaning
    self.allowsNaN = allowsNaN
  }

  /// Whether this output is the scale of the axis of its own name.
  public var isCoordinate: Bool { axes == [name] }
}

/// One array of a committed HDF5 file that an experiment reads. pipeline.yaml says under `data:` which file it is; the
/// file's SHA-256 is part of the key.
public struct DataArray: Hashable, Sendable {
  /// The name that stands for the file in pipeline.yaml.
  public let file: String
  /// Name of the dataset in the file.
  public let name: String
  /// Names of its axes, outermost first; axes of one name and file have one length.
  public let axes: [String]
  /// One phrase for people.
  public let meaning: String

  /// Declares an array.
  public init(file: String, _ name: String, axes: [String], meaning: String) {
    self.file = file
    self.name = name
    self.axes = axes
    self.meaning = meaning
  }
}

/// A deliberate scientific mistake, to show that some claim notices it. Never drawn in a figure.
public struct Mutant: Hashable, Sendable {
  /// Name in keys and in the kill matrix: `halved-gradient`.
  public let name: String
  /// What is done wrong, one phrase.
  public let meaning: String

  /// Declares a mutant.
  public init(_ name: String, meaning: String) {
    self.name = name
    self.meaning = meaning
  }
}

/// A numerical experiment: a pure function of its parameters, its random streams and the files it reads.
public protocol Experiment: Sendable {
  /// What can be varied.
  associatedtype Parameters: ExperimentParameters
  /// `paper/kebab-name`, as in "bocchi2026/escape-time"; part of every key, so never change it lightly.
  static var name: String { get }
  /// Always `#fileID`: tells the build which file's code this experiment is.
  static var sourceFile: String { get }
  /// The arrays that `run` returns, all of them.
  static var outputs: [OutputArray] { get }
  /// The arrays of committed files that it reads, none by default.
  static var data: [DataArray] { get }
  /// The deliberate mistakes this experiment can make.
  static var mutants: [Mutant] { get }

  /// Whether a run with these parameters draws random numbers, true by default. One that does not is a calculation: a
  /// stage has one replica of it, unless each reads its own of another stage; ``RunContext/random(_:)`` refuses to serve
  /// it, and only its numbers can be ``Estimate/exact(_:numericalError:from:)``.
  static func drawsRandomNumbers(_ parameters: Parameters) -> Bool

  /// Runs one replica. Throws ``NumericalError`` where the numbers fail.
  static func run(_ parameters: Parameters, in context: RunContext) throws -> [OutputArray: NDArray]
  /// Runs several replicas, one context each; by default one after the other. Implement it to vectorise over replicas;
  /// each result must equal that of ``run(_:in:)`` for the same context, whatever the other replicas are.
  static func run(_ parameters: Parameters, replicas: [RunContext]) throws -> [[OutputArray: NDArray]]
}

extension Experiment {
  /// No files.
  public static var data: [DataArray] { [] }

  /// No deliberate mistakes.
  public static var mutants: [Mutant] { [] }

  /// Random numbers are drawn.
  public static func drawsRandomNumbers(_ parameters: Parameters) -> Bool { true }

  /// One replica after the other.
  public static func run(_ parameters: Parameters, replicas: [RunContext]) throws -> [[OutputArray: NDArray]] {
    try replicas.map { try run(parameters, in: $0) }
  }
}

/// What a run may know besides its parameters.
public struct RunContext: Sendable {
  /// Which replica this is, counted from 0.
  public let replica: Int
  /// Results of the stages named under `inputs:` in pipeline.yaml, by their names there. With `replicas: own` the one
  /// replica with this number: arrays have a leading axis of length 1.
  public let inputs: [String: Results]
  /// The deliberate mistake to make, if any.
  public let mutant: Mutant?
  private let data: [DataArray: NDArray]
  private let streamKey: UInt64
  private let isRandom: Bool

  /// A context; `streamKey` stands for everything that tells this run's random numbers from another's, replica aside.
  /// With `isRandom` false there are none.
  public init(
    replica: Int = 0, streamKey: UInt64 = 0, inputs: [String: Results] = [:], data: [DataArray: NDArray] = [:],
    mutant: Mutant? = nil, isRandom: Bool = true
  ) {
    self.replica = replica
    self.inputs = inputs
    self.data = data
    self.mutant = mutant
    self.streamKey = streamKey
    self.isRandom = isRandom
  }

  /// An array of a committed file: finite numbers. Checked: the experiment must have declared it.
  public subscript(_ array: DataArray) -> NDArray {
    guard let values = data[array] else { preconditionFailure("no data '\(array.file)/\(array.name)' are declared") }
    return values
  }

  /// The random stream for one purpose: `random("teacher")` is the same whatever else was drawn, on any worker, in any
  /// order. Streams of other purposes, replicas, or (unless the stage says `streams: common`) sweep points are
  /// independent of it. Checked: the experiment draws random numbers with these parameters, by its own account.
  public func random(_ purpose: String) -> RandomStream {
    precondition(isRandom, "the experiment says that it draws no random numbers, but asks for '\(purpose)'")
    return RandomStream(key: streamKey, purpose: purpose, stream: UInt64(replica))
  }
}
