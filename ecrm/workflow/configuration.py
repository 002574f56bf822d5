"""ecrm.yaml, read with the sections and the quotas that the sources declare."""

from collections.abc import Mapping
from functools import partial

from ecrm import config
from ecrm.config.quotas import REGISTRY_QUOTAS, Quota
from ecrm.config.schema import Section
from ecrm.sources import SOURCES

QUOTAS: Mapping[str, Quota] = {
    name: quota
    for quotas in (*(source.quotas for source in SOURCES), REGISTRY_QUOTAS)
    for name, quota in quotas.items()
}
"""All that a run keeps to, by the names that `rate_limits` has for them."""

SECTIONS: Mapping[str, Section] = config.sections(
    (section for source in SOURCES for section in source.sections),
    QUOTAS,
    (source.name for source in SOURCES),
)


load = partial(config.load, sections=SECTIONS)
from_bytes = partial(config.from_bytes, sections=SECTIONS)
parse = partial(config.parse, sections=SECTIONS)
