// The functions of one number that are no activations, by value and derivative.

/// −1, 0 or 1; NaN stays NaN.
template <class T>
AUTODUAL_INLINE T signOf(T x) {
  return x > 0 ? T(1) : x < 0 ? T(-1) : x;
}

struct Abs {
  explicit Abs(const Elementwise&) {}
  template <class T>
  T value(T z) const {
    return std::abs(z);
  }
  template <class T>
  T derivative(T z) const {
    return signOf(z);
  }
};

struct Sign {
  explicit Sign(const Elementwise&) {}
  template <class T>
  T value(T z) const {
    return signOf(z);
  }
  template <class T>
  T derivative(T z) const {
    return 0 * signOf(z);
  }
};

struct Square {
  explicit Square(const Elementwise&) {}
  template <class T>
  T value(T z) const {
    return z * z;
  }
  template <class T>
  T derivative(T z) const {
    return 2 * z;
  }
};

struct SquareRoot {
  explicit SquareRoot(const Elementwise&) {}
  template <class T>
  T value(T z) const {
    return std::sqrt(z);
  }
  template <class T>
  T derivative(T z) const {
    return z == 0 ? T(0) : T(0.5) / std::sqrt(z);
  }
};

/// 1/√(z + offset).
struct ReciprocalSquareRoot {
  double offset;
  explicit ReciprocalSquareRoot(const Elementwise& f) : offset(f.a) {}
  template <class T>
  T value(T z) const {
    return 1 / std::sqrt(z + static_cast<T>(offset));
  }
  template <class T>
  T derivative(T z) const {
    const T moved = z + static_cast<T>(offset);
    return T(-0.5) / (moved * std::sqrt(moved));
  }
};
