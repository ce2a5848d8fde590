from .seeded_infinite_sampler import SampleKey, SeededInfiniteSampler

__all__ = ['SampleKey', 'SeededInfiniteSampler']
