# The native backend. `npm run build:native` builds it into build/Release/autodual.node (scripts/build-native.mjs).
#
# Instruction sets are chosen by pragmas in native/isa/*.cc, so every file has the same flags. Never -ffast-math: bounds
# need NaN, infinities, and sums in the order in which they are written.
#
# `npm run sanitize` builds it with a sanitizer (`sanitize`: address, undefined or thread) into a folder of its own.
{
  "variables": {
    "sanitize%": "none",
    "warnings": ["-Wall", "-Wextra", "-Wno-unused-parameter", "-Wno-unknown-pragmas"],
    # GCC's own vector headers give false alarms of these.
    "gcc_warnings": ["-Wno-maybe-uninitialized"],
    # Errors and traps of floating-point operations are looked at nowhere; results are the same without them.
    "arithmetic": ["-O3", "-fno-math-errno", "-fno-trapping-math", "-fopenmp-simd"],
    "core": [
      "native/core/arena.cc",
      "native/core/cpu.cc",
      "native/core/engine-object.cc",
      "native/core/engine.cc",
      "native/core/pages.cc",
      "native/core/pool.cc",
      "native/core/promises.cc",
    ],
    "operations": [
      "native/operations/activations.cc",
      "native/operations/arguments.cc",
      "native/operations/backward.cc",
      "native/operations/entries.cc",
      "native/operations/features.cc",
      "native/operations/loss.cc",
      "native/operations/median.cc",
      "native/operations/memory.cc",
      "native/operations/noise.cc",
      "native/operations/norms.cc",
      "native/operations/patches.cc",
      "native/operations/products.cc",
      "native/operations/rows.cc",
    ],
    "plans": ["native/kernels/plan-median.cc", "native/kernels/plan-products.cc"],
    "instruction_sets": ["native/isa/avx2.cc", "native/isa/avx512.cc", "native/isa/baseline.cc"],
  },
  "targets": [
    {
      "target_name": "autodual",
      "sources": ["native/addon.cc", "<@(core)", "<@(operations)", "<@(plans)", "<@(instruction_sets)"],
      "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": ["NAPI_VERSION=8", "NODE_ADDON_API_CPP_EXCEPTIONS", "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS"],
      "cflags_cc!": ["-fno-exceptions"],
      "cflags_cc": ["-std=gnu++17", "-fexceptions", "-fvisibility=hidden", "-pthread", "<@(warnings)", "<@(gcc_warnings)"],
      "ldflags": ["-pthread"],
      "xcode_settings": {
        "GCC_ENABLE_CPP_EXCEPTIONS": "YES",
        "GCC_SYMBOLS_PRIVATE_EXTERN": "YES",
        "GCC_OPTIMIZATION_LEVEL": "3",
        "CLANG_CXX_LANGUAGE_STANDARD": "gnu++17",
        "CLANG_CXX_LIBRARY": "libc++",
        "MACOSX_DEPLOYMENT_TARGET": "11.0",
        "OTHER_CPLUSPLUSFLAGS": ["<@(warnings)"],
      },
      "msvs_settings": {"VCCLCompilerTool": {"ExceptionHandling": 1}},
      "conditions": [
        [
          "sanitize!='none'",
          {
            "cflags!": ["-O3"],
            "cflags_cc": ["-fsanitize=<(sanitize)", "-fno-sanitize-recover=undefined", "-fno-omit-frame-pointer", "-g", "-O1", "-fno-math-errno", "-fno-trapping-math", "-fopenmp-simd"],
            "ldflags": ["-fsanitize=<(sanitize)"],
            "xcode_settings": {
              "GCC_OPTIMIZATION_LEVEL": "1",
              "OTHER_CPLUSPLUSFLAGS": ["-fsanitize=<(sanitize)", "-g", "-fno-math-errno", "-fno-trapping-math"],
              "OTHER_LDFLAGS": ["-fsanitize=<(sanitize)"],
            },
          },
          {
            "cflags_cc": ["<@(arithmetic)"],
            "xcode_settings": {"OTHER_CPLUSPLUSFLAGS": ["<@(arithmetic)"]},
          },
        ]
      ],
    }
  ],
}
