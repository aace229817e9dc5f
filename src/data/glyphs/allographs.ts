/**
 * The ways of writing each digit, as pen strokes in a box 60 units wide and 100 high, y downwards.
 *
 * A stroke is written "x,y x,y …": points on a smooth curve through them; a point given twice in a row is a
 * corner. The pen is lifted between strokes.
 */
export type Stroke = readonly (readonly [x: number, y: number])[];
export type Allograph = readonly Stroke[];

const zero = [
  // Oval, closed at the top.
  ["33,0 14,8 3,30 2,55 8,84 28,100 48,88 58,60 57,34 47,9 30,0"],
  // Narrow oval.
  ["31,0 17,12 11,38 12,66 19,90 31,100 43,89 49,62 48,34 42,10 29,0"],
  // Begun at the upper right, its end crossing the start.
  ["47,8 30,2 11,14 1,42 4,72 20,95 38,97 54,78 60,48 53,20 36,1 24,4"],
];

const one = [
  // A single down stroke.
  ["31,0 30,33 30,66 29,100"],
  // With a flag.
  ["18,28 27,15 34,0 34,0 34,33 33,66 33,100"],
  // With a flag and a foot.
  ["19,27 27,14 33,0 33,0 33,33 32,66 32,99", "13,100 32,99 52,99"],
];

const two = [
  // Hook, diagonal, flat base.
  ["5,21 14,5 32,0 50,8 54,26 45,47 26,71 4,98 4,98 30,97 59,97"],
  // With a loop at the lower left.
  ["6,17 20,2 40,2 52,17 49,38 36,62 20,86 8,96 2,86 11,76 25,86 41,97 59,92"],
  // Wide top, curved base.
  ["3,25 12,6 33,0 52,12 51,33 36,58 18,80 3,97 3,97 19,89 37,96 60,93"],
];

const three = [
  // Two bowls.
  ["7,11 23,0 43,3 51,18 44,37 25,46 25,46 46,53 57,71 49,91 27,100 4,89"],
  // Flat top.
  ["6,2 30,2 54,1 54,1 40,21 27,40 27,40 47,46 57,66 49,90 26,100 4,90"],
  // A small loop in the waist.
  ["8,13 22,1 42,3 50,18 42,36 27,47 19,46 24,41 42,49 56,68 50,90 28,100 5,91"],
];

const four = [
  // Open: an L, then a stem.
  ["13,3 9,28 5,55 5,55 30,56 58,53", "46,5 44,36 42,68 40,100"],
  // Closed: a triangle and a stem in one stroke.
  ["59,67 30,68 2,68 2,68 22,37 43,0 43,0 43,33 43,66 42,100"],
  // Open and round: a cup, then a stem.
  ["4,2 1,25 5,45 23,53 42,48 53,35", "57,2 54,33 52,66 49,100"],
];

const five = [
  // Stem and bowl, then the bar.
  ["13,3 11,22 9,43 9,43 28,37 48,46 55,67 46,91 24,100 3,91", "13,3 33,2 55,1"],
  // In one stroke from the bar's right end.
  ["54,2 34,2 15,4 15,4 12,22 11,42 11,42 32,39 50,51 53,75 39,95 18,99 2,90"],
  // With a rounded shoulder.
  ["56,3 37,1 20,6 14,22 15,38 31,45 48,56 52,76 41,95 20,100 3,92"],
];

const six = [
  // Curved stem, low loop.
  ["45,1 26,13 11,38 5,67 12,92 31,100 49,90 54,71 43,55 24,56 8,73"],
  // Straight stem.
  ["33,0 20,27 8,55 4,78 14,96 33,100 49,88 50,68 36,56 18,63 7,78"],
  // Wide stem, its loop curling inwards.
  ["54,9 37,1 17,16 5,45 5,75 20,97 42,97 56,80 51,60 33,52 17,62 14,76"],
];

const seven = [
  // Plain.
  ["3,4 30,4 57,2 57,2 45,32 33,65 23,100"],
  // With a bar.
  ["4,4 30,5 57,3 57,3 45,32 34,65 25,100", "17,52 36,50 55,49"],
  // With a tick at the left and a bent stem.
  ["4,18 6,4 6,4 31,5 57,3 57,3 41,30 31,62 28,100"],
];

const eight = [
  // In one stroke from the upper right.
  ["50,13 33,0 14,8 12,27 28,44 47,61 53,81 39,98 17,98 5,81 14,61 35,43 49,28 48,10"],
  // Two rings.
  [
    "31,0 15,7 11,24 19,41 31,46 44,41 51,24 46,7 29,0",
    "31,46 12,55 5,74 14,94 31,100 48,94 57,74 49,55 29,46",
  ],
  // In one stroke from the waist.
  ["30,46 14,33 13,12 31,0 48,11 46,32 30,46 10,62 6,84 25,100 46,95 55,77 47,58 28,45"],
];

const nine = [
  // Ring and straight stem.
  ["51,10 33,0 13,9 6,30 17,48 36,46 50,28 53,6 53,6 51,36 47,68 43,100"],
  // Ring and a tail curling to the left.
  ["49,9 32,0 13,9 7,30 18,47 37,43 50,26 53,9 53,9 55,38 52,71 38,96 20,99 7,90"],
  // Small ring, slanted stem.
  ["47,14 33,2 16,8 9,26 19,43 38,39 49,22 51,4 51,4 46,36 38,68 29,100"],
];

/** ALLOGRAPHS[digit] lists the shapes among which a writer of that digit chooses. */
export const ALLOGRAPHS: readonly (readonly Allograph[])[] = [
  zero,
  one,
  two,
  three,
  four,
  five,
  six,
  seven,
  eight,
  nine,
].map((digit) => digit.map((strokes) => strokes.map(parseStroke)));

function parseStroke(text: string): Stroke {
  return text.split(" ").map((point) => {
    const [x, y] = point.split(",").map(Number);
    return [x!, y!] as const;
  });
}
