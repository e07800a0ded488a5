"""The parts of the face: where they lie, and what the audit of the map found, in words."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from fer_explain.explain.region_audit import RegionAudit
from fer_explain.explain.region_use import ClassProfile, RegionProfile
from fer_explain.faces.regions import REGIONS, face_regions
from fer_explain.figures.regions import SIDE, centres, region_outlines
from fer_explain.types import Face
from fer_explain.ui.shell.photo import photo_uri
from fer_explain.ui.shell.texts import Texts


def region_names(texts: Texts) -> dict[str, str]:
    """What each part is called, by its name."""
    return {name: texts(f"region.{name}") for name in REGIONS}


def bar_words(texts: Texts) -> Mapping[str, str]:
    """What the bars and axes of the figure are called."""
    return {key: texts(f"regions.{key}") for key in ("relevance", "against", "area", "effect", "usual")}


def outlined_face(face: Face, audit: RegionAudit, texts: Texts) -> str:
    """The crop with the outlines of its parts and their names."""
    regions = face_regions(face, 2 * SIDE)
    names = region_names(texts)
    labels = "".join(_label(names[REGIONS[index]], x, y) for index, (x, y) in centres(regions).items())
    note = texts("regions.landmarks" if audit.source == "landmarks" else "regions.canonical")
    return (
        f'<figure class="fer-parts"><svg viewBox="0 0 100 100" role="img" aria-label="{escape(texts("regions.alt"))}">'
        f'<image href="{photo_uri(region_outlines(face.pixels, regions))}" width="100" height="100"/>{labels}</svg>'
        f"<figcaption>{escape(note)}</figcaption></figure>"
    )


def audit_sentence(audit: RegionAudit, emotion: str, texts: Texts) -> str:
    """What the map says, what hiding the parts does, and whether the two agree: with a mark when they do not."""
    sentences = [_says(audit, emotion, texts), *_does(audit, texts)]
    mark = "fer-agrees" if audit.verdict == "agrees" else "fer-doubt" if audit.verdict == "contradicts" else ""
    chance = ""
    if audit.verdict in ("agrees", "unclear", "contradicts"):
        rho, p, area = (f"{value:.2f}" for value in (audit.agreement, audit.p_value, audit.by_area))
        chance = f" <small>{escape(texts('regions.chance', rho=rho, p=p, area=area))}</small>"
    verdict = escape(texts(f"regions.{audit.verdict}", emotion=emotion))
    said = "" if audit.verdict == "empty" else f"{escape(' '.join(sentences))} "
    return f'<p class="fer-audit">{said}<b class="{mark}">{verdict}</b>{chance}</p>'


def usual_sentence(profile: RegionProfile | None, own: ClassProfile | None, emotion: str, texts: Texts) -> str:
    """What the network usually does for a class on validation faces, and its shortcuts."""
    if profile is None:
        return f'<p class="fer-note">{escape(texts("regions.unmeasured"))}</p>'
    if own is None:
        return f'<p class="fer-hint">{escape(texts("regions.never", emotion=emotion, n=profile.n))}</p>'
    name, use = max(own.regions.items(), key=lambda item: item[1].relevance.value)
    share, low, high = (f"{100 * value:.0f}" for value in use.relevance)
    part = texts(f"region.{name}")
    where = f"{profile.data}, {profile.split}"
    usual = texts("regions.profile", emotion=emotion, n=own.n, data=where, part=part, share=share, low=low, high=high)
    parts = ", ".join(texts(f"region.{name}") for name in own.shortcuts())
    warning = f' <b class="fer-doubt">{escape(texts("regions.shortcut", parts=parts))}</b>' if parts else ""
    return f'<p class="fer-hint">{escape(usual)}{warning}</p>'


def _label(name: str, x: float, y: float) -> str:
    """A name at a place in 0..1; near an edge it runs inwards."""
    anchor, at = ("start", 0.02) if x < 0.15 else ("end", 0.98) if x > 0.85 else ("middle", x)
    return f'<text x="{100 * at:.1f}" y="{100 * y:.1f}" text-anchor="{anchor}">{escape(name)}</text>'


def _says(audit: RegionAudit, emotion: str, texts: Texts) -> str:
    region = audit.brightest
    share, area = f"{100 * region.relevance:.0f}", f"{100 * region.area:.0f}"
    return texts("regions.says", part=texts(f"region.{region.name}"), share=share, area=area, emotion=emotion)


def _does(audit: RegionAudit, texts: Texts) -> list[str]:
    region = audit.decisive
    if audit.verdict == "unmoved":
        return []
    if region.effect <= 0:
        return [texts("regions.raises")]
    points, whole = f"{100 * region.effect:.0f}", f"{100 * audit.probability:.0f}"
    return [texts("regions.does", part=texts(f"region.{region.name}"), points=points, whole=whole)]
