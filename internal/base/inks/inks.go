// Package inks declares the colours of all drawings, each for light and for dark pages, and makes a
// drawing fit both: [Dark] adds a style sheet to an SVG that was drawn in the light colours. A
// program that ignores style sheets shows the drawing in its light colours.
package inks

import (
	"bytes"
	"fmt"
	"image/color"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Ink is a colour on light pages and its partner on dark ones, both as #rrggbb.
type Ink struct{ Light, Dark string }

// Colours of the page, of text and of lines that carry no data. Their contrast with Paper is at
// least 4.5, except for Rule and Pale, which only guide the eye.
var (
	Paper = Ink{"#ffffff", "#14171a"}
	Text  = Ink{"#222222", "#e6e9ec"}
	Soft  = Ink{"#5b6470", "#9aa4af"}
	Grey  = Ink{"#666666", "#98a1ab"}
	Rule  = Ink{"#dddddd", "#363d45"}
	Pale  = Ink{"#eef1f4", "#252b31"}
)

// Colours of data. Their contrast with Paper is at least 3 ("Web Content Accessibility Guidelines
// 2.2", 1.4.11), and people with any of the common colour deficiencies can tell them apart: the dark
// ones come from Okabe and Ito, "Color Universal Design" (2008); the light ones are as far from each
// other as these (see the test), since some of Okabe and Ito's are too pale for white paper.
var (
	Blue       = Ink{"#0034ca", "#0072b2"}
	Orange     = Ink{"#be8c00", "#e69f00"}
	Green      = Ink{"#008581", "#009e73"}
	Purple     = Ink{"#5d3f61", "#cc79a7"}
	Sky        = Ink{"#1f96ff", "#56b4e9"}
	Vermillion = Ink{"#842c00", "#d55e00"}
	Yellow     = Ink{"#93671b", "#f0e442"}
	Silver     = Ink{"#8a949e", "#7d8792"}
)

// Colours of faults; data never has these colours. Neighbouring faults also differ in their hatching.
var (
	Rose   = Ink{"#d4146e", "#a586ff"}
	Olive  = Ink{"#647a00", "#c3d82c"}
	Violet = Ink{"#a24bff", "#ff4f6d"}
)

// Data holds the colours of data, beginning with those of clients.
var Data = []Ink{Blue, Orange, Green, Purple, Sky, Vermillion, Yellow, Silver}

// Colours of bars with text in them. The contrast of OnHold and the like is at least 4.5.
var (
	Hold  = Ink{"#9ccbea", "#1f5578"} // with Text
	Fault = Ink{"#f3d9a4", "#5c4618"} // with Text
	Both  = Ink{"#b84f00", "#ff9a5c"} // with Paper
	Lost  = Ink{"#b23c00", "#ff9a5c"} // lines and text
	Call  = Ink{"#0072b2", "#6cbcf0"} // lines and text
)

var all = append([]Ink{Paper, Text, Soft, Grey, Rule, Pale, Hold, Fault, Both, Lost, Call, Rose, Olive, Violet}, Data...)

// All returns the inks.
func All() []Ink { return slices.Clone(all) }

// Colour returns the ink's light colour.
func (i Ink) Colour() color.NRGBA {
	n, err := strconv.ParseUint(strings.TrimPrefix(i.Light, "#"), 16, 32)
	if err != nil {
		panic("inks: " + i.Light + " is no colour") // a mistake in this file
	}
	return color.NRGBA{R: uint8(n >> 16), G: uint8(n >> 8), B: uint8(n), A: 0xff}
}

// painted matches a colour of an SVG, as an attribute or in a style.
var painted = regexp.MustCompile(`(fill|stroke)(="|:)(#[0-9A-Fa-f]{6})\b`)

// Dark returns an SVG with a style sheet that replaces its colours on dark pages: the light colour of each
// ink, including the inks in more, by its dark colour. Other colours stay. The result depends only on the SVG
// and on more.
func Dark(svg []byte, more ...Ink) []byte {
	start := bytes.Index(svg, []byte("<svg"))
	if start < 0 {
		return svg
	}
	end := bytes.IndexByte(svg[start:], '>')
	if end < 0 {
		return svg
	}
	var rules []string
	for _, m := range painted.FindAllSubmatch(svg, -1) {
		property, form, colour := string(m[1]), string(m[2]), string(m[3])
		ink, ok := inkOf(colour, more)
		if !ok || strings.EqualFold(ink.Light, ink.Dark) {
			continue
		}
		where := fmt.Sprintf(`[style*="%s:%s"]`, property, colour)
		if form != ":" {
			where = fmt.Sprintf(`[%s="%s"]`, property, colour)
		}
		// Only an important rule is stronger than the style of the element itself.
		if rule := fmt.Sprintf("%s{%s:%s!important}", where, property, ink.Dark); !slices.Contains(rules, rule) {
			rules = append(rules, rule)
		}
	}
	if len(rules) == 0 {
		return svg
	}
	slices.Sort(rules)
	sheet := "<style>@media (prefers-color-scheme:dark){" + strings.Join(rules, "") + "}</style>"
	at := start + end + 1
	return slices.Concat(svg[:at], []byte(sheet), svg[at:])
}

// inkOf returns the ink with a light colour. A translucent colour is off by a little, because its parts
// were multiplied with its opacity and divided again.
func inkOf(colour string, more []Ink) (Ink, bool) {
	want := Ink{Light: colour}.Colour()
	for _, inks := range [][]Ink{all, more} {
		for _, i := range inks {
			if c := i.Colour(); near(c.R, want.R) && near(c.G, want.G) && near(c.B, want.B) {
				return i, true
			}
		}
	}
	return Ink{}, false
}

func near(x, y uint8) bool { return max(x, y)-min(x, y) <= 3 }
