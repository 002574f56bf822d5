"""Text with holes: what a template leaves open, and the defaults that it names itself."""

import re

HOLE = "\ue000"
"""Stands for one piece of a template that only somebody else can fill; no image has it."""

# Each is bounded, so that no text can make the search slow.
_PIECE = re.compile(
    r"""
      \$\{(?:[^{}\n]|\{[^{}\n]{0,200}\}){0,200}\}  # ${TAG}, ${TAG:-${OTHER}}, ${{ env.TAG }}
    | \$\([^()\n]{0,200}\)                         # $(git describe)
    | \$[A-Za-z_][A-Za-z0-9_]*                     # $TAG
    | \{\{[^\n]{0,300}?\}\}                        # {{ must_env `TAG` }}
    | \{%[^\n]{0,300}?%\} | <%[^\n]{0,300}?%>      # Jinja, ERB
    | <[A-Za-z][A-Za-z0-9\ _.-]{0,80}>             # <IMAGE1_NAME>, as CodePipeline has it
    | %[A-Z_]{1,80}% | @[A-Z_]{1,80}@
    """,
    re.VERBOSE,
)
# What only says which text is taken: `{{ if .x }}a{{ else }}b{{ end }}` names a and b.
_CONTROL = re.compile(
    r"\{\{-?\s*(?:if|else|end|range|with|define|block)\b[^\n]{0,300}?\}\}"
    r"|\{%-?\s*(?:if|elif|else|endif|for|endfor)\b[^\n]{0,300}?%\}"
    r"|<%-?\s*(?:if|elsif|else|end|unless)\b[^\n]{0,300}?%>"
)
_DEFAULTS = (
    re.compile(r"\$\{[A-Za-z_]\w*:?-([^{}]*)\}"),
    re.compile(r"\{\{-?\s*env\s+(?:\"[^\"]*\"|`[^`]*`|'[^']*')\s+[\"`']([^\"`']*)[\"`']\s*-?\}\}"),
    re.compile(r"\{\{[^{}|]*\|\s*default\s+[\"`']([^\"`']*)[\"`']\s*-?\}\}"),
)


def with_defaults(text: str) -> str:
    """`${TAG:-v1}` (compose, shells), `{{ env "TAG" "v1" }}` (ecspresso, lambroll) and
    `{{ .Values.tag | default "v1" }}` (Helm) become v1."""
    for default in _DEFAULTS:
        text = default.sub(lambda piece: piece[1], text)
    return text


def masked(text: str) -> tuple[str, list[str]]:
    """The text with a HOLE for each piece of a template, and those pieces."""
    text = _CONTROL.sub(" ", text.replace(HOLE, " "))
    return _PIECE.sub(HOLE, text), _PIECE.findall(text)


def unmasked(text: str, pieces: list[str]) -> str:
    rest = iter(pieces)
    return "".join(next(rest) if character == HOLE else character for character in text)
