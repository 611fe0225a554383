package explain

import "testing"

func TestASCII(t *testing.T) {
	for text, want := range map[string]string{
		"":                   "",
		"a \x1b[31mb\n":      "a \x1b[31mb\n",
		"2 µs to 1…, 3–4 −5": "2 us to 1..., 3-4 -5",
		"✓ VALID, ✗":         "+ VALID, x",
		"käse 锁 🔒":           `k\u00e4se \u9501 \U0001f512`,
		"a\xffb\uFFFD":       `a\xffb\ufffd`,
	} {
		if got := ASCII(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
