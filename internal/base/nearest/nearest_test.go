package nearest

import "testing"

func TestDidYouMean(t *testing.T) {
	names := []string{"pause", "kill", "help", "quiet", "bash", "leader", "cas-without-version", "plain-as-fenced"}
	for written, want := range map[string]string{
		"paus":                "pause",
		"Pause":               "pause",
		"apuse":               "pause", // two swapped letters are one mistake
		"cas-witout-versions": "cas-without-version",
		"lead":                "leader",
		"plain":               "", // far from everything
		"keep":                "", // two of four letters
		"tcsh":                "",
		"budget":              "",
		"":                    "",
		"a-word-that-is-longer-than-any-name-that-there-is": "",
	} {
		offer := "; "
		if want != "" {
			offer = `; did you mean "` + want + `"? `
		}
		if got := DidYouMean(written, names); got != offer {
			t.Errorf("%q: %q, want %q", written, got, offer)
		}
	}
}
