package explain

import "github.com/charmbracelet/x/ansi"

// columns returns how many columns of a terminal a text takes.
func columns(s string) int { return ansi.StringWidth(s) }

// fit cuts a text to some columns.
func fit(s string, most int) string { return ansi.Truncate(s, most, "…") }
