// swift-tools-version: 6.2
import PackageDescription

// The dependency diagram of refig. A module imports modules below it, and of those only what its target lists:
//
//                         refig
//             ┌─────────────┼──────────────────┐
//          Reports        Slurm              Papers
//             │             │                  │
//          Ledger           │                  │
//      ┌──────┼──────┐      │                  │
//   Figures Claims Runner ◄─┘        one module per paper
//      └──────┼──────┘                         │
//           Store ──► CHDF5, FileFormats ────┼──► CZlib
//             │                                │
//         Pipeline ──► Platform, Yams, Digest ─┼──► CCrypto
//             └──────────────┬─────────────────┘
//                        PaperKit
//                            │
//                    NumericalMethods ──► COpenBLAS, CKernels, CVectors, CQuantiles
//
// Pipeline, Store and Runner are the law: a cell is a pure function of its manifest, present means complete, workers fill
// the store. Figures, Claims and Reports only read it.

/// One paper = one folder in Sources/Papers = one module, so no paper can use another's types.
/// To add yours: add its name here and one line in Sources/Papers/AllPapers.swift.
let papers = ["Sarao2020", "Oymak2019", "Martin2023", "Martin2026", "Bocchi2026"]

/// Papers with inner loops of their own in C.
let kernels = [
  "Bocchi2026": ["CBocchi2026"], "Martin2023": ["CMartin2023"], "Martin2026": ["CMartin2026"],
  "Sarao2020": ["CSarao2020"],
]

let features: [SwiftSetting] = [
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("ExistentialAny"),
]
let strict = features + [.treatAllWarnings(as: .error)]
/// In papers a warning stops the build only where REFIG_STRICT is set, as in .ci/run: not somebody who is at work on one.
let ofPapers = Context.environment["REFIG_STRICT"] == nil ? features : strict
/// Numeric modules are optimised across module borders: small generic code runs 5x faster (measured).
let optimised: [SwiftSetting] = [.unsafeFlags(["-cross-module-optimization"], .when(configuration: .release))]
let numeric = strict + optimised

/// Swift's libraries in the program itself, which then starts in half of the time (measured) and needs no Swift where it
/// runs. Modules name what they link for the libraries as shared ones; what these link themselves is named here.
let selfContained: [LinkerSetting] = [
  .unsafeFlags(
    [
      "-static-stdlib", "-use-ld=lld", "-lFoundation", "-lFoundationInternationalization", "-lFoundationEssentials",
      "-l_FoundationCShims", "-l_FoundationCollections", "-lCoreFoundation", "-l_FoundationICU",
    ], .when(configuration: .release))
]

/// The modules between papers and command line.
let engine: [Target.Dependency] = [
  "Reports", "Ledger", "Figures", "Claims", "Slurm", "Runner", "Store", "Pipeline", "Platform",
]

// Linux alone: workers are watched through /proc, and locks are those of open file descriptions.
let package = Package(
  name: "refig",
  products: [.executable(name: "refig", targets: ["refig"])],
  dependencies: [
    .package(url: "https://github.com/jpsim/Yams.git", from: "6.2.2"),
    .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
  ],
  targets: [
    // C boundaries. Each has exactly one importing Swift file, and none of its types is public there.
    .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    // OpenBLAS, loaded after its environment was set: in C, because that must happen before main.
    .target(name: "COpenBLAS"),
    // HDF5, loaded when a command first needs it (headers: libhdf5-dev).
    .target(name: "CHDF5"),
    // The words of the command, for Swift's library as it is linked here: in C, because that must happen before main.
    .target(name: "CCommandLine"),
    // Elementwise functions and layers of neurons in C, compiled for several vector widths, and the header that all such
    // loops share.
    .target(name: "CVectors"),
    // Counter-based random numbers in C, for the same reason.
    .target(name: "CKernels", dependencies: ["CVectors"]),
    // Inner loops that only one paper has, in C for the same reason: named after the paper with a C in front, imported by
    // its module alone, part of its fingerprint.
    .target(name: "CBocchi2026", dependencies: ["CVectors"]),
    .target(name: "CMartin2023", dependencies: ["CVectors"]),
    .target(name: "CMartin2026", dependencies: ["CVectors"]),
    .target(name: "CSarao2020", dependencies: ["CVectors"]),
    // Quantiles of Student's t, beta and normal laws from Boost.Math (header-only C++).
    .target(name: "CQuantiles"),

    // SHA-256, for the engine and for the build-time fingerprint.
    .target(name: "Digest", dependencies: ["CCrypto"], swiftSettings: strict),

    // Readers of files that anybody may have made: HDF5 as refig writes it, archives. Bytes in, values or an error out.
    .target(name: "FileFormats", dependencies: ["CZlib"], swiftSettings: strict),

    // Mathematics that has never heard of a paper.
    .target(
      name: "NumericalMethods", dependencies: ["COpenBLAS", "CKernels", "CVectors", "CQuantiles"],
      swiftSettings: numeric),
    // The vocabulary a paper is written in: no input, no output, no clock.
    .target(name: "PaperKit", dependencies: ["NumericalMethods"], swiftSettings: numeric),
    // The list of papers, with the fingerprint of their code made at build time.
    .target(
      name: "Papers", dependencies: ["PaperKit"] + papers.map { .init(stringLiteral: $0) },
      exclude: papers, sources: ["AllPapers.swift"], swiftSettings: strict, plugins: ["Fingerprint"]),

    // What the operating system does for the engine: files, other programs, signals.
    .target(name: "Platform", swiftSettings: strict),
    // The engine: pipeline.yaml -> cells -> store -> tables -> figures and verdicts. It knows no paper.
    // What is to be computed: YAML, plans, manifests, keys.
    .target(
      name: "Pipeline",
      dependencies: ["PaperKit", "NumericalMethods", "Platform", "Digest", .product(name: "Yams", package: "Yams")],
      swiftSettings: strict),
    // Where it is kept: cells as files.
    .target(
      name: "Store", dependencies: ["Pipeline", "PaperKit", "NumericalMethods", "Platform", "FileFormats", "CHDF5"],
      swiftSettings: strict),
    // How it is computed: builds, workers, records of runs.
    .target(
      name: "Runner", dependencies: ["Store", "Pipeline", "PaperKit", "NumericalMethods", "Platform"],
      // The helper for programs in Python, in the program itself.
      resources: [.embedInCode("refig.py")], swiftSettings: strict),
    // The same on a cluster.
    .target(name: "Slurm", dependencies: ["Runner", "Store", "Pipeline", "Platform"], swiftSettings: strict),
    // What is drawn of it.
    .target(
      name: "Figures", dependencies: ["Store", "Pipeline", "PaperKit", "Platform", "Digest"], swiftSettings: strict),
    // What is claimed of it.
    .target(
      name: "Claims", dependencies: ["Store", "Pipeline", "PaperKit", "NumericalMethods", "Platform"],
      swiftSettings: strict),
    // What was computed, in text, in the repository; and the audits of it.
    .target(
      name: "Ledger",
      dependencies: [
        "Figures", "Claims", "Runner", "Store", "Pipeline", "PaperKit", "NumericalMethods", "Platform",
      ], swiftSettings: strict),
    // All of it together: the project, its report page and its archive.
    .target(
      name: "Reports",
      dependencies: [
        "Ledger", "Figures", "Claims", "Runner", "Store", "Pipeline", "PaperKit", "NumericalMethods", "Platform",
        "Digest", "FileFormats",
      ],
      // Parts of the report page, in the program itself: it needs no files beside it.
      resources: [.embedInCode("report.css"), .embedInCode("report.js"), .embedInCode("style.gp")],
      swiftSettings: strict),
    // The commands.
    .executableTarget(
      name: "refig",
      dependencies: [
        "CCommandLine", "Papers", "PaperKit", "NumericalMethods",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ] + engine,
      // What `refig new` makes a project of.
      resources: [
        "citation.cff", "experiment-c.yaml", "experiment-python.yaml", "figures.yaml", "gitignore", "makefile",
        "pipeline.yaml", "readme.md", "walk.c", "walk.py", "workflow.yml",
      ].map { .embedInCode("Templates/\($0)") }, swiftSettings: strict, linkerSettings: selfContained),

    // Build time: the digest of every source file's tokens, so that a change of code is a change of key.
    .executableTarget(name: "FingerprintTool", dependencies: ["Digest"], swiftSettings: strict),
    .plugin(name: "Fingerprint", capability: .buildTool(), dependencies: ["FingerprintTool"]),

    // Timings of the numerical kernels and of some papers' costly steps, for the scripts in Benchmarks.
    .executableTarget(
      name: "bench",
      dependencies: [
        "NumericalMethods", "PaperKit", "Sarao2020", "Martin2023", "Oymak2019", "Bocchi2026", "Martin2026",
      ],
      path: "Benchmarks/bench", swiftSettings: numeric),

    .target(name: "TestSupport", dependencies: ["NumericalMethods"], path: "Tests/TestSupport", swiftSettings: strict),
    .testTarget(
      name: "NumericalMethodsTests", dependencies: ["NumericalMethods", "TestSupport"], swiftSettings: strict),
    .testTarget(
      name: "PaperKitTests", dependencies: ["PaperKit", "NumericalMethods", "TestSupport"], swiftSettings: strict),
    // A paper of small experiments that can also fail in every way the engine must survive, and its worker.
    .target(
      name: "ToyPaper", dependencies: ["PaperKit", "NumericalMethods"] + engine, path: "Tests/ToyPaper",
      swiftSettings: strict),
    .executableTarget(
      name: "toy-worker", dependencies: ["ToyPaper"] + engine, path: "Tests/ToyWorker", swiftSettings: strict),
    // The example of the article "Adding a paper in one folder", under a name that leaves the article's own free.
    .target(
      name: "ExamplePaper", dependencies: ["PaperKit", "NumericalMethods"], path: "Tests/Smith2027",
      swiftSettings: strict),
    .testTarget(
      name: "EngineTests",
      dependencies: [
        "FileFormats", "PaperKit", "NumericalMethods", "Digest", "TestSupport", "ToyPaper", "toy-worker",
        "ExamplePaper",
      ] + engine,
      exclude: ["Snapshots"], swiftSettings: strict),
    // The program is not among what these need, though they run it: `swift test` builds it, and a bundle of tests cannot be
    // linked as it is.
    .testTarget(
      name: "EndToEndTests",
      dependencies: ["Papers", "PaperKit", "NumericalMethods", "TestSupport", "ToyPaper"] + engine,
      exclude: ["digests.txt"], swiftSettings: strict),
    // Runs on a real Slurm, which Tests/slurm-cluster brings up; without one they are skipped.
    .testTarget(
      name: "SlurmTests", dependencies: ["TestSupport", "ToyPaper", "toy-worker"] + engine,
      exclude: ["fake-slurm"], swiftSettings: strict),
  ]
    + papers.flatMap { paper -> [Target] in
      [
        .target(
          name: paper,
          dependencies: ["PaperKit", "NumericalMethods"] + (kernels[paper] ?? []).map { .init(stringLiteral: $0) },
          path: "Sources/Papers/\(paper)", swiftSettings: ofPapers + optimised),
        .testTarget(
          name: "\(paper)Tests",
          dependencies: [.init(stringLiteral: paper), "PaperKit", "NumericalMethods", "TestSupport"],
          path: "Tests/PapersTests/\(paper)Tests", swiftSettings: ofPapers),
      ]
    }
    // With REFIG_FUZZ set, the YAML reader under libFuzzer: see scripts/fuzz.
    + (Context.environment["REFIG_FUZZ"] == nil
      ? []
      : [
        .executableTarget(
          name: "fuzz", dependencies: ["Pipeline"], path: "Tests/Fuzzing", exclude: ["corpus"],
          swiftSettings: strict + [.unsafeFlags(["-parse-as-library"])])
      ]),
  swiftLanguageModes: [.v6],
  cxxLanguageStandard: .cxx17
)
