package pictures

import (
	"encoding/base64"
	"html"
	"strings"
	"testing"
)

// A drawing is found by an attribute of its own, or of the element around it.
func TestInPage(t *testing.T) {
	drawing := func(text string) string {
		return `<img src="data:image/svg&#43;xml;base64,` + html.EscapeString(base64.StdEncoding.EncodeToString([]byte(text))) + `" alt="`
	}
	page := []byte(`<figure>` + drawing("<svg>one</svg>") + `First."></figure><figure id="second">` + drawing("<svg>two</svg>") + `Second."></figure>`)
	for attribute, want := range map[string]string{`alt="First."`: "one", `id="second"`: "two", `alt="Second."`: "two"} {
		if got, err := inPage(page, attribute); err != nil || !strings.Contains(string(got), want) {
			t.Errorf("%s: %s, %v, want %s", attribute, got, err, want)
		}
	}
	for _, attribute := range []string{`id="third"`, `</figure>` + "\n"} {
		if got, err := inPage(page, attribute); err == nil {
			t.Errorf("%s: %s", attribute, got)
		}
	}
}

// Each group has a name of its own, which --only accepts.
func TestGroups(t *testing.T) {
	only := Command(nil).Flags().Lookup("only")
	for _, g := range groups {
		if !strings.Contains(only.Usage, g.name) {
			t.Errorf("--only does not name %s: %s", g.name, only.Usage)
		}
	}
}
