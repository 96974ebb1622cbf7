private import NumericalMethods

/// How a run of descent ended. Never "not yet converged" is called a failure.
enum Outcome {
  /// The population loss fell to the success tolerance times its first value.
  case recovered
  /// The training loss is zero relative to the population loss: the iterate sits on another zero.
  ///
  /// Why the ratio: if the teacher is the only zero, E_n >= c^2 E with c > 0, and the ratio cannot vanish.
  case elsewhere
  /// Neither within the allowed steps.
  case undecided
}

/// What a run of descent left behind.
struct DescentResult {
  let outcome: Outcome
  let stepCount: Int
  let trainingLoss: Double
  let populationLoss: Double
  let initialPopulationLoss: Double
}

/// When descent stops.
struct StoppingRule {
  let maximumStepCount: Int
  let successTolerance: Double
  let failureTolerance: Double
  /// Share of the initial training loss below which a run ends whatever its outcome.
  var trainingTolerance = 0.0

  /// The outcome if the losses decide it; both losses exactly zero count as recovered.
  func outcome(trainingLoss: Double, populationLoss: Double, initialPopulationLoss: Double) -> Outcome? {
    if populationLoss <= successTolerance * initialPopulationLoss { return .recovered }
    if trainingLoss <= failureTolerance * populationLoss { return .elsewhere }
    return nil
  }
}

/// Descent on the training loss from given weights, which are overwritten with the end point.
package enum Descent {
  /// Training and population loss of one student.
  package typealias Losses = (training: Double, population: Double)

  /// Losses of gradient descent with a fixed learning rate before each step and after the last: `stepCount` + 1 pairs.
  package static func fixedStep(
    _ loss: QuadraticLoss, from weights: Weights, learningRate: Double, stepCount: Int
  ) -> [Losses] {
    let direction = Weights(neuronCount: weights.neuronCount, inputDimension: weights.inputDimension)
    return (0...stepCount).map { step in
      if step > 0 {
        loss.writeDirection(at: weights, into: direction)
        weights.set(weights, plus: -learningRate, times: direction)
      }
      return (loss.evaluate(weights), loss.populationLoss)
    }
  }

  /// Gradient descent W <- W - eta W M. A step that would raise the loss is refused and eta halved; after 20 accepted
  /// steps eta grows by 1.2.
  static func plain(
    _ loss: QuadraticLoss, from weights: Weights, learningRate: Double, until rule: StoppingRule
  ) throws -> DescentResult {
    let direction = Weights(neuronCount: weights.neuronCount, inputDimension: weights.inputDimension)
    let trial = Weights(neuronCount: weights.neuronCount, inputDimension: weights.inputDimension)
    var rate = learningRate
    var accepted = 0
    var training = loss.evaluate(weights)
    let initial = loss.populationLoss
    let enough = rule.trainingTolerance * training
    var step = 0
    var outcome: Outcome?
    while true {
      // Why 16: the population loss costs a tenth of a step. It is that of `weights`, the last ones evaluated.
      if step % 16 == 0 || step == rule.maximumStepCount {
        outcome = rule.outcome(
          trainingLoss: training, populationLoss: loss.populationLoss, initialPopulationLoss: initial)
        if outcome != nil || step == rule.maximumStepCount || training < enough { break }
      }
      loss.writeDirection(at: weights, into: direction)
      while true {
        trial.set(weights, plus: -rate, times: direction)
        let next = loss.evaluate(trial)
        if next <= training || rate < 1e-14 {
          training = next
          break
        }
        rate /= 2
        accepted = 0
      }
      weights.copy(from: trial)
      accepted += 1
      if accepted == 20 {
        rate *= 1.2
        accepted = 0
      }
      guard training.isFinite else { throw NumericalError.notFinite(quantity: "training loss", time: Double(step)) }
      step += 1
    }
    return DescentResult(
      outcome: outcome ?? .undecided, stepCount: step, trainingLoss: training, populationLoss: loss.populationLoss,
      initialPopulationLoss: initial)
  }

  /// Nesterov's accelerated descent with theta_{k+1} = (1 + sqrt(1 + 4 theta_k^2)) / 2, started again whenever the loss
  /// rises; eta is halved until L(Y - eta G) <= L(Y) - eta |G|^2 with G = Y M, and grows by 1.01 a step.
  ///
  /// It has the same fixed points as gradient descent and needs at least 50 times fewer steps near the threshold.
  static func nesterov(
    _ loss: QuadraticLoss, from weights: Weights, learningRate: Double, until rule: StoppingRule
  ) throws -> DescentResult {
    let direction = Weights(neuronCount: weights.neuronCount, inputDimension: weights.inputDimension)
    let trial = Weights(neuronCount: weights.neuronCount, inputDimension: weights.inputDimension)
    let extrapolated = Weights(neuronCount: weights.neuronCount, inputDimension: weights.inputDimension)
    extrapolated.copy(from: weights)
    var rate = learningRate
    var momentum = 1.0
    var training = loss.evaluate(weights)
    var population = loss.populationLoss
    let initial = population
    var step = 0
    var outcome: Outcome?
    while true {
      if step % 16 == 0 || step == rule.maximumStepCount {
        outcome = rule.outcome(trainingLoss: training, populationLoss: population, initialPopulationLoss: initial)
        if outcome != nil || step == rule.maximumStepCount { break }
      }
      let lossThere = loss.evaluate(extrapolated)
      loss.writeDirection(at: extrapolated, into: direction)
      let slope = direction.squaredNorm
      var next: Double
      while true {
        trial.set(extrapolated, plus: -rate, times: direction)
        next = loss.evaluate(trial)
        // Why the last two: at the bottom round-off makes the decrease test meaningless.
        if next <= lossThere - 0.999_999 * rate * slope || rate < 1e-14 || rate * slope < 1e-15 * lossThere { break }
        rate /= 2
      }
      guard next.isFinite else { throw NumericalError.notFinite(quantity: "training loss", time: Double(step)) }
      step += 1
      if next > training, momentum > 1 {
        momentum = 1
        extrapolated.copy(from: weights)
        continue
      }
      let following = (1 + (1 + 4 * momentum * momentum).squareRoot()) / 2
      extrapolated.extrapolate(from: weights, through: trial, by: (momentum - 1) / following)
      weights.copy(from: trial)
      momentum = following
      training = next
      population = loss.populationLoss
      rate *= 1.01
    }
    return DescentResult(
      outcome: outcome ?? .undecided, stepCount: step, trainingLoss: training, populationLoss: population,
      initialPopulationLoss: initial)
  }
}
