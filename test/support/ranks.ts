import type { Communicator } from "../../src/distributed/communicator.js";

/** A call that every rank makes: the first arrivals wait for the last. */
interface Meeting {
  readonly call: string;
  readonly arrived: Map<number, Float32Array | Float64Array | Uint8Array>;
  readonly settle: (() => void)[];
}

/**
 * So many ranks in one process, which compute by turns: as MPI's, but for what only processes can do. A call that another rank's does
 * not match is an error at once, where MPI would wait for ever.
 */
export function ranksInMemory(size: number): readonly Communicator[] {
  let meeting: Meeting | null = null;
  const meet = async (
    rank: number,
    call: string,
    values: Float32Array | Float64Array | Uint8Array,
    finish: (arrived: Meeting["arrived"]) => void,
  ): Promise<void> => {
    meeting ??= { call, arrived: new Map(), settle: [] };
    const own = meeting;
    if (own.call !== call) throw new Error(`rank ${rank} calls ${call}, another rank ${own.call}`);
    if (own.arrived.has(rank)) throw new Error(`rank ${rank} calls ${call} twice`);
    own.arrived.set(rank, values);
    if (own.arrived.size < size) return new Promise((settle) => own.settle.push(settle));
    meeting = null;
    finish(own.arrived);
    for (const settle of own.settle) settle();
  };
  return Array.from({ length: size }, (_, rank) => ({
    rank,
    size,
    localSize: size,
    sum: (values) =>
      meet(rank, `sum of ${values.length}`, values, (arrived) => {
        const total = new Float64Array(values.length);
        for (let r = 0; r < size; r++) {
          arrived.get(r)!.forEach((value, i) => {
            total[i] += value;
          });
        }
        for (const own of arrived.values()) own.set(total);
      }),
    broadcast: (bytes, root) =>
      meet(rank, `broadcast of ${bytes.length} from ${root}`, bytes, (arrived) => {
        const given = Uint8Array.from(arrived.get(root)!);
        for (const own of arrived.values()) own.set(given);
      }),
    abort() {
      throw new Error(`rank ${rank} aborts`);
    },
    leave: () => meet(rank, "leave", new Uint8Array(0), () => {}),
  }));
}
