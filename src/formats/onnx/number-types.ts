import { TensorProto_DataType as DataType } from "onnx-buf";

/** What a type of real numbers holds: numbers of so many bits, from the exponent where digits begin to be lost on. */
interface RealType {
  readonly bits: number;
  readonly leastExponent: number;
  readonly largest: number;
}

/** From narrow to wide; the first two hold none of each other's numbers. */
const REAL_TYPES: ReadonlyMap<DataType, RealType> = new Map<DataType, RealType>([
  [DataType.BFLOAT16, { bits: 8, leastExponent: -126, largest: (2 - 2 ** -7) * 2 ** 127 }],
  [DataType.FLOAT16, { bits: 11, leastExponent: -14, largest: 65504 }],
  [DataType.FLOAT, { bits: 24, leastExponent: -126, largest: (2 - 2 ** -23) * 2 ** 127 }],
  [DataType.DOUBLE, { bits: 53, leastExponent: -1022, largest: Number.MAX_VALUE }],
]);

/** Whether numbers of a type are real ones, at least of half precision. */
export function isReal(type: DataType): boolean {
  return REAL_TYPES.has(type);
}

/** Whether every number of one type of real numbers is one of another. */
export function holdsAll(type: DataType, narrow: DataType): boolean {
  const [own, other] = [REAL_TYPES.get(type), REAL_TYPES.get(narrow)];
  if (!own || !other) return false;
  return own.bits >= other.bits && own.leastExponent <= other.leastExponent && own.largest >= other.largest;
}

/** The narrowest type that holds the numbers of all these types of real numbers. */
export function holderOf(types: readonly DataType[]): DataType {
  const holders = [...REAL_TYPES.keys()].filter((type) => types.every((narrow) => holdsAll(type, narrow)));
  return holders[0] ?? DataType.DOUBLE;
}

/** A number of a type of real numbers: the nearest, of two the one with an even last digit; infinite beyond the largest. */
export function roundedTo(type: DataType, value: number): number {
  if (type === DataType.FLOAT) return Math.fround(value);
  const real = REAL_TYPES.get(type);
  if (!real || type === DataType.DOUBLE || value === 0 || !Number.isFinite(value)) return value;
  const digit = 2 ** (Math.max(exponentOf(value), real.leastExponent) - real.bits + 1);
  const rounded = halfToEven(value / digit) * digit;
  return Math.abs(rounded) <= real.largest ? rounded : Math.sign(value) * Number.POSITIVE_INFINITY;
}

/** e of a double 1.… × 2ᵉ; −1023 where it is subnormal. */
function exponentOf(value: number): number {
  const [, high] = new Uint32Array(Float64Array.of(value).buffer);
  return ((high >>> 20) & 0x7ff) - 1023;
}

function halfToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest === 0.5) return below % 2 === 0 ? below : below + 1;
  return rest < 0.5 ? below : below + 1;
}
