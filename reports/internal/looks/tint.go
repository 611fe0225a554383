package looks

import (
	"fmt"
	"html/template"
	"image/color"
	"strings"
)

// Tint is the look of the windows of faults: a colour that is strong enough to see and weak enough to read through,
// and a hatching.
type Tint struct {
	Colour color.NRGBA
	Hatch  Hatch
}

// Hatch is the direction of the lines in an area.
type Hatch int

const (
	Plain Hatch = iota
	Rising
	Falling
	Level
	Crossed
)

// Background returns the tint as style sheets write it.
func (t Tint) Background() template.CSS {
	c := OnBoth(t.Colour)
	var layers []string
	for _, angle := range map[Hatch][]int{Rising: {-45}, Falling: {45}, Level: {0}, Crossed: {-45, 45}}[t.Hatch] {
		layers = append(layers, fmt.Sprintf("repeating-linear-gradient(%ddeg, %s 0 2px, transparent 2px 5px)", angle, c))
	}
	return template.CSS(strings.Join(layers, ", ") + "; outline: 1px solid " + c)
}

// Hatched returns the tint as the script of the timeline reads it: the colour and the number of the
// hatching.
func (t Tint) Hatched() string { return fmt.Sprintf("%s/%d", Css(t.Colour), t.Hatch) }
