"""Line plots as SVG and tables as Markdown, for the pages that benchmarks write. Needs nothing beyond python3."""
import math


class Axis:
    """Maps values to pixels, by logarithm or not."""

    def __init__(self, low, high, first, last, is_log):
        self.low, self.high, self.first, self.last, self.is_log = low, high, first, last, is_log

    def at(self, value):
        if self.is_log:
            value = max(value, self.low)
            share = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return self.first + share * (self.last - self.first)


class Plot:
    WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 400, 64, 150, 40, 52

    def __init__(self, title, x, y):
        """x and y: (label, low, high, is_log, [(value, text)...])."""
        self.x = Axis(x[1], x[2], self.LEFT, self.WIDTH - self.RIGHT, x[3])
        self.y = Axis(y[1], y[2], self.HEIGHT - self.BOTTOM, self.TOP, y[3])
        self.legend = []
        self.parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.WIDTH} {self.HEIGHT}" '
            'font-family="sans-serif" font-size="12">',
            f'<rect width="{self.WIDTH}" height="{self.HEIGHT}" fill="#ffffff"/>',
            f'<text x="{self.LEFT}" y="22" font-size="14" font-weight="bold">{title}</text>',
            f'<text x="{(self.LEFT + self.WIDTH - self.RIGHT) / 2}" y="{self.HEIGHT - 12}" text-anchor="middle">{x[0]}</text>',
            f'<text transform="translate(16 {self.HEIGHT / 2}) rotate(-90)" text-anchor="middle">{y[0]}</text>',
        ]
        for value, text in x[4]:
            at = self.x.at(value)
            self.line(at, self.TOP, at, self.HEIGHT - self.BOTTOM, "#dddddd")
            self.parts.append(f'<text x="{at:.1f}" y="{self.HEIGHT - 34}" text-anchor="middle">{text}</text>')
        for value, text in y[4]:
            at = self.y.at(value)
            self.line(self.LEFT, at, self.WIDTH - self.RIGHT, at, "#dddddd")
            self.parts.append(f'<text x="{self.LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{text}</text>')

    def line(self, x1, y1, x2, y2, colour):
        self.parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"/>')

    def curve(self, name, points, colour, style="solid"):
        path = " ".join(f"{self.x.at(a):.1f},{self.y.at(b):.1f}" for a, b in points)
        dash = {"solid": "", "model": ' stroke-dasharray="6 4"', "second": ' stroke-opacity="0.45"'}[style]
        self.parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.8"{dash}/>')
        if style == "solid" and len(points) < 30:
            self.parts += [f'<circle cx="{self.x.at(a):.1f}" cy="{self.y.at(b):.1f}" r="3" fill="{colour}"/>' for a, b in points]
        self.legend.append((name, colour, dash))

    def save(self, path):
        for i, (name, colour, dash) in enumerate(self.legend):
            x, y = self.WIDTH - self.RIGHT + 10, self.TOP + 12 + 18 * i
            self.parts.append(f'<line x1="{x}" y1="{y - 4}" x2="{x + 22}" y2="{y - 4}" stroke="{colour}" stroke-width="2"{dash}/>')
            self.parts.append(f'<text x="{x + 28}" y="{y}">{name}</text>')
        path.write_text("\n".join(self.parts + ["</svg>", ""]))


def table(head, rows):
    return "\n".join(["| " + " | ".join(head) + " |", "|" + "---|" * len(head)] + ["| " + " | ".join(r) + " |" for r in rows])
