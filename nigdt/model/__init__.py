"""The networks in the paper's order: encoders, attention, latent, generator, discriminators, match."""

from nigdt.model.discriminators import Discriminator, PublishedDiscriminator
from nigdt.model.encoders import TextFeatures
from nigdt.model.network import NIGDT, DualPath, DualPathOutput, Gaussian, Generated, ImageFeatures

__all__ = [
    "NIGDT",
    "Discriminator",
    "DualPath",
    "DualPathOutput",
    "Gaussian",
    "Generated",
    "ImageFeatures",
    "PublishedDiscriminator",
    "TextFeatures",
]
