import Figures
import Foundation
import TestSupport
import Testing

@Suite struct StyleFileTests {
  @Test("the project's own look holds nothing but settings")
  func own() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let text = try String(contentsOf: root.appending(path: "figures/style.gp"), encoding: .utf8)
    #expect(StyleFile.problems(in: text).map(\.reason) == [])
    #expect(text.contains("set linetype 1"))
  }

  @Test("every look says its dashes: where one does not, gnuplot 6 takes another look's and gnuplot 5 none")
  func dashes() throws {
    let text = try String(contentsOf: repository.appending(path: "figures/style.gp"), encoding: .utf8)
    let looks = text.split(separator: "\n").filter { $0.contains(/^set (linetype|style line) \d/) }
    #expect(looks.count >= 13)
    #expect(looks.filter { !$0.contains(" dt ") }.isEmpty)
  }

  @Test(
    "a line that could start a program or touch a file is refused, however it is written",
    arguments: [
      "system 'touch x'", "!touch x", " ! touch x", "set title \"`touch x`\"", "x = system('touch x')", "shell",
      "set label sprintf('%s', system('touch x'))", "set xrange [system('touch x'):1]", "load 'x'", "call 'x'",
      "set palette file '< touch x'", "set output '|touch x'", "set print '|touch x'", "set terminal dumb",
      "plot '< touch x'", "set border 3; system 'touch x'", "set border 3 ; load 'x'", "set loadpath 'x'",
      "set \\\nprint 'x'", "set border 3 \\\n; system 'x'", "eval 'x'", "do for [i=1:2] { set border i }",
      "se border 3", "set palette functions SYSTEM('x')", "@macro", "set key title @macro", "set fontpath 'x'",
      "$data << EOD", "set border 3\rsystem 'x'", "set border 3\u{2028}system 'x'", "set", "set \tout 'x'",
      "set style data lines; unset output", "import f(x) from 'x'", "set tics format sprintf('%s', System('x'))",
    ])
  func refused(text: String) {
    #expect(StyleFile.problems(in: "set border 3\n" + text + "\n").first?.line == 2)
  }

  @Test("comments, continued ones too, and looks of all kinds are allowed; each problem has its line")
  func allowed() {
    let good =
      "# it runs `nothing` | \\\nsystem 'still a comment'\n\n\tset key top left\nunset grid\nset tics in; set clip two"
    #expect(StyleFile.problems(in: good).isEmpty)
    let bad = "set border 3 \\\n  lw 2\nload 'x'\n# x\nset grid\n!x"
    #expect(StyleFile.problems(in: bad).map(\.line) == [3, 6])
  }
}
