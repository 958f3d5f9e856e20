"""What was asked of detection beside what it got."""

from dataclasses import dataclass, field


@dataclass
class Bars:
    """Each bar is printed as it is measured and once more in a table at the end."""

    rows: list[tuple[str, str, str, bool]] = field(default_factory=list)

    def at_least(self, what: str, asked: float, got: float) -> None:
        self._add(what, f">= {asked:g}", got, got >= asked)

    def at_most(self, what: str, asked: float, got: float) -> None:
        self._add(what, f"<= {asked:g}", got, got <= asked)

    def fewer(self, what: str, than: float, got: float) -> None:
        """None at all is enough where the other has none either."""
        self._add(what, f"< {than:.4g}" if than else "0", got, got < than or got == 0)

    def _add(self, what: str, asked: str, got: float, met: bool) -> None:
        self.rows.append((what, asked, f"{got:.4g}", met))
        print(
            f"bar: {what}: asked {asked}, got {got:.4g}{'' if met else ', NOT MET'}", flush=True
        )

    def table(self) -> str:
        """All of them as Markdown."""
        lines = ["| bar | asked | got | met |", "|---|---|---|---|"]
        for what, asked, got, met in self.rows:
            lines.append(f"| {what} | {asked} | {got} | {'yes' if met else '**no**'} |")
        return "\n".join(lines)
