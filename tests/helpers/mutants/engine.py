"""Hooks, optimiser and resume. See mutants/__init__.py."""

TABLE = {
    'mmremax/engine/gradient_hooks.py': (
        ('test_engine/test_hooks.py', 'test_engine/test_two_ranks.py'),
        ("all_reduce(is_bad, 'max')", 'pass'),
        ("all_reduce(is_broken, 'max')", 'pass'),
        ('(~values.isfinite()).any()', 'values.isnan().any()'),
        ('zero_grad(set_to_none=True)', 'state'),
    ),
    'mmremax/engine/resume.py': (
        ('test_engine/test_resume.py', 'test_engine/test_two_ranks.py'),
        ('states[get_rank()]', 'states[0]'),
        ("all_reduce(buffer, 'mean')", "all_reduce(buffer, 'max')"),
        ('states is None or runner.iter == 0', 'states is None'),
        ('os.fsync(file.fileno())', 'pass'),
        ('os.replace(unfinished, path)', 'path.write_bytes(obj)'),
        ('set_random_states(self.before_validation)', 'pass'),
        ('self.before_validation or get_random', 'get_random'),
        ('averages = [h.ema_model for', 'averages = [] and [h for'),
        ('for module in (model, *averages)', 'for module in (model,)'),
        ("torch.set_rng_state(states['torch'].cpu())", 'pass'),
        ('has_gauss, cached)', '0, cached)'),
        ('if len(states) == get_world_size()', 'if True'),
        ('* loop.dataloader.batch_size', ''),
        ('        check_shapes(', '        str('),
    ),
    'mmremax/engine/optim.py': (
        ('test_engine/test_optim.py', 'test_engine/test_hooks.py'),
        ('max(prefixes, key=len)', 'min(prefixes, key=len)'),
        ('param.ndim <= 1 or parts', 'parts'),
        ('param.ndim <= 1 or parts', 'param.ndim <= 1'),
        ('step < self.warmup:', 'step <= self.warmup:'),
        ('max(1 - step / self.total, 0.0)', '(1 - step / self.total)'),
        ('if not param.requires_grad:', 'if False:'),
        ('        if unused:', '        if False:'),
        ('module.momentum = self.momentum', 'pass'),
    ),
    'mmremax/engine/measure.py': (
        ('test_engine/test_measure.py',),
        (
            'torch.randperm(num_stuff, generator=generator)',
            'torch.arange(num_stuff)',
        ),
    ),
    'mmremax/engine/count_hooks.py': (
        ('test_engine/test_hooks.py',),
        ('if number <= num_queries:', 'if number < num_queries:'),
        ('number - num_queries)', 'number)'),
    ),
    'mmremax/utils/config_edits.py': (
        ('test_utils/test_config_edits.py',),
        ('sorted(old_roots, key=len, reverse=True)',
         'sorted(old_roots, key=len)'),
        ("startswith(f'{folder}/')", 'startswith(folder)'),
    ),
}  # fmt: skip
