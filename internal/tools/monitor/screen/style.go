package screen

import (
	"image/color"
	"time"

	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"

	"github.com/zklab/zklab/internal/tools/monitor"
)

// palette has the styles for one kind of terminal.
type palette struct {
	muted   ansi.Style // labels, lines, less important text
	strong  ansi.Style
	accent  ansi.Style // the pane with the focus, meanings
	ephem   ansi.Style // ephemerals and sessions
	good    ansi.Style
	warn    ansi.Style
	bad     ansi.Style
	alarm   ansi.Style // a line with a warning
	badge   ansi.Style
	chosen  ansi.Style // the background of the selected row
	resting ansi.Style // the same, while another pane has the focus
	// fades are the styles of znodes that were just created, changed or deleted, from new to old.
	fades map[monitor.Kind][]ansi.Style
}

// fadeFor is how long a mark takes to fade.
const fadeFor = 4 * time.Second

// fade returns the style of a change of some age, nil if it has faded.
func (p *palette) fade(k monitor.Kind, age time.Duration) ansi.Style {
	steps := p.fades[k]
	if len(steps) == 0 || age >= fadeFor {
		return nil
	}
	return steps[int(max(age, 0)*time.Duration(len(steps))/fadeFor)]
}

// kind returns the style of a kind of change in the log.
func (p *palette) kind(k monitor.Kind) ansi.Style {
	if steps := p.fades[k]; len(steps) > 0 {
		return steps[len(steps)/2]
	}
	switch k {
	case monitor.Connected, monitor.Compared:
		return p.good
	case monitor.Disconnected, monitor.Expired:
		return p.bad
	}
	return p.warn
}

// paletteFor returns the palette for the colours of a terminal, and for its background if known.
func paletteFor(profile colorprofile.Profile, known, dark bool) *palette {
	switch {
	case profile < colorprofile.ANSI:
		return &mono
	case profile < colorprofile.ANSI256 || !known:
		return &basic
	case dark:
		return &onDark
	}
	return &onLight
}

// mono is the palette for terminals without colours, and for people who want none (no-color.org).
var mono = palette{
	muted:   ansi.Style{}.Faint(),
	strong:  ansi.Style{}.Bold(),
	accent:  ansi.Style{}.Bold(),
	ephem:   ansi.Style{}.Italic(true),
	warn:    ansi.Style{}.Bold(),
	bad:     ansi.Style{}.Bold(),
	alarm:   ansi.Style{}.Bold().Reverse(true),
	badge:   ansi.Style{}.Reverse(true),
	chosen:  ansi.Style{}.Reverse(true),
	resting: ansi.Style{}.Underline(true),
	fades: map[monitor.Kind][]ansi.Style{
		monitor.Created: {ansi.Style{}.Bold(), ansi.Style{}},
		monitor.Changed: {ansi.Style{}.Bold(), ansi.Style{}},
		monitor.Deleted: {ansi.Style{}.Bold(), ansi.Style{}.Faint()},
	},
}

// basic has the first eight colours, which the terminal defines so that they are readable on its
// background.
var basic = palette{
	muted:   ansi.Style{}.Faint(),
	strong:  ansi.Style{}.Bold(),
	accent:  ansi.Style{}.Bold().ForegroundColor(ansi.Blue),
	ephem:   ansi.Style{}.ForegroundColor(ansi.Cyan),
	good:    ansi.Style{}.ForegroundColor(ansi.Green),
	warn:    ansi.Style{}.ForegroundColor(ansi.Yellow),
	bad:     ansi.Style{}.ForegroundColor(ansi.Red),
	alarm:   ansi.Style{}.Bold().ForegroundColor(ansi.Red).Reverse(true),
	badge:   ansi.Style{}.ForegroundColor(ansi.Blue).Reverse(true),
	chosen:  ansi.Style{}.Reverse(true),
	resting: ansi.Style{}.Underline(true),
	fades: map[monitor.Kind][]ansi.Style{
		monitor.Created: basicSteps(ansi.Green),
		monitor.Changed: basicSteps(ansi.Yellow),
		monitor.Deleted: basicSteps(ansi.Red),
	},
}

func basicSteps(c ansi.Color) []ansi.Style {
	return []ansi.Style{ansi.Style{}.ForegroundColor(c).Bold(), ansi.Style{}.ForegroundColor(c), ansi.Style{}.ForegroundColor(c).Faint()}
}

// The backgrounds are among the 256 colours of terminals.
var (
	onDark  = shaded(0xd8dee9, 0x7b8698, 0x88c0f0, 0x63d2d6, 0x8fd67f, 0xf0c674, 0xff7b72, 0x3a3a3a, 0x262626)
	onLight = shaded(0x24292f, 0x767676, 0x0550ae, 0x0f6e77, 0x1a7f37, 0x8a5a00, 0xc21f2c, 0xd7d7ff, 0xeeeeee)
)

// fadeSteps is the number of steps in which a mark fades: enough that no single step is visible.
const fadeSteps = 16

// shaded returns a palette for a terminal whose background is known. Marks fade into the colour of
// text.
func shaded(text, muted, accent, ephem, good, warn, bad, chosen, resting uint32) palette {
	fg := func(c uint32) ansi.Style { return ansi.Style{}.ForegroundColor(rgb(c)) }
	steps := func(from, to uint32) (list []ansi.Style) {
		for i := range fadeSteps {
			s := fg(blend(from, to, i*i, fadeSteps*fadeSteps))
			if i < fadeSteps/4 {
				s = s.Bold()
			}
			list = append(list, s)
		}
		return list
	}
	return palette{
		muted: fg(muted), strong: ansi.Style{}.Bold(), accent: fg(accent).Bold(), ephem: fg(ephem), good: fg(good), warn: fg(warn), bad: fg(bad),
		alarm: fg(bad).Bold().Reverse(true), badge: fg(accent).Bold().Reverse(true),
		chosen:  ansi.Style{}.BackgroundColor(rgb(chosen)),
		resting: ansi.Style{}.BackgroundColor(rgb(resting)),
		fades: map[monitor.Kind][]ansi.Style{
			monitor.Created: steps(good, text),
			monitor.Changed: steps(warn, text),
			monitor.Deleted: steps(bad, muted),
		},
	}
}

func rgb(c uint32) color.Color {
	return color.RGBA{R: uint8(c >> 16), G: uint8(c >> 8), B: uint8(c), A: 0xff}
}

// blend returns the colour at n of m on the way from one colour to another.
func blend(from, to uint32, n, m int) uint32 {
	var c uint32
	for shift := 0; shift < 24; shift += 8 {
		a, b := int(from>>shift&0xff), int(to>>shift&0xff)
		c |= uint32(a+(b-a)*n/m) << shift
	}
	return c
}
