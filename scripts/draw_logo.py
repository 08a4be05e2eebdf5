"""Draws the kernel's logos, a lambda between parentheses, into lispe_kernel/resources.

One table of strokes gives the SVG and both PNGs, so that they cannot drift apart. Run it after
changing the table.
"""

from pathlib import Path

from PIL import Image, ImageDraw

RESOURCES = Path(__file__).resolve().parent.parent / "lispe_kernel" / "resources"
BACKGROUND, LAMBDA, PARENTHESIS = "#16324f", "#ffffff", "#f28f3b"
CORNER = 13  # All lengths are in units of a 64 by 64 canvas.
SMOOTHNESS = 16  # Each PNG is drawn this many times larger, then reduced.

# (colour, width, points of the stroke)
STROKES = (
    (LAMBDA, 5.0, ((24.5, 15.0), (28.0, 15.0), (30.5, 18.0), (39.5, 44.0), (41.5, 47.5), (44.0, 48.5))),
    (LAMBDA, 5.0, ((32.3, 27.0), (22.0, 48.5))),
    (PARENTHESIS, 4.5, ((17.0, 11.0), (11.5, 18.5), (9.0, 27.0), (9.0, 37.0), (11.5, 45.5), (17.0, 53.0))),
    (PARENTHESIS, 4.5, ((47.0, 11.0), (52.5, 18.5), (55.0, 27.0), (55.0, 37.0), (52.5, 45.5), (47.0, 53.0))),
)


def svg() -> str:
    """Return the logo as SVG text."""
    lines = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" width="64" height="64">',
        "  <title>LispE</title>",
        f'  <rect width="64" height="64" rx="{CORNER}" fill="{BACKGROUND}"/>',
    ]
    for colour, width, points in STROKES:
        path = " ".join(f"{x:g},{y:g}" for x, y in points)
        lines.append(
            f'  <polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width:g}"'
            ' stroke-linecap="round" stroke-linejoin="round"/>'
        )
    return "\n".join([*lines, "</svg>", ""])


def png(size: int) -> Image.Image:
    """Return the logo as a picture of `size` by `size` pixels with transparent corners."""
    scale = size * SMOOTHNESS / 64
    side = size * SMOOTHNESS
    picture = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    pen = ImageDraw.Draw(picture)
    pen.rounded_rectangle((0, 0, side - 1, side - 1), radius=CORNER * scale, fill=BACKGROUND)
    for colour, width, points in STROKES:
        scaled = [(x * scale, y * scale) for x, y in points]
        pen.line(scaled, fill=colour, width=round(width * scale))
        for x, y in scaled:
            radius = width * scale / 2
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
    return picture.resize((size, size), Image.Resampling.LANCZOS)


def main() -> None:
    """Write the three files."""
    RESOURCES.mkdir(exist_ok=True)
    (RESOURCES / "logo-svg.svg").write_text(svg(), encoding="utf-8")
    for size in (32, 64):
        png(size).save(RESOURCES / f"logo-{size}x{size}.png", optimize=True)


if __name__ == "__main__":
    main()
