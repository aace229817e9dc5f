/// Calls body with the lines of this activation.
template <class Body>
inline void withLines(const Elementwise& f, const Body& body) {
  switch (f.function) {
    case Function::relu: return body(ReluLines{});
    case Function::leakyRelu: return body(LeakyReluLines{f.a});
    case Function::hardtanh: return body(HardtanhLines{f.a, f.b});
    case Function::tanh: return body(SShapedLines<TanhShape>{});
    case Function::sigmoid: return body(SShapedLines<SigmoidShape>{});
    default: return;
  }
}
