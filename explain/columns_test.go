package explain

import "testing"

// Text is cut where a terminal would show more columns than there are, and between characters.
func TestFit(t *testing.T) {
	const family = "👩‍👩‍👧" // one character of two columns
	for _, c := range []struct {
		text string
		most int
		want string
	}{
		{"lock", 4, "lock"},
		{"lock", 3, "lo…"},
		{"lock", 1, "…"},
		{"lock", 0, ""},
		{"日本語", 6, "日本語"},
		{"日本語", 5, "日本…"},
		{"日本語", 4, "日…"},
		{"e\u0301e\u0301e\u0301", 3, "e\u0301e\u0301e\u0301"},
		{family + family, 4, family + family},
		{family + family, 3, family + "…"},
	} {
		if got := fit(c.text, c.most); got != c.want {
			t.Errorf("fit(%q, %d): %q, want %q", c.text, c.most, got, c.want)
		}
	}
}

// A character stands in as many cells as it has columns.
func TestWrite(t *testing.T) {
	c := newCanvas(8)
	c.write(1, "日e\u0301👩‍👩‍👧x", call)
	c.set(7, "|", call)
	if got, want := c.String(false), " 日e\u0301👩‍👩‍👧x|"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
