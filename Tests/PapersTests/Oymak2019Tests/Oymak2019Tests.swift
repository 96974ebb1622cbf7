import Oymak2019
import PaperKit
import Testing

@Suite struct Oymak2019Tests {
  @Test("the paper lists its twelve experiments")
  func experiments() { #expect(oymak2019.experiments.count == 12) }
}
