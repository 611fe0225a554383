package inks

import "math"

// Contrast returns the contrast ratio of two colours, from 1 to 21 ("Web Content Accessibility Guidelines
// 2.2"). Text needs 4.5, and graphics that carry data need 3.
func Contrast(x, y string) float64 {
	a, b := luminance(x), luminance(y)
	return (max(a, b) + 0.05) / (min(a, b) + 0.05)
}

func luminance(c string) float64 {
	l := linear(c)
	return 0.2126*l[0] + 0.7152*l[1] + 0.0722*l[2]
}

// linear returns the red, green and blue parts of a colour, each in proportion to its light.
func linear(hex string) (of [3]float64) {
	c := Ink{Light: hex}.Colour()
	for i, v := range []uint8{c.R, c.G, c.B} {
		of[i] = float64(v) / 255
		if of[i] <= 0.04045 {
			of[i] /= 12.92
		} else {
			of[i] = math.Pow((of[i]+0.055)/1.055, 2.4)
		}
	}
	return of
}
