import Pipeline
import Testing

/// What counts of a Python file for its fingerprint.
@Suite struct PythonTokensTests {
  private func tokens(_ text: String) -> String {
    String(decoding: PythonTokens.text(of: Array(text.utf8)), as: UTF8.self)
  }

  @Test(
    "comments, empty lines and spaces within a line change nothing",
    arguments: [
      ("x = 1 + 2\n", "x=1+2 # three\n\n# the end\n"), ("if a:\n  b()\n", "if a :\n\n  # no\n  b( )\n"),
      ("f(1, 2)\n", "f(1, # first\n    2\n)\n"), ("x = \\\n  1\n", "x = 1"), ("x = 1\r\ny = 2\r\n", "x = 1\ny = 2\n"),
      ("x = -1\n", "x =-1\n"), ("f( * a, ** b)", "f(*a, **b)"), ("y = x [ : : 2]\n", "y = x[::2]\n"),
      ("if a<-b: pass\n", "if a < -b: pass\n"), ("-- 1\n", "- - 1\n"), ("f(1,\n  \\\n  2)\n", "f(1, 2)\n"),
      ("# coding: utf-8\nx = 1\n", "# -*- coding: UTF_8 -*-\nx = 1\n"), ("\n\n# coding: latin-1\nx = 1\n", "x = 1\n"),
      ("print(f\"{x['#']:#x} # {y}\")\n", "print( f\"{x['#']:#x} # {y}\" ) # {\n"),
      ("s = '''a # b\n\nc'''\n", "s='''a # b\n\nc''' # d\n"),
    ])
  func same(first: String, second: String) { #expect(tokens(first) == tokens(second)) }

  @Test(
    "everything that Python tells apart is told apart",
    arguments: [
      ("x = 1\n", "x = 2\n"), ("if a:\n  b()\n  c()\n", "if a:\n  b()\nc()\n"), ("not a\n", "nota\n"),
      ("s = 'a # b'\n", "s = 'a # c'\n"), ("s = \"a\\\" # b\"\n", "s = \"a\\\" # c\"\n"),
      ("s = 'a  b'\n", "s = 'a b'\n"),
      ("s = '''# a'''\n", "s = '''# b'''\n"), ("f(r'\\') # a'\n)\n", "f(r'\\') # b'\n)\n"), ("a\nb\n", "a; b\n"),
      ("x = f\"{d[\"#a\"]}\"\n", "x = f\"{d[\"#b\"]}\"\n"), ("x = f'{{#a'\n", "x = f'{{#b'\n"),
      ("x = f'''{a:'>{w}} #1'''\n", "x = f'''{a:'>{w}} #2'''\n"), ("'a' 'b'\n", "'a''b'\n"),
      ("a != b\n", "a ! = b\n"), ("a // b\n", "a / / b\n"), ("a ** b\n", "a * * b\n"), ("a <= b\n", "a < = b\n"),
      ("f(a := b)\n", "f(a : = b)\n"), ("def f() -> a: 1\n", "def f() - > a: 1\n"), ("a **= b\n", "a ** = b\n"),
      ("a >>= b\n", "a > >= b\n"), ("a == b\n", "a =\\\n= b\n"), ("x = ...\n", "x = . ..\n"),
      ("(a ==\nb)\n", "(a =\n= b)\n"), ("a @= b\n", "a @ = b\n"),
      ("# coding: latin-1\ns = 'é'\n", "# coding: utf-8\ns = 'é'\n"),
      ("#!/usr/bin/python3\n# vim: set fileencoding=cp1252 :\ns = 'é'\n", "#!/usr/bin/python3\ns = 'é'\n"),
      ("if a:\n    b()\n  \\\n  c()\n", "if a:\n    b()\n  c()\n"), ("  \\\r\nx = 1\n", "  x = 1\n"),
    ])
  func different(first: String, second: String) { #expect(tokens(first) != tokens(second)) }

  @Test(
    "what does not end as Python does stays as it is",
    arguments: [
      "s = 'a # b", "f(1, # two\n", "s = '''#\n", ")\n", "\\\nx = 1 # one\n", "# coding=rot13\nx = 1 # one\n",
    ])
  func notPython(text: String) { #expect(tokens(text) == text) }
}
