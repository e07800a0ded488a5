"""Maps that know nothing of the network: what any explanation must beat on the same face."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]

RANDOM: Final = 5  # random maps per face
SPREAD: Final = 0.25  # standard deviation of the Gaussian at the centre, in sides of the face


class Rivals(NamedTuple):
    """The map at hand and its rivals, all (S, S) over the crop, as one array (1 + RANDOM + 1, S, S)."""

    maps: Doubles

    def split(self, values: Doubles) -> tuple[Doubles, Doubles, Doubles]:
        """Numbers (maps, ...) as those of the map (...), of the random maps (RANDOM, ...) and of the centre (...)."""
        return values[0], values[1:-1], values[-1]


def rivals(own: Doubles, rng: np.random.Generator) -> Rivals:
    """A map (S, S), ``RANDOM`` random maps of the same values, and a Gaussian at the centre."""
    randoms = [random_map(own, rng) for _ in range(RANDOM)]
    return Rivals(np.stack([own, *randoms, centre_map(len(own))]))


def random_map(own: Doubles, rng: np.random.Generator) -> Doubles:
    """The values of ``own`` (S, S) at random places, about as smooth as they were.

    White noise of the map's spectrum (random phases, Theiler et al. 1992, sec. 2.2) says where the largest value goes,
    the second largest, and so on (sec. 2.3, "amplitude adjusted"). A rival that is less smooth, or has less of its
    face at zero, would be weaker or stronger for a reason that has nothing to do with places.
    """
    noise = rng.standard_normal(own.shape)
    if np.ptp(own) == 0:
        return noise
    phases = np.exp(1j * np.angle(np.fft.fft2(noise)))
    field = np.fft.ifft2(np.abs(np.fft.fft2(own)) * phases).real
    surrogate = np.empty(own.size)
    surrogate[np.argsort(field, axis=None)] = np.sort(own, axis=None)
    return surrogate.reshape(own.shape)


def centre_map(side: int) -> Doubles:
    """A Gaussian (side, side) at the centre, where faces are: the guess that needs no look at the picture."""
    offset = (np.arange(side) + 0.5) / side - 0.5
    bump = np.exp(-(offset**2) / (2 * SPREAD**2))
    return np.outer(bump, bump)


def ranks(maps: Doubles, rng: np.random.Generator) -> NDArray[np.intp]:
    """The place (n, S, S) of each pixel in its map's order, 0 = most relevant; ties fall by lot.

    A rectified map is zero over much of the face: in the order of rows it would test the raster, not the map.
    """
    flat = maps.reshape(len(maps), -1)
    order = np.stack([np.lexsort((rng.random(flat.shape[1]), -values)) for values in flat])
    places = np.empty_like(order)
    np.put_along_axis(places, order, np.arange(order.shape[1])[None].repeat(len(order), 0), axis=1)
    return places.reshape(maps.shape)
