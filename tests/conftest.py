"""What holds for every test."""

from hypothesis import settings

from tests.fakes import spare_the_disk

# a property that takes long on a busy machine is no failure
settings.register_profile("ebbwatch", deadline=None)
settings.load_profile("ebbwatch")
spare_the_disk()
