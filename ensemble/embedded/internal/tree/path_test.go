package tree

import (
	"strings"
	"testing"
	"unicode/utf16"

	"pgregory.net/rapid"
)

func TestValidPath(t *testing.T) {
	valid := []string{
		"/", "/a", "/a/b", "/a.", "/.a", "/...", "/..a", "/a..", "/a/..b/c", "/ ", "/a b", "/a:b=c", "/\u00a0", "/\ud7ff", "/\uf900", "/\uffef",
	}
	for _, p := range valid {
		if !ValidPath(p) {
			t.Errorf("%q is refused", p)
		}
	}
	invalid := []string{
		"", "a", "a/b", "//", "/a/", "//a", "/a//b", "/.", "/..", "/./a", "/../a", "/a/.", "/a/..", "/a/../b", "/a/./b",
		"/\x00", "/a\x00b", "/\x01", "/\x1f", "/\x7f", "/\u0080", "/\u009f", "/\ue000", "/\uf8ff", "/\ufff0", "/\uffff", "/😀", "/a\xffb", "/\xc3",
	}
	for _, p := range invalid {
		if ValidPath(p) {
			t.Errorf("%q is taken", p)
		}
	}
}

// validByUnits applies Java's rules: to one UTF-16 unit after another.
func validByUnits(path string) bool {
	u := utf16.Encode([]rune(path))
	if len(u) == 0 || u[0] != '/' {
		return false
	}
	if len(u) == 1 {
		return true
	}
	if u[len(u)-1] == '/' {
		return false
	}
	endsName := func(i int) bool { return i == len(u) || u[i] == '/' }
	for i := 1; i < len(u); i++ {
		c, before := u[i], u[i-1]
		switch {
		case c == '/' && before == '/':
			return false
		case c == '.' && before == '.':
			if u[i-2] == '/' && endsName(i+1) {
				return false
			}
		case c == '.':
			if before == '/' && endsName(i+1) {
				return false
			}
		case c <= 0x1f, c >= 0x7f && c <= 0x9f, c >= 0xd800 && c <= 0xf8ff, c >= 0xfff0:
			return false
		}
	}
	return true
}

func TestValidPathByUnits(t *testing.T) {
	parts := rapid.SampledFrom([]string{"/", "/", ".", "a", "..", "\x00", "\x1f", "~", "\x7f", "é", "\u009f", "\ud7ff", "\ue000", "\uf900", "\uffef", "\ufff0", "𝄞", "\xff"})
	rapid.Check(t, func(t *rapid.T) {
		path := strings.Join(rapid.SliceOfN(parts, 0, 8).Draw(t, "parts"), "")
		if got, want := ValidPath(path), validByUnits(path); got != want {
			t.Fatalf("%q: %v, want %v", path, got, want)
		}
	})
}

func TestParentPath(t *testing.T) {
	for path, want := range map[string]string{"/": "/", "/a": "/", "/a/b": "/a", "/a/b/c": "/a/b"} {
		if got := parentPath(path); got != want {
			t.Errorf("%q: %q, want %q", path, got, want)
		}
	}
}
