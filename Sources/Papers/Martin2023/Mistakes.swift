internal import PaperKit

/// Deliberate mistakes that several experiments can make.
enum Mistake {
  /// The rate of growth is wrong.
  static let halvedTime = Mutant("halved-time", meaning: "times are those of a risk twice as large")
  /// A wide student's surplus, forgotten.
  static let noSurplus = Mutant("no-surplus", meaning: "the student is only as wide as its teacher")
  /// Half as many neurons again.
  static let surplusNeurons = Mutant(
    "surplus-neurons", meaning: "the student has half as many neurons again as it should")
}
