package pages

import (
	"regexp"
	"strings"
	"testing"

	"github.com/zklab/zklab/internal/base/inks"
)

// The colours of text have enough contrast with the page and with its boxes, on light and dark
// pages, and drawings have the background of the page.
func TestContrastOfThePage(t *testing.T) {
	variable := regexp.MustCompile(`--([a-z]+): (#[0-9a-f]{3,6});`)
	roots := regexp.MustCompile(`:root \{([^}]*)\}`).FindAllStringSubmatch(StyleSheet, -1)
	if len(roots) < 2 {
		t.Fatalf("%d palettes", len(roots))
	}
	for i, page := range []string{"light", "dark"} {
		colours := map[string]string{}
		for _, m := range variable.FindAllStringSubmatch(roots[i][1], -1) {
			colours[m[1]] = m[2]
			if len(m[2]) == len("#fff") {
				colours[m[1]] = "#" + strings.Repeat(m[2][1:2], 2) + strings.Repeat(m[2][2:3], 2) + strings.Repeat(m[2][3:4], 2)
			}
		}
		for _, text := range []string{"fore", "soft", "valid", "violation", "unknown", "link"} {
			for _, on := range []string{"back", "card"} {
				if got := inks.Contrast(colours[text], colours[on]); got < 4.5 {
					t.Errorf("%s: %s on %s has a contrast of %.2f", page, text, on, got)
				}
			}
		}
		if paper := []string{inks.Paper.Light, inks.Paper.Dark}[i]; colours["back"] != paper {
			t.Errorf("%s: the page is %s, the paper of drawings %s", page, colours["back"], paper)
		}
	}
}
