#include "arguments.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <sstream>

#include "../core/engine-object.h"

namespace autodual {

namespace {

std::string shapeText(int64_t features, int64_t rows, const char* anyFeatures = "f", const char* anyRows = "R") {
  return "[" + (features == ANY ? anyFeatures : std::to_string(features)) + ", " +
         (rows == ANY ? anyRows : std::to_string(rows)) + "]";
}

std::string numberText(double value) {
  std::ostringstream text;
  text.precision(17);
  text << value;
  return text.str();
}

std::string valueText(const Napi::Value& value) {
  if (value.IsNumber()) return numberText(value.As<Napi::Number>().DoubleValue());
  if (value.IsNull()) return "null";
  if (value.IsUndefined()) return "undefined";
  if (value.IsTypedArray()) return "another typed array";
  return "another value";
}

bool isArray(const Napi::Value& value, napi_typedarray_type type) {
  return value.IsTypedArray() && value.As<Napi::TypedArray>().TypedArrayType() == type;
}

/// A product that stays exact or becomes too large, never negative.
double product(double a, double b, double c) { return a * b * c; }

template <class From, class To>
void convert(const Napi::Value& value, To* to) {
  const auto array = value.As<Napi::TypedArrayOf<From>>();
  const From* from = array.Data();
  const size_t count = array.ElementLength();
  if (std::is_same<From, To>::value && count > 0) std::memcpy(to, from, count * sizeof(To));
  else for (size_t i = 0; i < count; i++) to[i] = static_cast<To>(from[i]);
}

template <class To>
void convertAny(const Napi::Value& value, void* to) {
  if (isArray(value, napi_float32_array)) convert<float>(value, static_cast<To*>(to));
  else if (isArray(value, napi_float64_array)) convert<double>(value, static_cast<To*>(to));
  else convert<int32_t>(value, static_cast<To*>(to));
}

}  // namespace

Arguments::Arguments(const char* operation, const Napi::CallbackInfo& info, EngineObject& object)
    : operation_(operation), info_(info), object_(object) {}

Engine& Arguments::engine() { return object_.engine(); }
Promises& Arguments::promises() { return object_.promises(); }
Napi::Value Arguments::next() { return info_[next_++]; }

void Arguments::fail(const std::string& expected, const std::string& got) const {
  throw ArgumentError(std::string(operation_) + ": expected " + expected + ", got " + got);
}

double Arguments::number(const char* name) {
  const Napi::Value value = next();
  if (!value.IsNumber()) fail(std::string(name) + " to be a number", valueText(value));
  return value.As<Napi::Number>().DoubleValue();
}

int64_t Arguments::size(const char* name, int64_t least, int64_t most) {
  const double value = number(name);
  if (!(value >= static_cast<double>(least) && value <= static_cast<double>(most)) || value != std::floor(value)) {
    fail(std::string(name) + " to be an integer in " + std::to_string(least) + " … " + std::to_string(most),
         numberText(value));
  }
  return static_cast<int64_t>(value);
}

void Arguments::expectShape(const char* name, const Tensor& tensor, int64_t features, int64_t rows) const {
  if ((features == ANY || tensor.features == features) && (rows == ANY || tensor.rows == rows)) return;
  fail(std::string(name) + " " + shapeText(features, rows), shapeText(tensor.features, tensor.rows));
}

Tensor Arguments::tensor(const char* name, int64_t features, int64_t rows) {
  const double given = number(name);
  const Tensor* found = engine().find(given);
  if (found == nullptr) fail(std::string(name) + " to be a tensor", "a released or unknown tensor");
  expectShape(name, *found, features, rows);
  tensors_.push_back(found->buffer);
  return *found;
}

Tensor Arguments::optional(const char* name, int64_t features, int64_t rows) {
  const Napi::Value value = info_[next_];
  if (!value.IsNumber() || value.As<Napi::Number>().DoubleValue() != 0) return tensor(name, features, rows);
  next_++;
  return {};
}

Indices Arguments::indicesOf(const Napi::Value& value, const char* name, int64_t from, int64_t below, int64_t length) {
  if (!isArray(value, napi_int32_array)) fail(std::string(name) + " to be an Int32Array", valueText(value));
  const auto array = value.As<Napi::Int32Array>();
  const size_t count = array.ElementLength();
  if (lastIndices_ != nullptr && value.StrictEquals(Napi::Value(env(), lastTable_)) && from == lastFrom_ &&
      below == lastBelow_ && (length == ANY || length == static_cast<int64_t>(lastIndices_->size()))) {
    return lastIndices_;
  }
  if (length != ANY && static_cast<int64_t>(count) != length) {
    fail(std::string(name) + " of length " + std::to_string(length), std::to_string(count));
  }
  std::vector<int32_t> copy(count);
  // The copy is checked, not the array: another thread may share and change it.
  if (count > 0) std::memcpy(copy.data(), array.Data(), count * sizeof(int32_t));
  for (size_t i = 0; i < count; i++) {
    if (copy[i] < from || copy[i] >= below) {
      fail(std::string(name) + "[" + std::to_string(i) + "] in " + std::to_string(from) + " … " +
               std::to_string(below - 1),
           std::to_string(copy[i]));
    }
  }
  lastTable_ = value;
  lastFrom_ = from;
  lastBelow_ = below;
  lastIndices_ = std::make_shared<const std::vector<int32_t>>(std::move(copy));
  return lastIndices_;
}

OwnerTable Arguments::owners(int64_t rows, int64_t columns) {
  OwnerTable table;
  table.rows = rows;
  table.columns = columns;
  table.kind = static_cast<OwnerTable::Kind>(size("owners", 0, 3));
  switch (table.kind) {
    case OwnerTable::Kind::own:
      next();
      if (rows != columns) fail(std::to_string(rows) + " columns with own owners", std::to_string(columns));
      break;
    case OwnerTable::Kind::shared:
      next();
      if (columns != 1) fail("1 column with shared owners", std::to_string(columns));
      break;
    case OwnerTable::Kind::indexed:
      table.column = indices("owners", 0, columns, rows);
      break;
    case OwnerTable::Kind::repeated:
      table.times = size("owners.times", 0, MOST_INT32);
      if (static_cast<double>(columns) * static_cast<double>(table.times) != static_cast<double>(rows) ||
          columns > MOST_INT32) {
        fail(std::to_string(columns) + " × " + std::to_string(table.times) + " rows with repeated owners",
             std::to_string(rows));
      }
      break;
  }
  return table;
}

void expectReach(Arguments& a, const WindowTable& window, int64_t columns) {
  const double reach = static_cast<double>(window.height + 2 * window.patchHeight) *
                       static_cast<double>(window.width + 2 * window.patchWidth) * static_cast<double>(columns);
  if (reach > INT32_MAX) a.fail("window and columns of at most 2147483647 places", std::to_string(reach));
}

void Arguments::integers(const char* name, const Napi::Value& value, int64_t* to, size_t count) {
  if (!isArray(value, napi_float64_array) || value.As<Napi::Float64Array>().ElementLength() != count) {
    fail(std::string(name) + " to be a Float64Array of " + std::to_string(count), valueText(value));
  }
  const auto array = value.As<Napi::Float64Array>();
  for (size_t i = 0; i < count; i++) {
    const double entry = array[i];
    if (!(entry >= 0 && entry <= MOST_INT32) || entry != std::floor(entry)) {
      fail(std::string(name) + "[" + std::to_string(i) + "] to be an integer in 0 … 2147483647", numberText(entry));
    }
    to[i] = static_cast<int64_t>(entry);
  }
}

Geometry Arguments::geometry() {
  int64_t sizes[15];
  integers("geometry", next(), sizes, 15);
  Geometry g;
  int32_t* fields[15] = {&g.inChannels,   &g.inHeight,   &g.inWidth,      &g.outChannels, &g.outHeight,
                         &g.outWidth,     &g.kernelHeight, &g.kernelWidth, &g.strideHeight, &g.strideWidth,
                         &g.padTop,       &g.padLeft,    &g.dilationHeight, &g.dilationWidth, &g.groups};
  for (int i = 0; i < 15; i++) {
    *fields[i] = static_cast<int32_t>(sizes[i]);
    const bool padding = fields[i] == &g.padTop || fields[i] == &g.padLeft;
    if (!padding && sizes[i] < 1) fail("geometry of positive sizes", std::to_string(sizes[i]));
  }
  if (g.inChannels % g.groups != 0 || g.outChannels % g.groups != 0) {
    fail("geometry.groups to divide the channels", std::to_string(g.groups));
  }
  // Feature numbers, weight numbers and positions within the padded image must fit 32 bits with room to spare.
  const double most = 1 << 30;
  const bool fits = product(g.inChannels, g.inHeight, g.inWidth) <= most &&
                    product(g.outChannels, g.outHeight, g.outWidth) <= most &&
                    product(g.inChannels, g.kernelHeight, g.kernelWidth) <= most &&
                    product(g.outHeight, g.strideHeight, 1) + product(g.kernelHeight, g.dilationHeight, 1) + g.padTop <=
                        most &&
                    product(g.outWidth, g.strideWidth, 1) + product(g.kernelWidth, g.dilationWidth, 1) + g.padLeft <=
                        most;
  if (!fits) fail("a geometry of at most 2^30 features", "a larger one");
  return g;
}

WindowTable Arguments::window() {
  int64_t sizes[5];
  integers("window", next(), sizes, 5);
  WindowTable table{sizes[0], sizes[1], sizes[2], sizes[3], sizes[4], nullptr, nullptr};
  if (std::any_of(sizes, sizes + 5, [](int64_t size) { return size < 1; })) fail("window of positive sizes", "0");
  const auto [channels, height, width, patchHeight, patchWidth] = sizes;
  const double most = 1 << 30;
  if (product(channels, height, width) > most || product(channels, patchHeight, patchWidth) > most) {
    fail("a window of at most 2^30 features", "a larger one");
  }
  const Indices top = indices("window.top", INT32_MIN, MOST_INT32 + 1);
  const Indices left = indices("window.left", INT32_MIN, MOST_INT32 + 1, static_cast<int64_t>(top->size()));
  // A patch wholly outside is as good anywhere outside, and nearby no sum of positions overflows.
  const auto nearby = [](const Indices& from, int64_t patch, int64_t image) {
    std::vector<int32_t> to(*from);
    for (int32_t& at : to) at = static_cast<int32_t>(std::clamp<int64_t>(at, -patch, image));
    return std::make_shared<const std::vector<int32_t>>(std::move(to));
  };
  table.top = nearby(top, patchHeight, height);
  table.left = nearby(left, patchWidth, width);
  return table;
}

Elementwise Arguments::function(bool activation) {
  const int64_t count = activation ? ACTIVATION_COUNT : FUNCTION_COUNT;
  const auto function = static_cast<Function>(size("function", 0, count - 1));
  const double a = number("function.a");
  return {function, a, number("function.b")};
}

Order Arguments::order() {
  const double order = number("order");
  if (order == 1) return Order::one;
  if (order == 2) return Order::two;
  if (!(std::isinf(order) && order > 0)) fail("order 1, 2 or Infinity", numberText(order));
  return Order::infinity;
}

Tensor Arguments::values(int64_t features, int64_t rows) {
  const Napi::Value value = next();
  if (!isArray(value, napi_float32_array) && !isArray(value, napi_float64_array) && !isArray(value, napi_int32_array)) {
    fail("values to be a Float32Array, Float64Array or Int32Array", valueText(value));
  }
  const Tensor made = result(features, rows);
  const auto count = static_cast<int64_t>(value.As<Napi::TypedArray>().ElementLength());
  if (count != made.count()) fail(std::to_string(made.count()) + " values", std::to_string(count));
  made.buffer->allocate();
  if (engine().options().doubles) convertAny<double>(value, made.buffer->data());
  else convertAny<float>(value, made.buffer->data());
  return made;
}

Tensor Arguments::result(int64_t features, int64_t rows) {
  if (static_cast<double>(features) * static_cast<double>(rows) > static_cast<double>(MOST_ENTRIES)) {
    fail("a result of at most 2^46 entries", shapeText(features, rows));
  }
  return engine().tensor(features, rows);
}

Napi::Value Arguments::give(const Tensor& result) { return Napi::Number::New(env(), engine().add(result)); }

Napi::Value Arguments::give(std::initializer_list<Tensor> results) {
  const Napi::Array numbers = Napi::Array::New(env(), results.size());
  uint32_t i = 0;
  for (const Tensor& result : results) numbers.Set(i++, give(result));
  return numbers;
}

}  // namespace autodual
