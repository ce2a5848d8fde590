"""Faults of one line each that a test has to notice; see mutation.py."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """One text of a file replaced by another."""

    path: str
    old: str
    new: str
    tests: tuple[str, ...]

    def __str__(self) -> str:
        return f'{self.path} | {self.old} -> {self.new}'

    def apply(self, text: str) -> str:
        """Replace the text, which the file has once."""
        if text.count(self.old) != 1:
            raise ValueError(f'{self}: {text.count(self.old)} places.')
        return text.replace(self.old, self.new)


# By file: the test files below tests/, then the mutations.
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
    'mmremax_runtime/merge.py': (
        ('test_runtime/test_merge.py', 'test_kmax/test_fusion.py'),
        ('MIN_PIXEL_THRESHOLD = 1 / 3 + 1e-4', 'MIN_PIXEL_THRESHOLD = 0.3'),
        ("np.argsort(-score, kind='stable')", 'np.argsort(score)[::-1]'),
        ('class_prob[query] > threshold', 'class_prob[query] >= threshold'),
        ('not free > cfg.overlap', 'not free >= cfg.overlap'),
        ('segment.area >= min_areas', 'segment.area > min_areas'),
        ('stuff[label].area += free', 'pass'),
        ('stuff[label].queries.append(query)', 'pass'),
        ('is_thing = label < num_things\n        thr',
         'is_thing = label <= num_things\n        thr'),
        ('cfg.thing_threshold if is_thing else cfg.stuff_threshold',
         'cfg.stuff_threshold'),
        ('class_prob**cfg.class_score_power', 'class_prob'),
        ('mask_prob**cfg.mask_score_power', 'mask_prob'),
        ('instance += is_thing', 'instance += 1'),
        ('turn[:, None] <= turn[None, :]', 'turn[:, None] > turn[None, :]'),
        ('table = table + table.T', 'table = table * 1'),
    ),
    'mmremax/kmax/fusion.py': (
        ('test_kmax/test_fusion.py', 'test_kmax/test_fusion_golden.py'),
        ('padded[1] % 2 == 1', 'padded[0] % 2 == 1'),
        ('logits.softmax(-1)[:, :-1]  #', 'logits.softmax(-1)[:, 1:]  #'),
        ('self.num_classes >= INSTANCE', 'self.num_classes > INSTANCE'),
    ),
    'mmremax/kmax/pixel_pass.py': (
        ('test_kmax/test_fusion.py', 'test_kmax/test_fusion_golden.py'),
        ('~(prob > self.threshold)', '~(prob >= self.threshold)'),
        ('mask = mask_prob > self.threshold', 'mask = mask_prob > 0.5'),
        ('(mask_prob * mask).sum', 'mask_prob.sum'),
        ('if self.by_query:', 'if False:'),
    ),
    'mmremax/kmax/layers.py': (
        ('test_kmax/test_layers.py',),
        ('side % 2 == 1', 'side % 2 == 0'),
        ('eps=1e-3, momentum=0.01', 'eps=1e-3, momentum=0.1'),
        ('eps=1e-3, momentum=0.01', 'eps=1e-5, momentum=0.01'),
        ('num_channels, eps=1e-6', 'num_channels, eps=1e-5'),
        ('a=-2 * std, b=2 * std', 'a=-3 * std, b=3 * std'),
        ('math.sqrt(2 / weight', 'math.sqrt(1 / weight'),
        ('trunc_normal_(weight, 0.01)', 'trunc_normal_(weight, 0.02)'),
        ('padding=dilation * (kernel_size // 2)', 'padding=kernel_size // 2'),
        ('layers[\'act\'] = nn.GELU()', 'layers[\'act\'] = nn.ReLU()'),
        ('self.weight, gamma)', 'self.weight, 1.0)'),
    ),
    'mmremax/kmax/pixel_decoder.py': (
        ('test_kmax/test_pixel_decoder.py',),
        ('aligns_corners(low.shape[-1])', 'aligns_corners(low.shape[-2])'),
    ),
    'mmremax/kmax/semantic_decoder.py': (
        ('test_kmax/test_semantic_decoder.py',),
        ('= aligns_corners(stride_32.shape[-1])',
         '= aligns_corners(stride_32.shape[-2])'),
        ('classifier=conv1x1_logits(channels, num_classes + with_void)',
         'classifier=conv1x1_logits(channels, num_classes)'),
    ),
    'mmremax/kmax/head.py': (
        ('test_kmax/test_head.py', 'test_kmax/test_head_golden.py'),
        ('aligns_corners(size[0])', 'aligns_corners(size[1])'),
        ('predictions[: self.num_relaxed]', 'predictions[:1]'),
        ('min(num_relaxed, decoder.num_outputs - 1)', 'num_relaxed'),
    ),
    'mmremax/kmax/matcher.py': (
        ('test_kmax/test_matcher.py', 'test_kmax/test_losses'),
        ('pair_score.clamp(min=self.eps)', 'pair_score'),
        ('class_weight.clamp(min=self.eps)', 'class_weight'),
        ('eps: float = 1e-5', 'eps: float = 1e-3'),
        ('nan_to_num(dice * label_score, 0.0, 0.0, 0.0)',
         'mul(dice, label_score)'),
        ('(predicted + area) / 2 + 1e-5', '(predicted + area) / 2'),
        ('on_void + mask_sum[:, :, -1]', 'on_void'),
        ('costs = -similarity', 'costs = similarity'),
    ),
    'mmremax/kmax/segments.py': (
        ('test_kmax/test_matcher.py',),
        ('[1] < -(-image[0] // stride)', '[1] < image[0] // stride'),
        ('value=fill)  # VOID', 'value=0)  # VOID'),
        ('height > size[0] or width > size[1]', 'height > size[0]'),
    ),
    'mmremax/kmax/targets.py': (
        ('test_kmax/test_matcher.py', 'test_kmax/test_losses'),
        ('self.query_map, 1.0)', 'self.query_map, 2.0)'),
        ('.shape[1])[:, :-1]', '.shape[1])[:, 1:]'),
    ),
    'mmremax/kmax/losses/terms.py': (
        ('test_kmax/test_losses',),
        ('clamp(min=1)).mean()', 'clamp(min=2)).mean()'),
        ('(terms * counts)', '(terms * 1)'),
    ),
    'mmremax/kmax/losses/mask_loss.py': (
        ('test_kmax/test_losses',),
        ('(mask_logits - top[:, None]).exp_()\n        # 1',
         'mask_logits.exp()\n        # 1'),
        ('weight.sum(1, dtype=torch.float64)', 'weight.sum(1)'),
        ('math.log2(num_queries) / num', 'math.log(num_queries) / num'),
        ('(2 * overlap + 1)', '(2 * overlap)'),
        ('prob_sum + area + 1)', 'prob_sum + area)'),
        ('own_prob = own_prob * targets.valid', 'pass'),
        ('alpha: float = 0.75', 'alpha: float = 0.5'),
        ('(weight * (1 - dice)).mean(1)', '(weight * (1 - dice)).sum(1)'),
        ('(mean + grad_own)[:, None], value=-1', '(mean + grad_own)[:, None]'),
        ('grad_own = grad_own * valid', 'pass'),
    ),
    'mmremax/kmax/losses/pq_classification.py': (
        ('test_kmax/test_losses',),
        ('alpha: float | None = 0.75', 'alpha: float | None = 0.5'),
        ('(1 - self.alpha) * ~is_object', '~is_object'),
        ('** self.gamma', '** 1'),
        ('weight > 0)', 'weight > -1)'),
    ),
    'mmremax/kmax/losses/semantic.py': (
        ('test_kmax/test_losses', 'test_kmax/test_class_fractions.py'),
        ('valid * F.softplus(logits).sum(1)', 'F.softplus(logits).sum(1)'),
        ('valid = labels != VOID', 'valid = labels >= VOID'),
        ('(valid > 0).float()', '(valid >= 1).float()'),
        ('logits.log_softmax(1)[:, :num_classes]',
         'logits[:, :num_classes].log_softmax(1)'),
        ("if self.normalizer == 'mass' else", 'if False else'),
        ('targets.size)[:, ::stride, ::stride]', 'targets.size)[:, ::1, ::1]'),
    ),
    'mmremax/kmax/losses/pixel_sampler.py': (
        ('test_kmax/test_losses',),
        ('temperature * inverse_area.log()', 'inverse_area.log()'),
        ('- _NEVER * ~valid', ''),
        ("mode='bilinear'", "mode='nearest'"),
        ('aligned = height % 2 == 1', 'aligned = width % 2 == 1'),
        ('-torch.log(-torch.log(uniform))', 'uniform'),
    ),
    'mmremax/kmax/losses/instance_discrimination.py': (
        ('test_kmax/test_losses',),
        ('feature).sum(2) / self.temperature', 'feature).sum(2)'),
        ('grad.div_(temperature)', 'grad'),
        ('if cols != rows:\n                total',
         'if True:\n                total'),
        ('weight = valid / total', 'weight = 1 / total'),
    ),
    'mmremax/remax/reclass.py': (
        ('test_remax/test_reclass.py',),
        ('eta: float = 0.1', 'eta: float = 0.2'),
        ('(1 - added) * one_hot', 'one_hot'),
        ('flatten(2).sigmoid()', 'flatten(2).softmax(1)'),
        ('if not self.softens_all:', 'if False:'),
        ('area.clamp(min=1)', 'area'),
    ),
    'mmremax/remax/remask.py': (
        ('test_remax/test_remask.py',),
        ('aligns_corners(targets.size[0])', 'aligns_corners(targets.size[1])'),
        ('if output.is_relaxed:', 'if True:'),
        ('m_hat * (targets.semantic_map != VOID)[:, None]', 'm_hat'),
        ('class_prob[:, :, :-1]', 'class_prob[:, :, 1:]'),
        ("activation: str = 'sigmoid'", "activation: str = 'softmax'"),
        ('stop_gradient: bool = True', 'stop_gradient: bool = False'),
        ('gain: float = 1.0,\n    ) -> None',
         'gain: float = 0.5,\n    ) -> None'),
    ),
    'mmremax/remax/mask2former_head.py': (
        ('test_remax/test_mask2former_head.py',),
        ('num_relaxed: int = 4', 'num_relaxed: int = 6'),
    ),
    'mmremax/remax/mask2former_targets.py': (
        ('test_remax/test_mask2former_targets.py',),
        ('argsort(stable=True)', 'argsort(descending=True)'),
        ('+ 0.5) * (side / count)', '* (side / count)'),
        ('num_points: int = 12544', 'num_points: int = 112'),
    ),
    'mmremax/utils/config_edits.py': (
        ('test_utils/test_config_edits.py',),
        ('sorted(old_roots, key=len, reverse=True)',
         'sorted(old_roots, key=len)'),
        ("startswith(f'{folder}/')", 'startswith(folder)'),
    ),
    'mmremax/utils/point_losses.py': (
        ('test_utils/test_point_losses.py', 'test_mp_former/test_golden.py'),
        ('avg_factor=num_masks * head.num_points', 'avg_factor=num_masks'),
    ),
    'mmremax/mp_former/pilots.py': (
        ('test_mp_former/test_pilots.py', 'test_mp_former/test_golden.py',
         'test_mp_former/test_head.py'),
        ('& (group >= 0)', ''),
        ('ratio == 0:', 'ratio >= 0:'),
        ('scale * num_open / blocked', 'scale + 0 * num_open / blocked'),
        ('adaptive_max_pool2d(gt', 'nn.functional.adaptive_avg_pool2d(gt'),
    ),
    'mmremax/mp_former/loss.py': (
        ('test_mp_former/test_golden.py', 'test_mp_former/test_head.py'),
        ('clamp(min=1)', 'clamp(min=2)'),
        ("padding == 'strict'", "padding != 'strict'"),
    ),
    'mmremax/evaluation/panoptic_quality.py': (
        ('test_evaluation/test_panoptic_quality.py',),
        ('size / union > 0.5:', 'size / union >= 0.5:'),
        ('pred_area[pred_id] <= 0.5', 'pred_area[pred_id] < 0.5'),
        ('- overlap[VOID_ID, pred_id]', ''),
        ('excused += overlap', 'excused += 0 * overlap'),
        ("if not s['iscrowd']}", '}'),
        ('0.5 * self.fp', '1.0 * self.fp'),
        ('size > union:', 'size >= union:'),
        ('gt_labels[gt_id] != label', 'False'),
        ('np.cumsum(seen, axis=0)[-1]', 'seen.sum(0)'),
    ),
    'mmremax/evaluation/panoptic_metric.py': (
        ('test_evaluation/test_panoptic_metric.py',),
        ('json_areas: bool = False', 'json_areas: bool = True'),
        ('(counts.tp + counts.fp + counts.fn)', '(counts.tp + counts.fn)'),
        ('labels[code + 1] = label', 'labels[code + 1] = min(label, 1)'),
    ),
    'mmremax/soft_label/losses.py': (
        ('test_soft_label/test_losses.py',),
        ("normalizer: str = 'mass'", "normalizer: str = 'cells'"),
        ('clamp(min=1e-6)', 'clamp(min=1)'),
        ('weights * target.pick(table', '1 * target.pick(table'),
    ),
    'configs/_base_/models/kmax_r50.py': (
        ('test_published_settings.py',),
        ('overlap_threshold=0.8', 'overlap_threshold=0.5'),
        ('thing_threshold=0.7', 'thing_threshold=0.5'),
        ('pixel_threshold=0.4', 'pixel_threshold=0.5'),
        ('num_queries=128', 'num_queries=100'),
        ("'PQClassificationLoss', loss_weight=3.0",
         "'PQClassificationLoss', loss_weight=1.0"),
        ("activation='softmax', loss_weight=0.3",
         "activation='softmax', loss_weight=1.0"),
        ("'PQDiceLoss', loss_weight=3.0", "'PQDiceLoss', loss_weight=5.0"),
        ('temperature=0.3', 'temperature=1.0'),
        ('sample_temperature=2.0', 'sample_temperature=1.5'),
        ('drop_path_rate=0.2', 'drop_path_rate=0.0'),
    ),
    'configs/_base_/overlays/remax.py': (
        ('test_published_settings.py',),
        ('loss_weight=0.5', 'loss_weight=1.0'),
        ('num_relaxed=4', 'num_relaxed=6'),
        ("activation='sigmoid', ", ''),
    ),
    'configs/_base_/overlays/remax_mask2former.py': (
        ('test_published_settings.py',),
        ('loss_weight=0.5', 'loss_weight=1.0'),
        ('num_relaxed=4', 'num_relaxed=6'),
    ),
    'configs/_base_/overlays/mp_former.py': (
        ('test_published_settings.py',),
        ('mask_noise_scale=0.2', 'mask_noise_scale=0.4'),
        ('label_noise_ratio=0.2', 'label_noise_ratio=0.0'),
    ),
    'configs/_base_/schedules/kmax_150k.py': (
        ('test_published_settings.py',),
        ('lr=5e-4', 'lr=1e-4'),
        ('weight_decay=0.05', 'weight_decay=0.01'),
        ('backbone=0.1', 'backbone=1.0'),
        ('warmup=5000', 'warmup=500'),
        ('power=0.9', 'power=1.0'),
    ),
}  # fmt: skip

MUTANTS = [
    Mutant(path, old, new, tuple(f'tests/{name}' for name in tests))
    for path, (tests, *changes) in TABLE.items()
    for old, new in changes
]
