/** How the paper normalises CIFAR-10; as the network's first layer, so that ε stays in the units of the data. */
export const CIFAR10_NORMALIZATION = { mean: [0.485, 0.456, 0.406], std: 0.225 } as const;
