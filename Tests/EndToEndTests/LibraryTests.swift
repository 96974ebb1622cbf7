import TestSupport
import Testing

/// The libraries that the program is started with, and those that it loads later.
@Suite struct LibraryTests {
  @Test("the program starts without HDF5, OpenBLAS and shared libraries of Swift's")
  func start() throws {
    let linked = try runProgram("ldd", [try productPath("refig")])
    #expect(linked.output.contains("libc.so"), "\(linked.errors)")
    for name in ["swift", "Foundation", "dispatch", "hdf5", "openblas", "curl"] {
      #expect(!linked.output.contains("lib\(name)") && !linked.output.contains("lib_\(name)"), "\(linked.output)")
    }
  }

  @Test("the words of a command arrive, however much environment there is")
  func words() throws {
    for environment in [
      [:], ["A": String(repeating: "a", count: 100_000)], ["OPENBLAS_NUM_THREADS": "7", "GOTO_B": "1"],
    ] {
      let result = try runProgram(try productPath("refig"), ["--version"], environment: environment)
      #expect(result.output.hasPrefix("refig "), "\(result.output)")
    }
  }

  @Test("an HDF5 library that cannot be used is named by what needs it, with what to install; no cell is damaged by it")
  func unusableHDF5() throws {
    let project = try Project()
    let folder = project.workspace.path + "/libraries"
    try project.workspace.write("int nothing;\n", to: "libraries/empty.c")
    for name in ["libhdf5_serial.so.103", "libhdf5_serial_hl.so.100"] {
      #expect(try runProgram("cc", ["-shared", "-fPIC", "-o", name, "empty.c"], in: folder).status == 0)
    }
    let environment = ["LD_LIBRARY_PATH": folder]
    let doctor = try project.refig("doctor", environment: environment)
    #expect(
      doctor.output.contains("BAD  HDF5         HDF5 cannot be loaded: it has no H5open; install"), "\(doctor.output)")
    let run = try project.refig("run", environment: environment)
    #expect(run.status != 0 && (run.output + run.errors).contains("HDF5 cannot be loaded"), "\(run)")
    #expect(try project.refig("run", "--quiet").status == 0)
    // Where all is computed, nobody asks for it.
    #expect(try project.refig("run", "--quiet", environment: environment).status == 0)
    try project.workspace.write("no library", to: "libraries/libhdf5_serial.so.103")
    let broken = try project.refig("doctor", environment: environment)
    #expect(
      broken.output.contains("HDF5 cannot be loaded: ") && broken.output.contains("libhdf5_serial.so.103"), "\(broken)")
  }
}
