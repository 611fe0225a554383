package inks

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
)

func TestContrast(t *testing.T) {
	check := func(what string, on, ink Ink, least float64) {
		for _, c := range []struct{ page, x, y string }{{"light", ink.Light, on.Light}, {"dark", ink.Dark, on.Dark}} {
			if got := Contrast(c.x, c.y); got < least {
				t.Errorf("%s on %s pages: %s on %s has a contrast of %.2f, want %.1f", what, c.page, c.x, c.y, got, least)
			}
		}
	}
	for what, ink := range map[string]Ink{"text": Text, "soft text": Soft, "grey": Grey, "lost": Lost, "calls": Call} {
		check(what, Paper, ink, 4.5)
	}
	for _, ink := range Data {
		check("data "+ink.Light, Paper, ink, 3)
	}
	for _, ink := range faults {
		check("fault "+ink.Light, Paper, ink, 3)
	}
	check("text in holds", Hold, Text, 4.5)
	check("text in faults", Fault, Text, 4.5)
	check("text in overlaps", Both, Paper, 4.5)
}

// Matrices of G. M. Machado and others, "A Physiologically-based Model for Simulation of Color Vision
// Deficiency" (2009), for the full deficiency.
var visions = map[string][3][3]float64{
	"full":         {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
	"protanopia":   {{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}},
	"deuteranopia": {{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}},
	"tritanopia":   {{1.255528, -0.076749, -0.178779}, {-0.078411, 0.930809, 0.147602}, {0.004733, 0.691367, 0.303900}},
}

// apart returns the distance of two colours in Oklab, as seen with a colour vision.
func apart(vision [3][3]float64, x, y string) float64 {
	a, b := oklab(vision, linear(x)), oklab(vision, linear(y))
	return math.Sqrt((a[0]-b[0])*(a[0]-b[0]) + (a[1]-b[1])*(a[1]-b[1]) + (a[2]-b[2])*(a[2]-b[2]))
}

func oklab(vision [3][3]float64, rgb [3]float64) [3]float64 {
	times := func(m [3][3]float64, v [3]float64) (out [3]float64) {
		for i, row := range m {
			out[i] = row[0]*v[0] + row[1]*v[1] + row[2]*v[2]
		}
		return out
	}
	seen := times(vision, rgb)
	for i := range seen {
		seen[i] = max(0, seen[i])
	}
	lms := times([3][3]float64{{0.4122214708, 0.5363325363, 0.0514459929}, {0.2119034982, 0.6806995451, 0.1073969566}, {0.0883024619, 0.2817188376, 0.6299787005}}, seen)
	for i := range lms {
		lms[i] = math.Cbrt(lms[i])
	}
	return times([3][3]float64{{0.2104542553, 0.7936177850, -0.0040720468}, {1.9779984951, -2.4285922050, 0.4505937099}, {0.0259040371, 0.7827717662, -0.8086757660}}, lms)
}

func TestClientsCanBeToldApart(t *testing.T) {
	clients := Data[:7]
	for name, vision := range visions {
		for i, x := range clients {
			for _, y := range clients[:i] {
				for _, pair := range [][2]string{{x.Light, y.Light}, {x.Dark, y.Dark}} {
					if d := apart(vision, pair[0], pair[1]); d < 0.075 {
						t.Errorf("with %s, %s and %s are %.3f apart", name, pair[0], pair[1], d)
					}
				}
			}
		}
	}
}

var faults = []Ink{Rose, Olive, Violet}

// Readers who see all colours can distinguish faults from data by colour; for other readers, hatching
// does that.
func TestFaultsAreNoData(t *testing.T) {
	for i, x := range faults {
		for _, y := range append(faults[:i:i], Blue, Green, Purple, Sky, Text, Vermillion, Orange, Silver) {
			for _, pair := range [][2]string{{x.Light, y.Light}, {x.Dark, y.Dark}} {
				if d := apart(visions["full"], pair[0], pair[1]); d < 0.12 {
					t.Errorf("%s and %s are %.3f apart", pair[0], pair[1], d)
				}
			}
		}
	}
}

func TestDark(t *testing.T) {
	drawn := `<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg">` +
		`<path style="fill:#FFFFFF"/><path style="fill:none;stroke:#656565;stroke-width:1"/><rect fill="#222222"/><rect fill="#123456"/><rect fill="#010203"/></svg>`
	got := string(Dark([]byte(drawn), Ink{"#123456", "#abcdef"}))
	want := `<style>@media (prefers-color-scheme:dark){[fill="#123456"]{fill:#abcdef!important}[fill="#222222"]{fill:#e6e9ec!important}` +
		`[style*="fill:#FFFFFF"]{fill:#14171a!important}[style*="stroke:#656565"]{stroke:#98a1ab!important}}</style>`
	if !strings.Contains(got, `2000/svg">`+want+"<path") {
		t.Errorf("got %s", got)
	}
	d := xml.NewDecoder(bytes.NewReader([]byte(got)))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	for _, same := range []string{"", "<svg", "no drawing", `<svg><rect fill="#010203"/></svg>`} {
		if got := string(Dark([]byte(same))); got != same {
			t.Errorf("%q became %q", same, got)
		}
	}
}
