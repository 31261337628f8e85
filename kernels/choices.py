"""The words of choice parameters, as the numbers that equations are given: the place of each word in its list in configs/parameters."""

FP32, TF32, FP16, BF16, FP8, INT8, FP4 = range(7)  # precision, serving_precision
NO_RECOMPUTE, SELECTIVE_RECOMPUTE, FULL_RECOMPUTE = range(3)  # recompute
BY_LAYERS, BY_PARAMETERS = range(2)  # flops_method
FINISHED_RUN, GIVEN_DURATION = range(2)  # duration_method
STATED_PUE, PART_LOAD_PUE, BUILT_UP_PUE = range(3)  # pue_method
STATED_WATER, COOLING_WATER = range(2)  # water_method
FROM_GRID, FROM_GENERATOR, FROM_MIX = range(3)  # power_source
AVERAGE_DIRECT, AVERAGE_DIRECT_CO2, AVERAGE_LIFECYCLE, MARGINAL_DIRECT, AS_PUBLISHED = range(5)  # carbon_kind
EAGER, PARTIAL_GRAPH, WHOLE_GRAPH = range(3)  # kernel_launch
ALL_GATHER, ALL_TO_ALL, DEEPEP, HYBRIDEP = range(4)  # dispatcher
FLASH_1, FLASH_2, NATIVE = range(3)  # attention_kernel
ATTENTION_16_BIT, ATTENTION_FP8 = range(2)  # attention_format
OWNED, RENTED = range(2)  # gpu_tenure
